//! Who may write where: bucket policies, keys, owners.

use sim::s3::{ACCESS_KEY, BucketSettings, PRINCIPAL, Policy, User};

use crate::world::{BUCKET, World};

/// A bucket whose policy lets the service write below `logs/`, and nothing else.
fn only_logs() -> BucketSettings {
    let policy = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow",
        "Principal":{{"AWS":["{PRINCIPAL}"]}},"Action":"s3:PutObject",
        "Resource":"arn:aws:s3:::{BUCKET}/logs/*"}}]}}"#
    );
    let policy = Some(Policy::parse(&policy).unwrap());
    BucketSettings { policy, part_bytes_min: 0, ..BucketSettings::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_lets_its_folder_through_and_no_other() {
    let mut world = World::start(1).await;
    world.s3.set_bucket(BUCKET, only_logs());
    let outside = world.job("s3://burritobot/other?region=us-east-1").await;
    let inside = world.job("s3://burritobot/logs/{DATE}?region=us-east-1").await;
    world.send(2_000).await;
    world.wait_until_settled(&inside, 2_000).await;
    world.wait_for_failure(&outside, &["AccessDenied"]).await;
    assert!(world.s3.objects(BUCKET).iter().all(|object| object.key.starts_with("logs/")));
    // What was refused waits, and arrives when its owner opens the bucket.
    world.s3.set_bucket(BUCKET, BucketSettings::default());
    world.finish(&[(BUCKET, "logs/"), (BUCKET, "other/")]).await;
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
