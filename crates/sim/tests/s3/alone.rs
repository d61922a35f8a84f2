//! Each fault alone: it is met, and everything arrives once all the same.

use std::time::Duration;

use sim::s3::{BucketSettings, Conditions, Fault, Operation, Refusal, Rule, S3Server, WrongRegion};

use crate::world::{BUCKET, SMALL_PART, World};

const DESTINATION: &str = "s3://burritobot/logs?region=us-east-1";
const PUT: [Operation; 1] = [Operation::PutObject];
const BEGIN: [Operation; 1] = [Operation::CreateMultipartUpload];
const PART: [Operation; 1] = [Operation::UploadPart];
const COMPLETE: [Operation; 1] = [Operation::CompleteMultipartUpload];

/// A bucket that takes parts of any size.
fn any_part() -> BucketSettings {
    BucketSettings { part_bytes_min: 0, ..BucketSettings::default() }
}

/// Delivers three batches, each in one request, while this rule is in force.
async fn put_under(rule: Rule) -> S3Server {
    let mut world = World::start(1).await;
    world.s3.add_rule(rule);
    let job = world.job(DESTINATION).await;
    world.send(3_000).await;
    world.wait_until_settled(&job, 3_000).await;
    let s3 = world.finish(&[(BUCKET, "logs/")]).await;
    assert!(!s3.faults_met().is_empty(), "no fault was met");
    assert_eq!(s3.objects(BUCKET).len(), 3);
    s3
}

/// The same in parts; no upload may be left open.
async fn put_in_parts_under(rule: Rule) -> S3Server {
    let mut world = World::start_with(1, |settings| settings.part_bytes = SMALL_PART).await;
    world.s3.set_bucket(BUCKET, any_part());
    world.s3.add_rule(rule);
    let job = world.job(DESTINATION).await;
    world.send(2_000).await;
    world.wait_until_settled(&job, 2_000).await;
    let s3 = world.finish(&[(BUCKET, "logs/")]).await;
    assert!(!s3.faults_met().is_empty(), "no fault was met");
    assert!(s3.count(BUCKET, Operation::UploadPart) >= 6, "not in parts");
    s3
}

#[track_caller]
fn assert_none_open(s3: &S3Server) {
    let open: Vec<String> = s3.uploads(BUCKET).into_iter().map(|upload| upload.key).collect();
    assert!(open.is_empty(), "uploads in parts are left open: {open:?}");
}

/// Each of these, met by the first three requests.
async fn each_alone(faults: Vec<Fault>) {
    for fault in faults {
        put_under(Rule::new(fault.clone()).on(&PUT).times(3)).await;
        for operation in [PART, COMPLETE] {
            let s3 = put_in_parts_under(Rule::new(fault.clone()).on(&operation).times(3)).await;
            assert_none_open(&s3);
        }
        // Where the answer that names an upload is lost, nobody knows what to abort.
        put_in_parts_under(Rule::new(fault).on(&BEGIN).times(2)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_fails_or_asks_for_less_is_tried_again() {
    each_alone(vec![
        Fault::Refuses(Refusal::internal_error()),
        Fault::Refuses(Refusal::slow_down()),
        Fault::Refuses(Refusal::slow_down().retry_after(1)),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_is_cut_loses_nothing_and_repeats_nothing() {
    each_alone(vec![Fault::CutsBefore, Fault::CutsAfter]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_breaks_off_is_no_answer() {
    each_alone(vec![Fault::Truncates]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_stalls_for_seconds_is_waited_for() {
    let seconds = Duration::from_secs(2);
    for fault in [Fault::StallsBefore(seconds), Fault::StallsAfter(seconds)] {
        put_under(Rule::new(fault.clone()).on(&PUT).times(2)).await;
        let s3 = put_in_parts_under(Rule::new(fault).on(&COMPLETE).times(1)).await;
        assert_none_open(&s3);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_for_the_customer_or_the_clock_goes_on_when_it_is_mended() {
    let soon = Duration::from_millis(400);
    each_alone(vec![
        Fault::Refuses(Refusal::skewed_clock()),
        Fault::Refuses(Refusal::expired_token()),
        Fault::Refuses(Refusal::conflict()),
    ])
    .await;
    let s3 = put_under(Rule::new(Fault::Refuses(Refusal::access_denied())).lasting(soon)).await;
    assert!(s3.faults_met()["AccessDenied"] > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_success_with_an_error_inside_is_an_error() {
    for refusal in [Refusal::internal_error(), Refusal::slow_down()] {
        let rule = Rule::new(Fault::SaysOk(refusal)).on(&COMPLETE).times(3);
        assert_none_open(&put_in_parts_under(rule).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_put_that_succeeds_with_an_error_inside_is_an_error() {
    put_under(Rule::new(Fault::SaysOk(Refusal::internal_error())).on(&PUT).times(3)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_may_not_be_aborted_is_left_and_everything_arrives() {
    let mut world = World::start_with(1, |settings| settings.part_bytes = SMALL_PART).await;
    world.s3.set_bucket(BUCKET, any_part());
    let denied = Fault::Refuses(Refusal::access_denied());
    world.s3.add_rule(Rule::new(denied).on(&[Operation::AbortMultipartUpload]));
    world.s3.add_rule(Rule::new(Fault::CutsAfter).on(&COMPLETE).times(2));
    world.s3.add_rule(Rule::new(Fault::CutsBefore).on(&PART).per_mille(200));
    world.job(DESTINATION).await;
    world.send(3_000).await;
    world.finish(&[(BUCKET, "logs/")]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_of_conditional_write_leads_to_each_record_once() {
    for conditions in [Conditions::Honoured, Conditions::Refused, Conditions::Ignored] {
        for part_bytes in [SMALL_PART, 8 << 20] {
            let mut world = World::start_with(1, |settings| settings.part_bytes = part_bytes).await;
            world.s3.set_bucket(BUCKET, BucketSettings { conditions, ..any_part() });
            let publishing = [Operation::PutObject, Operation::CompleteMultipartUpload];
            world.s3.add_rule(Rule::new(Fault::CutsAfter).on(&publishing).times(2));
            world.job(DESTINATION).await;
            world.send(3_000).await;
            world.finish(&[(BUCKET, "logs/")]).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_in_another_region_is_told_and_the_corrected_job_catches_up() {
    for wrong_region in [WrongRegion::Redirect, WrongRegion::Malformed] {
        let mut world = World::start(1).await;
        let region = "eu-central-1".to_owned();
        world.s3.set_bucket(BUCKET, BucketSettings { region, wrong_region, ..any_part() });
        let job = world.job(DESTINATION).await;
        world.send(2_000).await;
        world.wait_for_failure(&job, &["eu-central-1"]).await;
        assert!(world.s3.objects(BUCKET).is_empty());
        world.move_job(&job, "s3://burritobot/logs?region=eu-central-1").await;
        world.finish(&[(BUCKET, "logs/")]).await;
    }
}
