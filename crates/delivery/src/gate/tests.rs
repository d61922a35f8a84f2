//! How a gate shares turns and what it learns, in virtual time.

use std::time::Duration;

use model::destination::Destination;
use tokio::time::{Instant, timeout};

use super::*;
use crate::store::StoreErrorKind as Kind;

fn gates(change: impl FnOnce(&mut Settings)) -> Gates {
    let mut settings = Settings::new("/nonexistent/spool".into());
    change(&mut settings);
    Gates::new(&settings, Arc::default())
}

fn to(text: &str) -> Destination {
    Destination::parse(&format!("s3://{text}?region=us-east-1")).unwrap()
}

fn error(kind: Kind) -> Result<(), StoreError> {
    Err(StoreError::new(kind, format!("{kind:?}")))
}

/// A turn that there is to be at once.
async fn turn<'g>(gate: &'g Gate, to: &'g Destination) -> Turn<'g> {
    let entered = timeout(Duration::from_millis(1), gate.enter(to)).await;
    entered.expect("there is a turn").expect("nothing holds it")
}

async fn end(gate: &Gate, to: &Destination, outcome: &Result<(), StoreError>) {
    turn(gate, to).await.end(outcome);
}

async fn waits(gate: &Gate, to: &Destination) -> bool {
    timeout(Duration::from_millis(1), gate.enter(to)).await.is_err()
}

#[tokio::test(start_paused = true)]
async fn a_bucket_that_stalls_leaves_the_others_their_turns() {
    let gates = gates(|settings| {
        settings.uploads_max = 4;
        settings.uploads_per_destination_max = 2;
    });
    let (stalled, other) = (to("stalled/a"), to("other/a"));
    let (gate, other_gate) = (gates.gate(&stalled), gates.gate(&other));
    let _stalling = (turn(&gate, &stalled).await, turn(&gate, &stalled).await);
    assert!(waits(&gate, &to("stalled/b")).await);
    let _others = (turn(&other_gate, &other).await, turn(&other_gate, &other).await);
}

