//! A catalogue that loses a job for longer than the journal keeps frames: nothing is trimmed
//! meanwhile, and the job delivers everything once it is there again.

use std::time::Duration;

use catalog::{History, Job, Ledger, Page};
use delivery::Doubt;
use journal::{Journal, Retention};
use model::Offset;
use tokio::time::sleep;

use crate::world::{MINUTE, PACE, PARTITION, World};

const LOST_FROM: Duration = Duration::from_secs(10 * 60);
const LOST_UNTIL: Duration = Duration::from_secs(40 * 60);
const END: Duration = Duration::from_secs(60 * 60);
/// Frames of the first ten minutes of the loss expire before it is over.
const RETENTION_SECONDS: u64 = 20 * 60;
const LATENCY: Duration = Duration::from_millis(50);

async fn records_delivered(world: &World, job: &Job) -> u64 {
    world.delivered(job).await.iter().map(|(batch, _)| batch.records).sum()
}

#[tokio::test(start_paused = true)]
async fn a_job_that_is_lost_for_longer_than_frames_are_kept_loses_no_record() {
    let world = World::new(LATENCY).await;
    let (lost, kept) = (world.job("amber").await, world.job("birch").await);
    let retention = Retention { max_age_seconds: Some(RETENTION_SECONDS), max_bytes: None };
    let delivery = world.deliver(|settings| settings.retention = retention).await;

    let (mut sent, mut aside) = (0, None);
    while world.storm.clock.elapsed() < END {
        let now = world.storm.clock.elapsed();
        if now >= LOST_FROM && now < LOST_UNTIL {
            aside.get_or_insert_with(|| world.catalog.lose(&[lost.id]));
        } else if let Some(jobs) = aside.take() {
            // The other job did not notice, and nothing was trimmed.
            let doubted = delivery.doubted().unwrap();
            assert_eq!(doubted.doubt, Doubt::Vanished { jobs: vec![lost.id], of: 2 });
            assert!(records_delivered(&world, &kept).await + 10 >= sent);
            assert_eq!(world.journal.bounds(PARTITION).start, Offset(0));
            world.catalog.bring_back(jobs);
        }
        world.send(sent, 1).await;
        sent += 1;
        sleep(PACE).await;
    }
    sleep(MINUTE * 2).await;
    assert_eq!(delivery.doubted(), None);
    assert!(world.journal.bounds(PARTITION).start > Offset(0), "trimming goes on again");
    assert_eq!(delivery.stop(MINUTE).await, 0);
    for job in [&lost, &kept] {
        assert_eq!(records_delivered(&world, job).await, sent);
        assert_eq!(world.catalog.losses(job.id).await.unwrap(), []);
    }
    let events = world.catalog.events(lost.id, Page::ALL).await.unwrap().items;
    assert_eq!(events.iter().filter(|event| event.kind == "doubted").count(), 1);
}
