//! The file: it lasts, survives a crash, and is refused rather than replaced.

use std::fs;
use std::path::Path;

use catalog::vault::Vault;
use catalog::{BatchState, CatalogError, Delivered, Jobs, Ledger, SqliteCatalog, Tenants};
use model::{Offset, Partition};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};

use super::{NOW, add_job, batch, open, place, vault};

/// Opens a file that must be refused, and sees that it stays as it is.
async fn refused(path: &Path) -> CatalogError {
    let before = fs::read(path).unwrap();
    let error = SqliteCatalog::open(path, vault(), NOW).await.unwrap_err();
    assert!(fs::read(path).unwrap() == before, "the file was changed: {error}");
    error
}

async fn refused_as_damaged(path: &Path, why: &str) {
    let error = refused(path).await;
    assert!(matches!(error, CatalogError::Damaged(_)), "{error}");
    let text = error.to_string();
    for word in ["catalog.db", why, "backup"] {
        assert!(text.contains(word), "`{word}` is missing: {text}");
    }
}

async fn sqlite(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(path).foreign_keys(false).connect().await.unwrap()
}

/// Makes a catalogue with a job, closes it and does `sql` to it.
async fn tampered(path: &Path, sql: &'static str) {
    let catalog = open(path).await;
    add_job(&catalog).await;
    catalog.close().await;
    let mut connection = sqlite(path).await;
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn everything_lasts_until_the_next_start() {
    let (_folder, path) = place();
    let catalog = open(&path).await;
    let job = add_job(&catalog).await;
    catalog.seal(&batch(job.id, 0, 5), NOW).await.unwrap();
    catalog.seal(&batch(job.id, 5, 9), NOW).await.unwrap();
    let what = Delivered {
        at: NOW,
        object_bytes: 7,
        checksum: Some(1 << 63),
        etag: String::new(),
        attempts: 1,
        duration_millis: 3,
    };
    catalog.settle(job.id, Partition(0), Offset(0), what).await.unwrap();
    let before = everything(&catalog).await;
    catalog.close().await;
    assert!(catalog.job(job.id).await.is_err(), "closed is closed");

    let catalog = open(&path).await;
    assert_eq!(everything(&catalog).await, before);
}

#[tokio::test]
async fn objects_that_were_delivered_before_checksums_were_kept_have_none() {
    let (_folder, path) = place();
    let catalog = open(&path).await;
    let job = add_job(&catalog).await;
    let what = |checksum| Delivered {
        at: NOW,
        object_bytes: 7,
        checksum,
        etag: String::new(),
        attempts: 1,
        duration_millis: 3,
    };
    for (first, next) in [(0, 5), (5, 9)] {
        catalog.seal(&batch(job.id, first, next), NOW).await.unwrap();
    }
    let (partition, from) = (Partition(0), (Partition(0), Offset(0)));
    catalog.settle(job.id, partition, Offset(0), what(Some(7))).await.unwrap();
    catalog.close().await;
    // As the program left it that knew nothing of checksums.
    let mut connection = sqlite(&path).await;
    let older = "ALTER TABLE batch DROP COLUMN checksum;
                 DELETE FROM _sqlx_migrations WHERE version >= 5;";
    sqlx::raw_sql(older).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();

    let catalog = open(&path).await;
    let before = catalog.batches_in_order(job.id, from, 9).await.unwrap();
    assert_eq!(before[0].state, BatchState::Delivered(what(None)));
    catalog.settle(job.id, partition, Offset(5), what(Some(u64::MAX))).await.unwrap();
    let after = catalog.batches_in_order(job.id, from, 9).await.unwrap();
    assert_eq!(after[0], before[0]);
    assert_eq!(after[1].state, BatchState::Delivered(what(Some(u64::MAX))));
}

async fn everything(catalog: &SqliteCatalog) -> String {
    let jobs = catalog.jobs(None).await.unwrap();
    let spec = &catalog.revision(jobs[0].id, jobs[0].revision).await.unwrap().spec;
    assert_eq!(spec.destination, super::DESTINATION);
    format!(
        "{} {jobs:?} {:?} {:?} {:?}",
        catalog.installation(),
        catalog.all_cursors().await.unwrap(),
        catalog.undelivered(None).await.unwrap(),
        catalog.totals(jobs[0].id).await.unwrap(),
    )
}

#[tokio::test]
async fn what_was_answered_survives_a_crash() {
    let (folder, path) = place();
    let catalog = open(&path).await;
    let job = add_job(&catalog).await;
    catalog.seal(&batch(job.id, 0, 5), NOW).await.unwrap();

    // What the disk holds at this moment, the shared memory lost.
    let crashed = folder.path().join("crashed.db");
    fs::copy(&path, &crashed).unwrap();
    fs::copy(folder.path().join("catalog.db-wal"), folder.path().join("crashed.db-wal")).unwrap();
    let after = open(&crashed).await;
    assert_eq!(everything(&after).await, everything(&catalog).await);
    assert_eq!(after.undelivered(None).await.unwrap(), [batch(job.id, 0, 5)]);
}

#[tokio::test]
async fn a_backup_made_while_it_is_open_opens() {
    let (folder, path) = place();
    let catalog = open(&path).await;
    let job = add_job(&catalog).await;
    catalog.seal(&batch(job.id, 0, 5), NOW).await.unwrap();

    let backup = folder.path().join("backup.db");
    let mut connection = sqlite(&path).await;
    sqlx::query("VACUUM INTO $1")
        .bind(backup.to_str().unwrap())
        .execute(&mut connection)
        .await
        .unwrap();
    assert_eq!(everything(&open(&backup).await).await, everything(&catalog).await);
}

#[tokio::test]
async fn closing_leaves_one_file() {
    let (folder, path) = place();
    let catalog = open(&path).await;
    add_job(&catalog).await;
    catalog.close().await;
    let names: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["catalog.db"]);
}

