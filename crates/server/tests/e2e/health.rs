//! What the service tells those who watch over it.

use serde_json::json;

use crate::api::{Answer, Api};
use crate::records::body;
use crate::s3::S3Server;
use crate::service::Home;
use crate::world::{BUCKET, World};

/// The value of a metric, with these labels whatever else it has; the page as Prometheus reads it.
fn value(page: &str, name: &str, labels: &[(&str, &str)]) -> f64 {
    let samples = page.lines().filter(|line| !line.starts_with('#'));
    let of_name = samples
        .filter(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' '])));
    let label =
        |line: &str, (name, value): &(&str, &str)| line.contains(&format!("{name}=\"{value}\""));
    let mut found = of_name.filter(|line| labels.iter().all(|of| label(line, of)));
    let line = found.next().unwrap_or_else(|| panic!("no {name}{labels:?} in:\n{page}"));
    assert!(found.next().is_none(), "{name}{labels:?} is there twice");
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_says_that_it_is_well_and_what_it_has_done() {
    let world = World::start().await;
    let nobody = Api::new(&world.service.url(), "");
    for path in ["/healthz", "/readyz"] {
        let answer = nobody.get(path).await;
        assert_eq!((answer.status, &answer.json()["status"]), (200, &json!("ok")), "{path}");
    }
    let zone = world.zone.clone();
    let job = world.job(&zone, "logs", &json!({})).await;
    let bytes = body("a", 0..1_000).len() as f64;
    world.send(&zone, "a", 0..1_000).await;
    world.wait_until_delivered(job, 1_000).await;
    world.send(&zone, "a", 1_000..1_010).await;
    let damaged = world.api.ingest(&zone, "http_requests").body("{\"RayID\":\"x\"\n{}\n");
    let taken = Answer::of(damaged).await.result();
    assert_eq!((&taken["accepted"], &taken["quarantined"]), (&json!(1), &json!(1)), "{taken}");
    world.wait_for(job, "reading", |status| status["pending_records"] == 11).await;

    let answer = nobody.get("/metrics").await;
    assert_eq!(answer.status, 200);
    let page = answer.text;
    let dataset = [("dataset", "http_requests")];
    let number = job.to_string();
    let of_job = [("job", number.as_str()), ("dataset", "http_requests")];
    let is = |name, labels: &[(&str, &str)], expected: f64| {
        let found = value(&page, name, labels);
        assert!((found - expected).abs() < f64::EPSILON, "{name} is {found}, not {expected}");
    };
    is("logpush_ingest_records_total", &dataset, 1_011.0);
    is("logpush_delivered_records_total", &of_job, 1_000.0);
    is("logpush_delivered_objects_total", &of_job, 1.0);
    is("logpush_upload_retries_total", &of_job, 0.0);
    is("logpush_dropped_records_total", &of_job, 0.0);
    is("logpush_ingest_quarantined_records_total", &dataset, 1.0);
    let taken_in = value(&page, "logpush_ingest_bytes_total", &dataset);
    assert!(taken_in > bytes && taken_in < bytes * 1.1, "{taken_in} of more than {bytes}");
    let lag = value(&page, "logpush_delivery_lag_seconds", &of_job);
    assert!(lag > 0.0 && lag < 60.0, "{lag}");
    for line in page.lines().filter(|line| !line.starts_with('#')) {
        assert!(line.starts_with("logpush_"), "a metric of another name: {line}");
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_can_be_kept_to_the_operator() {
    let s3 = S3Server::start(&[]).await;
    let home = Home::new(&s3.url()).set("LOGPUSH_API__METRICS_PUBLIC", "false");
    let world = World::start_in(s3, home).await;
    Api::new(&world.service.url(), "").get("/metrics").await.assert_refused(401, &["credentials"]);
    let token = world.token("logs:read", &world.zone).await;
    world.api.with_token(&token).get("/metrics").await.assert_refused(403, &["administrator"]);
    assert_eq!(world.api.get("/metrics").await.status, 200);
    world.finish_with_s3().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_is_full_closes_the_door_and_nothing_else() {
    let s3 = S3Server::start(&[BUCKET]).await;
    // No disk has so much room.
    let home = Home::new(&s3.url()).set("LOGPUSH_JOURNAL__FREE_BYTES_MIN", "1024TiB");
    let world = World::start_in(s3, home).await;
    world.job(&world.zone, "logs", &json!({})).await;
    let request = world.api.ingest(&world.zone, "http_requests").body(body("a", 0..1));
    let answer = Answer::of(request).await;
    answer.assert_refused(503, &["cannot take more", "nothing was stored"]);
    assert!(answer.retry_after.is_some_and(|seconds| seconds.parse::<u64>().is_ok()));
    assert_eq!(world.api.get("/healthz").await.status, 200);
    let ready = world.api.get("/readyz").await;
    assert_eq!((ready.status, &ready.json()["journal"]), (503, &json!("refusing")));
    assert!(world.finish().await.is_empty());
}
