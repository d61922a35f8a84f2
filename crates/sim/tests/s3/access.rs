//! Who may write where: the policies that the product prints, keys, owners.

use model::destination::policy::{Document, DocumentKind, Terms, documents};
use model::destination::{Destination, Principal};
use serde_json::Value;
use sim::s3::{
    ACCESS_KEY, BucketSettings, Fault, Operation, PRINCIPAL, Policy, Refusal, Rule, User,
};

use crate::world::{BUCKET, SMALL_PART, World};

const DESTINATION: &str = "s3://burritobot/logs/{DATE}?region=us-east-1";

/// What the owner of the bucket is given to paste for a destination.
fn printed(destination: &str, abort: bool) -> Vec<Document> {
    let to = Destination::parse(destination).unwrap();
    let principal: Principal = PRINCIPAL.parse().unwrap();
    let terms = Terms { principal: Some(&principal), abort, ..Terms::default() };
    documents(&to, terms).unwrap()
}

fn json_of(documents: &[Document], kind: DocumentKind) -> Value {
    let document = documents.iter().find(|document| document.kind == kind).unwrap();
    serde_json::from_str(&document.json).unwrap()
}

/// A bucket with that policy.
fn under(policy: &Value) -> BucketSettings {
    let policy = Some(Policy::parse(&policy.to_string()).unwrap());
    BucketSettings { policy, part_bytes_min: 0, ..BucketSettings::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_printed_policy_lets_its_folder_through_and_no_other() {
    let mut world = World::start(1).await;
    let policy = json_of(&printed(DESTINATION, false), DocumentKind::BucketPolicy);
    world.s3.set_bucket(BUCKET, under(&policy));
    let outside = world.job("s3://burritobot/other?region=us-east-1").await;
    let inside = world.job(DESTINATION).await;
    world.send(2_000).await;
    world.wait_until_settled(&inside, 2_000).await;
    world.wait_for_failure(&outside, &["AccessDenied"]).await;
    assert!(world.s3.objects(BUCKET).iter().all(|object| object.key.starts_with("logs/")));
    // What was refused waits, and arrives when its owner opens the bucket.
    world.s3.set_bucket(BUCKET, BucketSettings::default());
    world.finish(&[(BUCKET, "logs/"), (BUCKET, "other/")]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_printed_policies_are_enough_for_uploads_in_parts_that_fail() {
    for abort in [false, true] {
        let mut world = World::start_with(1, |settings| settings.part_bytes = SMALL_PART).await;
        let policy = json_of(&printed(DESTINATION, abort), DocumentKind::BucketPolicy);
        world.s3.set_bucket(BUCKET, under(&policy));
        let failing = Fault::Refuses(Refusal::internal_error());
        let parts = [Operation::UploadPart, Operation::CompleteMultipartUpload];
        world.s3.add_rule(Rule::new(failing).on(&parts).times(4));
        world.job(DESTINATION).await;
        world.send(2_000).await;
        let s3 = world.finish(&[(BUCKET, "logs/")]).await;
        assert!(!abort || s3.uploads(BUCKET).is_empty(), "an upload is left open");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_with_access_control_lists_needs_the_statement_printed_for_it() {
    let mut world = World::start(1).await;
    let documents = printed(DESTINATION, false);
    let mut policy = json_of(&documents, DocumentKind::BucketPolicy);
    let with_acls = |policy: &Value| BucketSettings { has_acls: true, ..under(policy) };
    world.s3.set_bucket(BUCKET, with_acls(&policy));
    let job = world.job(DESTINATION).await;
    world.send(2_000).await;
    world.wait_for_failure(&job, &["AccessDenied"]).await;
    let statement = json_of(&documents, DocumentKind::AclStatement);
    policy["Statement"].as_array_mut().unwrap().push(statement);
    world.s3.set_bucket(BUCKET, with_acls(&policy));
    world.finish(&[(BUCKET, "logs/")]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_that_are_wrong_are_told_and_the_right_ones_catch_up() {
    let mut world = World::start(1).await;
    let user = |secret: &str| User {
        access_key_id: ACCESS_KEY.to_owned(),
        secret_access_key: secret.to_owned(),
        session_token: None,
        principal: PRINCIPAL.to_owned(),
    };
    world.s3.add_user(user("another-secret-another-secret-another-se"));
    let job = world.job("s3://burritobot/logs?region=us-east-1").await;
    world.send(2_000).await;
    world.wait_for_failure(&job, &["SignatureDoesNotMatch"]).await;
    assert!(world.s3.objects(BUCKET).is_empty());
    world.s3.add_user(user(sim::s3::SECRET_KEY));
    world.finish(&[(BUCKET, "logs/")]).await;
}
