//! Another key: everything is encrypted anew at the next start, and a crash on the way is no harm.

use std::path::Path;

use catalog::vault::Vault;
use catalog::{CatalogError, Job, JobChange, Jobs, SqliteCatalog};
use model::Revision;

use super::{DESTINATION, NOW, add_job, by, open, place};

const OLD: &str = "0707070707070707070707070707070707070707070707070707070707070707";
const NEW: &str = "0808080808080808080808080808080808080808080808080808080808080808";

async fn open_under(path: &Path, keys: &[&str]) -> Result<SqliteCatalog, CatalogError> {
    SqliteCatalog::open(path, Vault::from_text(&keys.join("\n")).unwrap(), NOW).await
}

/// A closed catalogue under the old key, with a job of three revisions.
async fn written(path: &Path) -> Job {
    let catalog = open(path).await;
    let mut job = add_job(&catalog).await;
    for filter in ["a", "b"] {
        let mut spec = job.spec.clone();
        spec.filter = filter.to_owned();
        let change = JobChange {
            spec,
            name: None,
            kind: String::new(),
            frequency: "high".to_owned(),
            enabled: true,
        };
        job = catalog.change_job(job.id, job.revision, change, &[], &by(NOW)).await.unwrap();
    }
    catalog.close().await;
    job
}

async fn assert_readable(catalog: &SqliteCatalog, job: &Job) {
    assert_eq!(catalog.job(job.id).await.unwrap(), *job);
    for revision in [1, 2, 3].map(Revision) {
        let then = catalog.revision(job.id, revision).await.unwrap();
        assert_eq!(then.spec.destination, DESTINATION);
    }
}

#[tokio::test]
async fn a_new_key_takes_over_at_the_next_start() {
    let (_folder, path) = place();
    let job = written(&path).await;
    let catalog = open_under(&path, &[NEW, OLD]).await.unwrap();
    assert_readable(&catalog, &job).await;
    catalog.close().await;

    let alone = open_under(&path, &[NEW]).await.unwrap();
    assert_readable(&alone, &job).await;
    alone.close().await;
    let old = open_under(&path, &[OLD]).await.unwrap_err();
    assert!(matches!(old, CatalogError::WrongKey { .. }), "{old}");
}

#[tokio::test]
async fn a_crash_on_the_way_to_a_new_key_is_no_harm() {
    let (folder, path) = place();
    let job = written(&path).await;
    let rotated = folder.path().join("rotated.db");
    std::fs::copy(&path, &rotated).unwrap();
    open_under(&rotated, &[NEW, OLD]).await.unwrap().close().await;

    // Of three destinations one is under the new key already; the key check is not.
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path);
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    let mut connection = pool.acquire().await.unwrap();
    sqlx::query("ATTACH $1 AS rotated")
        .bind(rotated.to_str().unwrap())
        .execute(&mut *connection)
        .await
        .unwrap();
    let half = "UPDATE revision SET destination = (
                    SELECT destination FROM rotated.revision AS new
                    WHERE new.job = revision.job AND new.revision = revision.revision
                ) WHERE revision = 2";
    let moved = sqlx::query(half).execute(&mut *connection).await.unwrap();
    assert_eq!(moved.rows_affected(), 1);
    drop(connection);
    pool.close().await;

    let catalog = open_under(&path, &[NEW, OLD]).await.unwrap();
    assert_readable(&catalog, &job).await;
    catalog.close().await;
    assert_readable(&open_under(&path, &[NEW]).await.unwrap(), &job).await;
}

#[tokio::test]
async fn an_older_key_before_the_newest_goes_back_to_it() {
    let (_folder, path) = place();
    let job = written(&path).await;
    for keys in [[NEW, OLD], [OLD, NEW]] {
        let catalog = open_under(&path, &keys).await.unwrap();
        assert_readable(&catalog, &job).await;
        catalog.close().await;
    }
    assert_readable(&open_under(&path, &[OLD]).await.unwrap(), &job).await;
}
