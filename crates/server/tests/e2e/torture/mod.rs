//! The torture: clients send, S3 fails in every way, and the service is killed again and again.
//! What was acknowledged has to be in the bucket once for each job that wanted it.
//!
//! | variable | meaning |
//! |---|---|
//! | `LOGPUSH_TORTURE_SECONDS` | how long, 20 without it |
//! | `LOGPUSH_TORTURE_SEED` | decides the kills and S3's faults, 1 without it |

mod clients;
mod site;

use std::time::{Duration, Instant};

use sim::s3::{Fault, Refusal, Rule, S3Server};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::senders::Dice;
use clients::{Load, Sent};
use site::Site;

#[allow(clippy::disallowed_methods, reason = "a test is told by its environment what to run")]
pub(crate) fn number_from_environment(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} is `{value}`: expected a number")))
}

/// The faults of the store, of a thousand requests each: 5 % `SlowDown`, 5 % 500, 5 % cut before,
/// 8 % cut after the work is done, 1 % stalls of seconds.
fn break_store(s3: &S3Server) {
    let slow_down = Refusal::slow_down().retry_after(1);
    let seconds = Duration::from_secs;
    for (fault, per_mille) in [
        (Fault::Refuses(slow_down), 50),
        (Fault::Refuses(Refusal::internal_error()), 50),
        (Fault::CutsBefore, 50),
        (Fault::CutsAfter, 80),
        (Fault::StallsBefore(seconds(3)), 5),
        (Fault::StallsAfter(seconds(2)), 5),
    ] {
        s3.add_rule(Rule::new(fault).per_mille(per_mille));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_and_nothing_comes_twice_under_torture() {
    let time =
        Duration::from_secs(number_from_environment("LOGPUSH_TORTURE_SECONDS").unwrap_or(20));
    let seed = number_from_environment("LOGPUSH_TORTURE_SEED").unwrap_or(1);
    let mut dice = Dice(seed);
    let mut site = Site::start(seed).await;
    let (go_on, watching) = watch::channel(true);
    let mut running = Vec::new();
    for (number, load) in [(0, Load::Short), (1, Load::Short), (2, Load::Short), (3, Load::Long)] {
        running.push(site.client(number, load).await.start(watching.clone()));
    }
    break_store(&site.s3);

    let begun = Instant::now();
    let mut kills = 0;
    while begun.elapsed() < time {
        sleep(Duration::from_millis(300 + dice.below(4_700))).await;
        // Some starts are killed themselves, in the middle of their recovery.
        let in_start = (dice.below(4) == 0).then(|| Duration::from_millis(dice.below(1_000)));
        site = site.kill(in_start).await;
        kills += 1 + u32::from(in_start.is_some());
    }
    go_on.send(false).unwrap();
    let mut sent: Vec<Sent> = Vec::new();
    for client in running {
        sent.push(client.await.unwrap());
    }
    site.s3.heal();
    let healed = Instant::now();
    let verdict = site.finish(&sent).await;

    let sum = |of: fn(&Sent) -> u64| sent.iter().map(of).sum::<u64>();
    println!("tortured for {time:?}, seed {seed}; delivered {:?} after", healed.elapsed());
    println!("{kills} kills; {} requests acknowledged", sum(|sent| sent.requests));
    println!("{} records acknowledged", sum(|sent| sent.records));
    println!("{} attempts repeated", sum(|sent| sent.repeated));
    println!("{verdict}");
    verdict.assert_kept();
    assert!(kills >= 3 && sum(|sent| sent.records) > 2_000, "too little happened");
}
