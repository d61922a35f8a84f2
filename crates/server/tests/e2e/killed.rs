//! A service that is killed again and again while records flow in: what was acknowledged is in the
//! bucket once, and what was not is there once at most.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use crate::s3::{Asked, S3Server};
use crate::senders::{Dice, Senders};
use crate::world::{BUCKET, World};

const KILLS: u32 = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_acknowledged_survives_twenty_kills_and_arrives_once() {
    // So that most kills come while an object is there, and the service does not know it yet.
    let s3 = S3Server::slow(&[BUCKET], Duration::from_millis(100)).await;
    let mut world = World::start_with(s3).await;
    world.job(&world.zone, "logs", &json!({})).await;
    let senders = Senders::start(&world).await;
    let mut dice = Dice(2_026);
    for number in 0..KILLS {
        sleep(Duration::from_millis(20 + dice.below(500))).await;
        // Some starts are killed themselves, in the middle of their recovery.
        let in_starts: Vec<Duration> =
            (0..number % 3).map(|_| Duration::from_millis(dice.below(150))).collect();
        world = world.crash(&in_starts).await;
        senders.follow(&world);
    }
    sleep(Duration::from_millis(200)).await;
    let promised = senders.finish().await;
    assert!(promised.repeated > 0, "no answer was lost");
    let again = put_again(&world.s3.asked());
    assert!(again > 0, "no kill came in the middle of an upload");
    promised.assert_kept(world).await;
}

/// How often an object was put that had been put before.
fn put_again(asked: &[Asked]) -> usize {
    let keys: BTreeSet<&str> = asked.iter().map(|asked| asked.key.as_str()).collect();
    asked.len() - keys.len()
}
