//! What a bucket's owner does with the command line before and after there is a job.

use serde_json::Value;

use crate::s3::S3Server;
use crate::service::Home;
use crate::world::{BUCKET, World};

const PRINCIPAL: &str = "arn:aws:iam::391854517948:user/logpush";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_destination_is_opened_tried_and_proven() {
    let s3 = S3Server::start(&[]).await;
    let home = Home::new(&s3.url()).set("LOGPUSH_DELIVERY__PRINCIPAL_ARN", PRINCIPAL);
    let world = World::start_in(s3, home).await;
    let (cli, zone) = (world.cli(), world.zone.clone());
    let destination = format!("s3://{BUCKET}/logs/{{DATE}}?region=us-east-1");

    let policy = cli.run(&["destination", "policy", &destination]).await;
    policy.assert_done();
    for part in ["Bucket policy.", "arn:aws:s3:::burritobot/logs/*/*", PRINCIPAL] {
        assert!(policy.stdout.contains(part), "`{part}` is not in: {:.2000}", policy.stdout);
    }
    let answer = cli.json(&["destination", "policy", &destination, "--zone", &zone]).await;
    assert_eq!(answer["documents"][0]["kind"], "bucket_policy");

    let check = cli.run(&["destination", "check", &destination]).await;
    check.assert_failed(1, &["cannot be written", BUCKET]);
    assert!(check.stdout.contains("failed"), "{:.2000}", check.stdout);
    world.s3.create_bucket(BUCKET);
    cli.run(&["destination", "check", &destination, "--zone", &zone]).await.assert_done();

    let asked = cli.json(&["destination", "challenge", "--zone", &zone, &destination]).await;
    let challenge = world.s3.text(BUCKET, asked["filename"].as_str().unwrap());
    let prove = ["destination", "prove", "--zone", &zone, &destination, "--challenge"];
    cli.run(&[&prove[..], &[&challenge]].concat()).await.assert_done();
    cli.run(&[&prove[..], &["x.y.z"]].concat()).await.assert_failed(1, &["does not prove"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_and_troubles_can_be_looked_up() {
    let world = World::start_with(S3Server::start(&[BUCKET]).await).await;
    let (cli, zone) = (world.cli(), world.zone.clone());
    let destination = format!("s3://{BUCKET}/logs?region=us-east-1");
    let create = ["job", "create", "--zone", &zone, "--dataset", "http_requests"];
    let more = ["--destination", &destination, "--compression", "zstd", "--sample-rate", "0.5"];
    let job = cli.json(&[&create[..], &more].concat()).await;
    assert_eq!(job["output_options"]["compression"], "zstd");
    let number = job["id"].to_string();
    for list in ["events", "history"] {
        assert_eq!(cli.json(&["job", list, &number]).await, Value::Array(Vec::new()));
    }
    cli.run(&["zone", "delete", &zone]).await.assert_failed(1, &["job"]);
    cli.run(&["job", "delete", &number]).await.assert_done();
    cli.run(&["zone", "delete", &zone]).await.assert_done();
    let audit = cli.json(&["audit", "list", "--account", &world.account]).await;
    let done: Vec<String> = audit
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| format!("{} {}", entry["action"], entry["resource"]["type"]))
        .collect();
    assert_eq!(done[0], "\"delete\" \"zone\"", "{done:?}");
    assert!(done.contains(&"\"create\" \"job\"".to_owned()), "{done:?}");
    let script = cli.run(&["completions", "bash"]).await;
    script.assert_done();
    assert!(script.stdout.contains("destination"));
}
