//! A destination that is away for an hour: it costs its own job alone, and that one catches up by
//! itself.

use std::time::Duration;

use catalog::Job;
use delivery::StoreErrorKind;
use model::UnixNanos;
use tokio::time::sleep;

use crate::world::{MINUTE, MORNING, PACE, World};

const AWAY_FROM: Duration = Duration::from_secs(10 * 60);
const AWAY_UNTIL: Duration = Duration::from_secs(70 * 60);
const END: Duration = Duration::from_secs(90 * 60);
/// A request to a bucket that is away takes its time to fail.
const LATENCY: Duration = Duration::from_secs(5);
/// Of a frame: far from every bound of a batch but its interval.
const RECORDS: u32 = 20;

/// A delivered batch: its key, how many records, and when it was delivered.
type Told = (String, u64, UnixNanos);

async fn told(world: &World, job: &Job) -> Vec<Told> {
    let delivered = world.delivered(job).await.into_iter();
    let mut told: Vec<Told> =
        delivered.map(|(batch, delivered)| (batch.key, batch.records, delivered.at)).collect();
    told.sort();
    told
}

fn records(told: &[Told]) -> u64 {
    told.iter().map(|(_, records, _)| records).sum()
}

/// What was delivered for a job to `amber` and for one to `birch`, where `amber` is away for an
/// hour or not.
async fn history(is_away: bool) -> [Vec<Told>; 2] {
    let world = World::new(LATENCY).await;
    let (amber, birch) = (world.job("amber").await, world.job("birch").await);
    let delivery = world.deliver(|_| {}).await;
    let mut sent = 0;
    while world.storm.clock.elapsed() < END {
        let now = world.storm.clock.elapsed();
        if is_away && now >= AWAY_FROM {
            let refusal = (now < AWAY_UNTIL).then_some(StoreErrorKind::NoAnswer);
            world.store.refuse("amber", refusal);
        }
        world.send(sent, RECORDS).await;
        sent += 1;
        sleep(PACE).await;
    }
    if is_away {
        // It caught up long before the end: what it has not yet is not older than its interval.
        let caught_up = records(&told(&world, &amber).await) + 10 * u64::from(RECORDS);
        assert!(caught_up >= sent * u64::from(RECORDS), "{caught_up} of {sent} frames");
    }
    sleep(MINUTE * 2).await;
    let told = [told(&world, &amber).await, told(&world, &birch).await];
    assert_eq!(delivery.stop(MINUTE).await, 0);
    for told in &told {
        assert_eq!(records(told), sent * u64::from(RECORDS));
    }
    told
}

#[tokio::test(start_paused = true)]
async fn an_hour_away_costs_its_own_job_alone_which_catches_up_by_itself() {
    let [calm_amber, calm_birch] = history(false).await;
    let [amber, birch] = history(true).await;
    assert_eq!(birch, calm_birch, "the neighbour noticed");
    assert_ne!(amber, calm_amber, "nothing was away");
    let end_of_hour = MORNING + i64::try_from(AWAY_UNTIL.as_secs()).unwrap();
    let end_of_hour = UnixNanos::from_seconds(end_of_hour).unwrap();
    let late = amber.iter().filter(|(_, _, at)| *at >= end_of_hour);
    assert!(late.count() > 10, "nothing waited");
}