#[cfg(unix)]
#[tokio::test]
async fn the_files_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;

    let (folder, path) = place();
    let _catalog = open(&path).await;
    for entry in fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", entry.path().display());
    }
}

#[tokio::test]
async fn installations_are_told_apart() {
    let (_folder, path) = place();
    let memory = SqliteCatalog::in_memory(vault(), NOW).await.unwrap();
    assert_ne!(open(&path).await.installation(), memory.installation());
}

#[tokio::test]
async fn an_unfinished_catalogue_is_thrown_away() {
    let (folder, path) = place();
    fs::write(folder.path().join("catalog.db.new"), "half a catalogue").unwrap();
    add_job(&open(&path).await).await;
    assert!(!folder.path().join("catalog.db.new").exists());
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_named() {
    let (_folder, path) = place();
    let path = path.join("deeper");
    let error = SqliteCatalog::open(&path, vault(), NOW).await.unwrap_err().to_string();
    assert!(error.contains("catalog.db/deeper"), "{error}");
}

#[tokio::test]
async fn garbage_is_refused() {
    let (_folder, path) = place();
    for garbage in ["no database".repeat(1000).as_str(), "short", ""] {
        fs::write(&path, garbage).unwrap();
        refused_as_damaged(&path, "stays as it is").await;
    }
}

#[tokio::test]
async fn a_truncated_file_is_refused() {
    let (_folder, path) = place();
    let catalog = open(&path).await;
    add_job(&catalog).await;
    catalog.close().await;
    let whole = fs::read(&path).unwrap();
    for length in
        [1, 50, 4096, whole.len() / 2, whole.len() - 4096, whole.len() - 512, whole.len() - 1]
    {
        fs::write(&path, &whole[..length]).unwrap();
        refused_as_damaged(&path, "").await;
    }
    fs::write(&path, whole).unwrap();
    open(&path).await;
}

#[tokio::test]
async fn an_overwritten_page_is_refused() {
    let (_folder, path) = place();
    let catalog = open(&path).await;
    add_job(&catalog).await;
    catalog.close().await;
    let whole = fs::read(&path).unwrap();
    let holds = |page: &[u8], text: &[u8]| page.windows(text.len()).any(|window| window == text);
    let pages = whole.chunks(4096).enumerate().skip(1);
    // The audit trail, which is not looked at, tells of the zone too.
    let zone =
        pages.filter(|(_, page)| holds(page, b"burritobot.example") && !holds(page, b"account_id"));
    for number in zone.map(|(number, _)| number) {
        let mut damaged = whole.clone();
        damaged[number * 4096..(number + 1) * 4096].fill(0xff);
        fs::write(&path, damaged).unwrap();
        refused_as_damaged(&path, "zone").await;
    }
}

#[tokio::test]
async fn a_database_of_another_program_is_refused() {
    let (_folder, path) = place();
    let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut other = options.connect().await.unwrap();
    sqlx::raw_sql("CREATE TABLE job (id)").execute(&mut other).await.unwrap();
    other.close().await.unwrap();
    refused_as_damaged(&path, "another program").await;
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let (_folder, path) = place();
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, \
                 execution_time) VALUES (9000, 'newer', TRUE, x'00', 0)";
    tampered(&path, newer).await;
    let error = refused(&path).await;
    assert!(matches!(error, CatalogError::TooNew { found: 9000, .. }), "{error}");
}

#[tokio::test]
async fn a_ledger_without_jobs_is_refused() {
    let (_folder, path) = place();
    tampered(&path, "DELETE FROM revision; DELETE FROM job").await;
    refused_as_damaged(&path, "not a single job").await;
}

#[tokio::test]
async fn a_catalogue_without_its_installation_is_refused() {
    let (_folder, path) = place();
    tampered(&path, "DELETE FROM installation").await;
    refused_as_damaged(&path, "installation").await;
}

#[tokio::test]
async fn a_missing_table_is_refused() {
    let (_folder, path) = place();
    tampered(&path, "DROP TABLE cursor").await;
    refused_as_damaged(&path, "cursor").await;
}

#[tokio::test]
async fn a_log_without_its_database_is_refused() {
    let (folder, path) = place();
    let log = folder.path().join("catalog.db-wal");
    fs::write(&log, "a log").unwrap();
    let error = SqliteCatalog::open(&path, vault(), NOW).await.unwrap_err().to_string();
    assert!(error.contains("catalog.db-wal"), "{error}");
    assert!(!path.exists());
}

#[tokio::test]
async fn another_key_is_refused() {
    let (_folder, path) = place();
    tampered(&path, "").await;
    let before = fs::read(&path).unwrap();
    let error = SqliteCatalog::open(&path, Vault::new([8; 32]), NOW).await.unwrap_err();
    assert!(matches!(error, CatalogError::WrongKey { .. }), "{error}");
    assert!(fs::read(&path).unwrap() == before);
}
