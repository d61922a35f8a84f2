//! How long the catalogue takes with 10,000 jobs in it, on disk: medians, in milliseconds.
//!
//! `cargo bench -p catalog --bench jobs`

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on ends")]
#![allow(clippy::print_stdout, reason = "the figures are what it is for")]

use std::time::Instant;

use catalog::vault::Vault;
use catalog::{
    Actor, Cursor, Delivered, Job, JobChange, Jobs, Ledger, Page, Result, SqliteCatalog, Tenants,
};
use model::{
    Batch, Id, JobId, JobSpec, Offset, OffsetRange, Partition, Revision, Scope, UnixNanos,
};

const JOBS: u64 = 10_000;
const ROUNDS: usize = 101;
const NOW: UnixNanos = UnixNanos(1_700_000_000_000_000_000);

fn change() -> JobChange {
    JobChange {
        spec: JobSpec {
            dataset: "http_requests".to_owned(),
            destination: "s3://burritobot/logs/{DATE}?region=eu-west-1&access-key-id=AKIA\
                          &secret-access-key=0123456789012345678901234567890123456789"
                .to_owned(),
            output_options: Some(r#"{"field_names":["ClientIP","RayID"]}"#.to_owned()),
            ..JobSpec::default()
        },
        name: Some("all requests".to_owned()),
        kind: String::new(),
        frequency: "high".to_owned(),
        enabled: true,
    }
}

async fn add(catalog: &SqliteCatalog, scope: Scope) -> Result<Job> {
    let begin = [Cursor { partition: Partition(0), next: Offset(0) }];
    catalog.add_job(scope, change(), &begin, &Actor::system(NOW)).await
}

fn batch(number: u64) -> Batch {
    Batch {
        job: JobId(number % JOBS + 1),
        revision: Revision(1),
        partition: Partition(0),
        range: OffsetRange::new(Offset(number / JOBS), Offset(number / JOBS + 1)),
        key: format!("logs/20231114/{number}.log.gz"),
        start: NOW,
        end: NOW,
        records: 10,
        raw_bytes: 1000,
        gzip_level: 4,
    }
}

async fn settle(catalog: &SqliteCatalog, number: u64) -> Result<()> {
    let batch = batch(number);
    let etag = "\"e\"".to_owned();
    let (at, checksum) = (NOW, Some(7));
    let what = Delivered { at, object_bytes: 100, checksum, etag, attempts: 1, duration_millis: 9 };
    catalog.settle(batch.job, batch.partition, batch.range.first, what).await
}

/// Prints the median time of what `run` does.
async fn median<T>(what: &str, mut run: impl AsyncFnMut(u64) -> Result<T>) {
    let mut millis = Vec::new();
    for round in 0..ROUNDS as u64 {
        let began = Instant::now();
        run(round).await.unwrap();
        millis.push(began.elapsed().as_secs_f64() * 1e3);
    }
    millis.sort_by(f64::total_cmp);
    println!("{what:<36} {:>9.3} ms", millis[ROUNDS / 2]);
}

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalog.sqlite");
    let catalog = SqliteCatalog::open(&path, Vault::new([7; 32]), NOW).await.unwrap();
    let (id, by) = (Id::from_bytes([1; 16]), Actor::system(NOW));
    catalog.add_account(id, "Burrito Bot", "external id", &by).await.unwrap();
    catalog.add_zone(id, id, "burritobot.example", &by).await.unwrap();
    let scope = Scope::zone(id);
    for _ in 0..JOBS {
        add(&catalog, scope).await.unwrap();
    }
    let version = catalog.jobs_changed_since(0).await.unwrap().version;
    let page = Page { number: 100, size: 50 };

    println!("{JOBS} jobs of one zone, median of {ROUNDS}");
    median("get a job", async |round| catalog.job(JobId(round * 97 + 1)).await).await;
    median("create a job", async |_| add(&catalog, scope).await).await;
    median("list a page of 50", async |_| catalog.jobs_page(scope, None, page).await).await;
    median("list all", async |_| catalog.jobs(Some(scope)).await).await;
    median("count", async |_| catalog.count_jobs(scope).await).await;
    median("reload, 101 changed", async |_| catalog.jobs_changed_since(version).await).await;
    let newest = catalog.jobs_changed_since(version).await.unwrap().version;
    median("reload, nothing changed", async |_| catalog.jobs_changed_since(newest).await).await;
    median("seal a batch", async |round| catalog.seal(&batch(round), NOW).await).await;
    median("settle a batch", async |round| settle(&catalog, round).await).await;
    catalog.close().await;
}
