//! The SQLite catalogue, as its users meet it: on disk and in memory, sound and damaged.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

mod backup;
mod conformance;
mod contention;
mod file;
mod groups;
mod ledger_size;
mod mark;
mod owner;
mod rotation;
mod secrets;

use std::path::PathBuf;

use catalog::vault::Vault;
use catalog::{Actor, Catalog, Cursor, Job, JobChange, SqliteCatalog, Tenants};
use model::{
    Batch, Id, JobId, JobSpec, Offset, OffsetRange, Partition, Revision, Scope, UnixNanos,
};
use tempfile::TempDir;

const NOW: UnixNanos = UnixNanos(1_700_000_000_000_000_000);
const DESTINATION: &str = "s3://burritobot/logs?region=eu-west-1&secret-access-key=hunter2hunter2";

fn by(at: UnixNanos) -> Actor {
    Actor::system(at)
}

fn vault() -> Vault {
    Vault::new([7; 32])
}

/// A new folder and the path of a catalogue in it.
fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalog.db");
    (folder, path)
}

async fn open(path: &std::path::Path) -> SqliteCatalog {
    SqliteCatalog::open(path, vault(), NOW).await.unwrap()
}

/// A job with its account and zone, which begins at 0 in partition 0.
async fn add_job(catalog: &SqliteCatalog) -> Job {
    let id = Id::from_bytes([1; 16]);
    catalog.add_account(id, "Burrito Bot", "external", &by(NOW)).await.unwrap();
    catalog.add_zone(id, id, "burritobot.example", &by(NOW)).await.unwrap();
    let change = JobChange {
        spec: JobSpec {
            dataset: "http_requests".to_owned(),
            destination: DESTINATION.to_owned(),
            ..JobSpec::default()
        },
        name: None,
        kind: String::new(),
        frequency: "high".to_owned(),
        enabled: true,
    };
    let begin = [Cursor { partition: Partition(0), next: Offset(0) }];
    let catalog: &dyn Catalog = catalog;
    catalog.add_job(Scope::zone(id), change, &begin, &by(NOW)).await.unwrap()
}

fn batch(job: JobId, first: u64, next: u64) -> Batch {
    Batch {
        job,
        revision: Revision(1),
        partition: Partition(0),
        range: OffsetRange::new(Offset(first), Offset(next)),
        key: format!("logs/20231114/20231114T221320Z_20231114T221350Z_{job}_{first}.log.gz"),
        start: NOW,
        end: NOW,
        records: 10,
        raw_bytes: 1000,
        gzip_level: 6,
    }
}