#[tokio::test(start_paused = true)]
async fn one_request_probes_a_bucket_that_is_gone_and_the_others_wait_for_it() {
    let gates = gates(|_| {});
    let (one, other) = (to("gone/one"), to("gone/other"));
    let gate = gates.gate(&one);
    end(&gate, &one, &error(Kind::NoSuchBucket)).await;
    let held = gate.enter(&other).await.unwrap_err();
    assert_eq!(held.error.kind, Kind::NoSuchBucket);

    gate.wait(&one).await;
    let mut probe = turn(&gate, &one).await;
    assert_eq!(gate.enter(&other).await.unwrap_err().until, None);
    probe.end(&Ok(()));
    drop(probe);
    turn(&gate, &other).await;
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_is_dropped_leaves_the_next_to_another() {
    let gates = gates(|_| {});
    let one = to("gone/one");
    let gate = gates.gate(&one);
    end(&gate, &one, &error(Kind::NoSuchBucket)).await;
    gate.wait(&one).await;
    drop(turn(&gate, &one).await);
    turn(&gate, &one).await;
}

#[tokio::test(start_paused = true)]
async fn waits_for_a_bucket_grow_while_it_fails() {
    let gates = gates(|_| {});
    let one = to("gone/one");
    let gate = gates.gate(&one);
    end(&gate, &one, &error(Kind::NoSuchBucket)).await;
    let began = Instant::now();
    for _ in 0..20 {
        gate.wait(&one).await;
        end(&gate, &one, &error(Kind::NoSuchBucket)).await;
    }
    let waited = began.elapsed();
    assert!(waited > Duration::from_secs(300), "{waited:?}");
    assert!(waited < Duration::from_secs(20 * 300), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn a_denial_holds_those_of_the_same_folder_only() {
    let gates = gates(|_| {});
    let (denied, allowed) = (to("shared/denied"), to("shared/allowed"));
    let gate = gates.gate(&denied);
    end(&gate, &denied, &error(Kind::AccessDenied)).await;
    assert!(gate.enter(&denied).await.is_err());
    turn(&gate, &allowed).await;
}

#[tokio::test(start_paused = true)]
async fn what_passes_by_itself_holds_the_others_after_several_failures_on_end() {
    let gates = gates(|_| {});
    let (one, other) = (to("shaky/one"), to("shaky/other"));
    let gate = gates.gate(&one);
    for outcome in [error(Kind::NoAnswer), error(Kind::NoAnswer), Ok(())] {
        end(&gate, &one, &outcome).await;
    }
    for _ in 0..3 {
        end(&gate, &one, &error(Kind::NoAnswer)).await;
    }
    assert!(gate.enter(&other).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn an_error_about_one_object_holds_nobody() {
    let gates = gates(|_| {});
    let one = to("bucket/one");
    let gate = gates.gate(&one);
    for kind in [Kind::Refused, Kind::AlreadyThere, Kind::Conflict, Kind::NoSuchUpload] {
        end(&gate, &one, &error(kind)).await;
    }
    turn(&gate, &one).await;
}

#[tokio::test(start_paused = true)]
async fn a_store_that_names_a_time_is_left_alone_until_then() {
    let gates = gates(|_| {});
    let one = to("busy/one");
    let gate = gates.gate(&one);
    let asked = StoreError {
        retry_after: Some(Duration::from_secs(40)),
        ..StoreError::new(Kind::SlowDown, "slow down")
    };
    end(&gate, &one, &Err(asked)).await;
    let began = Instant::now();
    gate.wait(&one).await;
    assert!(began.elapsed() >= Duration::from_secs(40));
}

#[tokio::test(start_paused = true)]
async fn a_change_of_the_job_is_worth_a_probe_at_once() {
    let gates = gates(|_| {});
    let one = to("gone/one");
    let gate = gates.gate(&one);
    end(&gate, &one, &error(Kind::NoSuchBucket)).await;
    assert!(gate.enter(&one).await.is_err());
    gate.encourage(&one);
    turn(&gate, &one).await;
}

#[tokio::test(start_paused = true)]
async fn bytes_keep_to_the_bandwidth_of_their_bucket() {
    let gates = gates(|settings| settings.destination_bytes_per_second = Some(1 << 20));
    let (slow, other) = (to("slow/a"), to("other/a"));
    let began = Instant::now();
    for _ in 0..11 {
        turn(&gates.gate(&slow), &slow).await.carry(1 << 20).await;
    }
    assert_eq!(began.elapsed().as_secs(), 10);
    turn(&gates.gate(&other), &other).await.carry(1 << 20).await;
    assert_eq!(began.elapsed().as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn one_bucket_has_half_of_the_memory_at_most() {
    let gates = gates(|settings| settings.upload_memory_bytes = 100);
    let (one, other) = (to("one/a"), to("other/a"));
    let (gate, other_gate) = (gates.gate(&one), gates.gate(&other));
    // What is larger than the share goes alone.
    let (mut first, mut second) = (turn(&gate, &one).await, turn(&gate, &one).await);
    first.carry(1_000).await;
    assert!(timeout(Duration::from_secs(1), second.carry(10)).await.is_err());
    turn(&other_gate, &other).await.carry(50).await;
}

#[test]
fn what_the_catalogue_remembers_of_a_store_is_known_from_the_beginning() {
    let gates = gates(|_| {});
    let now = UnixNanos::from_seconds(1_700_000_000).unwrap();
    let place = Place::of(&to("old/a")).to_string();
    let known = Capability { place, what: NO_GUARD.into(), value: "unknown".into(), at: now };
    gates.remember(&[known], now);
    assert!(gates.gate(&to("old/a")).knows_no_guard());
    assert!(!gates.gate(&to("new/a")).knows_no_guard());
}
