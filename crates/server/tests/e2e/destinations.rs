//! Destinations that customers name with an address and keys of their own.

use serde_json::{Value, json};

use crate::records::{assert_each_once, delivered, ids};
use crate::s3::{ACCESS_KEY, S3Server, SECRET_KEY};
use crate::service::Home;
use crate::world::{BUCKET, World};

/// A job of the world's zone to that S3 server, made by a customer without any proof.
async fn customers_job(world: &World, s3: &S3Server) -> Value {
    let destination = format!(
        "s3://{BUCKET}/logs?region=us-east-1&endpoint={}&access-key-id={ACCESS_KEY}\
         &secret-access-key={SECRET_KEY}",
        s3.url()
    );
    let writer = world.api.with_token(&world.token("logs:write", &world.zone).await);
    let body = json!({
        "dataset": "http_requests",
        "destination_conf": destination,
        "enabled": true,
        "max_upload_records": 1000,
        "output_options": { "field_names": ["RayID"] },
    });
    let job = writer.create(&format!("/zones/{}/logpush/jobs", world.zone), &body).await;
    assert_eq!(job["destination_conf"], destination, "a writer reads back what was written");
    job
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customers_own_store_is_reached_with_keys_that_are_shown_to_nobody_else() {
    let theirs = S3Server::start(&[BUCKET]).await;
    // The service's own identity leads nowhere.
    let home = Home::new("http://127.0.0.1:9")
        .set("LOGPUSH_DELIVERY__ALLOW_PRIVATE_ENDPOINTS", "127.0.0.1")
        .set("LOGPUSH_LOG__LEVEL", "debug");
    let world = World::start_in(S3Server::start(&[]).await, home).await;
    let zone = world.zone.clone();
    let job = customers_job(&world, &theirs).await["id"].as_u64().unwrap();
    world.send(&zone, "a", 0..1_000).await;
    world.wait_until_delivered(job, 1_000).await;
    assert_each_once(&delivered(&theirs.objects(BUCKET)), &ids("a", 0..1_000));
    // Others than Amazon's S3 are not asked for an ACL that they may not know.
    assert!(theirs.asked().iter().all(|asked| asked.acl.is_none()));

    let reader = world.api.with_token(&world.token("logs:read", &zone).await);
    let path = format!("/zones/{zone}/logpush/jobs/{job}");
    let shown = reader.read(&path).await["destination_conf"].as_str().unwrap().to_owned();
    assert!(shown.contains("secret-access-key=****"), "{shown}");
    let number = job.to_string();
    let mut texts = vec![shown, reader.read("/logpush/status").await.to_string()];
    for command in [&["job", "show", &number][..], &["job", "list"], &["status"]] {
        texts.push(world.cli().run(command).await.stdout);
    }
    texts.extend(world.service.events().iter().map(Value::to_string));
    assert!(texts.len() > 10, "{} texts", texts.len());
    let telling = texts.iter().find(|text| text.contains(SECRET_KEY));
    assert!(telling.is_none(), "the secret stands in: {:.500}", telling.unwrap());
    world.finish_with_s3().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_inside_the_operators_network_is_refused_unless_allowed() {
    let inside = S3Server::start(&[BUCKET]).await;
    let world = World::start().await;
    let zone = world.zone.clone();
    let job = customers_job(&world, &inside).await["id"].as_u64().unwrap();
    world.send(&zone, "a", 0..1_000).await;
    let failing = |status: &Value| !status["error_message"].is_null();
    let status = world.wait_for(job, "an error", failing).await;
    let message = status["error_message"].as_str().unwrap();
    for part in ["127.0.0.1", "not a public address", "`delivery.allow_private_endpoints`"] {
        assert!(message.contains(part), "`{part}` is not in: {message}");
    }
    assert!(inside.asked().is_empty(), "it was asked all the same");
    world.change(&zone, job, &json!({ "enabled": false })).await;
    world.finish_with_s3().await;
}
