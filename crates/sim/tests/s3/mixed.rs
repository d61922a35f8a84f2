//! All faults together, by seed, with crashes among them.

use std::time::Duration;

use sim::s3::{BucketSettings, Fault, Refusal, Rule};

use crate::world::{BUCKET, SMALL_PART, World};

/// The faults of which so many of a thousand requests meet one.
const FAULTS: [(Fault, u32); 9] = [
    (Fault::Refuses(Refusal::slow_down()), 50),
    (Fault::Refuses(Refusal::internal_error()), 50),
    (Fault::CutsBefore, 50),
    (Fault::CutsAfter, 80),
    (Fault::Truncates, 30),
    (Fault::StallsBefore(Duration::from_millis(700)), 10),
    (Fault::StallsAfter(Duration::from_millis(700)), 10),
    (Fault::Refuses(Refusal::skewed_clock()), 20),
    (Fault::Refuses(Refusal::access_denied()), 20),
];

async fn storm(seed: u64) {
    let mut world = World::start_with(seed, |settings| settings.part_bytes = SMALL_PART).await;
    let any_part = BucketSettings { part_bytes_min: 0, ..BucketSettings::default() };
    world.s3.set_bucket(BUCKET, any_part);
    for (fault, per_mille) in FAULTS {
        world.s3.add_rule(Rule::new(fault).per_mille(per_mille));
    }
    world.job("s3://burritobot/amber?region=us-east-1").await;
    world.job("s3://burritobot/birch/{DATE}?region=us-east-1").await;
    for _ in 0..5 {
        world.send(1_500).await;
        tokio::time::sleep(Duration::from_millis(150)).await;
        world.crash().await;
    }
    let s3 = world.finish(&[(BUCKET, "amber/"), (BUCKET, "birch/")]).await;
    let met = s3.faults_met();
    assert!(met.len() >= 5, "hardly anything went wrong: {met:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn storms_of_all_faults_and_crashes_lose_nothing_and_repeat_nothing() {
    for seed in [1, 2, 3] {
        println!("seed {seed}");
        storm(seed).await;
    }
}
