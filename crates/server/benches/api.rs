//! How fast the API answers with 10,000 jobs in one catalogue: medians over real HTTP.
//!
//! Half of the jobs belong to one zone and the others to 250; all of them are enabled.

#![allow(clippy::print_stdout, reason = "a benchmark shows its figures")]
#![allow(missing_docs, reason = "a program, not a library")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use catalog::vault::Vault;
use catalog::{Actor, Cursor, JobChange, Jobs, SqliteCatalog, Tenants};
use journal::{Clock, SystemClock};
use model::{Id, JobSpec, Offset, Partition, Scope};
use reqwest::Method;
use serde_json::{Value, json};
use server::{Config, Service};

const JOBS: usize = 10_000;
const ZONES: usize = 251;
const SAMPLES: usize = 200;
const DESTINATION: &str = "s3://burritobot/logs/{DATE}?region=us-west-2\
    &access-key-id=AKID&secret-access-key=verysecret&endpoint=s3.burritobot.example";

#[tokio::main]
async fn main() {
    let dir = tempfile::tempdir().expect("a folder");
    seed(dir.path()).await;
    let mut config = Config {
        data_dir: dir.path().to_owned(),
        listen: "127.0.0.1:0".parse().expect("an address"),
        ..Config::default()
    };
    config.api.jobs_per_scope_max = JOBS + SAMPLES;
    (config.api.requests_per_second, config.api.requests_burst) = (100_000, 100_000);
    let started = Instant::now();
    let service = Service::start(config, None).await.expect("the service starts");
    println!("start with {JOBS} jobs: {:.0} ms", millis(started.elapsed()));
    let asker = Asker {
        base: format!("http://{}/client/v4", service.address()),
        token: service.admin_token().to_owned(),
        http: reqwest::Client::builder().no_proxy().build().expect("a client"),
    };
    measure(&asker).await;
    service.stop().await;
}

async fn measure(asker: &Asker) {
    let large = format!("/zones/{}/logpush/jobs", zone(0));
    let body = json!({
        "dataset": "http_requests", "destination_conf": DESTINATION, "enabled": true,
        "output_options": {"field_names": ["RayID", "ClientIP"], "timestamp_format": "rfc3339"},
    });
    println!("{:<40} {:>10} {:>10}", "request", "median ms", "95 % ms");
    let small = |n: usize| format!("/zones/{}/logpush/jobs", zone(1 + n % (ZONES - 1)));
    asker.time("list a zone's 20 jobs", |n| (Method::GET, small(n), None)).await;
    let page = |n: usize| format!("{large}?per_page=100&page={}", 1 + n % 50);
    asker.time("list 100 of a zone's 5,000 jobs", |n| (Method::GET, page(n), None)).await;
    let one = |n: usize| format!("{large}/{}", 1 + n * 7 % (JOBS / 2));
    asker.time("get", |n| (Method::GET, one(n), None)).await;
    asker.time("create", |n| (Method::POST, small(n), Some(body.clone()))).await;
    asker
        .time("create, in the zone of 5,000", |_| (Method::POST, large.clone(), Some(body.clone())))
        .await;
    let rename = |n: usize| Some(json!({"name": format!("job {n}")}));
    asker.time("rename", |n| (Method::PUT, one(n), rename(n))).await;
    let filtered = Some(json!({"filter": FILTER}));
    asker.time("change the filter", |n| (Method::PUT, one(n), filtered.clone())).await;
}

const FILTER: &str = r#"{"where":{"key":"EdgeResponseStatus","operator":"geq","value":500}}"#;

struct Asker {
    base: String,
    token: String,
    http: reqwest::Client,
}

impl Asker {
    async fn time(&self, name: &str, request: impl Fn(usize) -> (Method, String, Option<Value>)) {
        let mut taken = Vec::with_capacity(SAMPLES);
        for number in 0..SAMPLES {
            let (method, path, body) = request(number);
            let request = self.http.request(method, format!("{}{path}", self.base));
            let request = request.bearer_auth(&self.token);
            let request = match &body {
                Some(body) => request.json(body),
                None => request,
            };
            let begun = Instant::now();
            let answer = request.send().await.expect("an answer");
            let status = answer.status();
            let text = answer.text().await.expect("a body");
            taken.push(begun.elapsed());
            assert!(status.is_success(), "{path}: {status} {text}");
        }
        taken.sort_unstable();
        let at = |share: usize| millis(taken[SAMPLES * share / 100]);
        println!("{name:<40} {:>10.2} {:>10.2}", at(50), at(95));
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn zone(number: usize) -> Id {
    let mut bytes = [7; 16];
    bytes[8..].copy_from_slice(&(number as u64).to_be_bytes());
    Id::from_bytes(bytes)
}

/// A catalogue of many zones and jobs.
async fn seed(dir: &std::path::Path) {
    let vault = Vault::open_or_create(&dir.join("secret.key")).expect("a key");
    let now = SystemClock.now();
    let path = dir.join("catalog.sqlite");
    let catalog = Arc::new(SqliteCatalog::open(&path, vault, now).await.expect("a catalogue"));
    let by = Actor::system(now);
    let account = Id::from_bytes([9; 16]);
    catalog.add_account(account, "Burritos", "external", &by).await.expect("an account");
    for number in 0..ZONES {
        let name = format!("zone-{number}.example");
        catalog.add_zone(zone(number), account, &name, &by).await.expect("a zone");
    }
    let begun = Instant::now();
    for number in 0..JOBS {
        let of = if number < JOBS / 2 { 0 } else { 1 + number % (ZONES - 1) };
        let spec = JobSpec {
            dataset: "http_requests".to_owned(),
            destination: DESTINATION.to_owned(),
            output_options: Some(r#"{"field_names":["RayID","ClientIP"]}"#.to_owned()),
            ..JobSpec::default()
        };
        let change = JobChange {
            spec,
            name: Some(format!("job {number}")),
            kind: String::new(),
            frequency: "high".to_owned(),
            enabled: true,
        };
        let begin = [Cursor { partition: Partition(0), next: Offset(0) }];
        catalog.add_job(Scope::zone(zone(of)), change, &begin, &by).await.expect("a job");
    }
    println!("seed {JOBS} jobs: {:.1} s", begun.elapsed().as_secs_f64());
    catalog.close().await;
}
