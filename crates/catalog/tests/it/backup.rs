//! Copies of the catalogue: whole, private, and in nobody's place.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use catalog::{CatalogError, Jobs, Ledger, SqliteCatalog, back_up};
use model::{Offset, Partition};

use super::file::sqlite;
use super::{NOW, add_job, batch, open, place, vault};

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("copy"))
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_backup_made_while_others_write_is_of_one_moment() {
    let (folder, path) = place();
    let catalog = open(&path).await;
    let job = add_job(&catalog).await;
    let copy = folder.path().join("copy.db");
    let sealing = async {
        for first in 0..200 {
            catalog.seal(&batch(job.id, first, first + 1), NOW).await.unwrap();
        }
    };
    let ((), backed_up) = tokio::join!(sealing, back_up(&path, &copy));
    backed_up.unwrap();
    assert_eq!(names(folder.path()), ["copy.db"]);
    let copy = open(&copy).await;
    let at = copy.cursors(job.id).await.unwrap()[0].next;
    assert!(at <= Offset(200));
    assert_eq!(copy.undelivered(None).await.unwrap().len() as u64, at.0);
    assert_eq!(copy.job(job.id).await.unwrap(), job);
}

#[tokio::test]
async fn a_backup_is_for_its_owner_only_and_replaces_nothing() {
    let (folder, path) = place();
    let catalog = open(&path).await;
    add_job(&catalog).await;
    catalog.close().await;
    let copy = folder.path().join("copy.db");
    back_up(&path, &copy).await.unwrap();
    assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);

    fs::write(&copy, "somebody's work").unwrap();
    let error = back_up(&path, &copy).await.unwrap_err();
    assert!(matches!(error, CatalogError::Exists { .. }), "{error}");
    assert_eq!(fs::read_to_string(&copy).unwrap(), "somebody's work");
    assert_eq!(names(folder.path()), ["copy.db"]);
}

#[tokio::test]
async fn nothing_unsound_is_backed_up() {
    let (folder, path) = place();
    let copy = folder.path().join("copy.db");
    let missing = back_up(&path, &copy).await.unwrap_err().to_string();
    assert!(missing.contains("catalog.db"), "{missing}");

    let catalog = open(&path).await;
    add_job(&catalog).await;
    catalog.close().await;
    let whole = fs::read(&path).unwrap();
    for bad in [&whole[..whole.len() / 2], &whole[..whole.len() - 7], b"garbage", b""] {
        fs::write(&path, bad).unwrap();
        let error = back_up(&path, &copy).await.unwrap_err();
        assert!(matches!(error, CatalogError::Damaged(_)), "{error}");
        assert!(names(folder.path()).is_empty());
    }
    let nowhere = folder.path().join("missing/copy.db");
    fs::write(&path, whole).unwrap();
    let error = back_up(&path, &nowhere).await.unwrap_err().to_string();
    assert!(error.contains("missing/copy.db"), "{error}");
}

/// Takes the newest migration back, so that the file is as the version before left it.
async fn make_older(path: &Path) {
    let mut connection = sqlite(path).await;
    let older = "DROP TRIGGER generation_of_decisions; DROP TRIGGER generation_of_beginnings; \
                 DROP TRIGGER generation_of_seals; DROP TRIGGER generation_of_deliveries; \
                 ALTER TABLE installation DROP COLUMN generation; \
                 DELETE FROM _sqlx_migrations WHERE version = 6";
    sqlx::raw_sql(older).execute(&mut connection).await.unwrap();
    sqlx::Connection::close(connection).await.unwrap();
}

#[tokio::test]
async fn an_older_schema_is_copied_and_then_migrated() {
    let (folder, path) = place();
    let catalog = open(&path).await;
    let job = add_job(&catalog).await;
    catalog.seal(&batch(job.id, 0, 5), NOW).await.unwrap();
    catalog.close().await;
    make_older(&path).await;
    fs::remove_file(folder.path().join("catalog.mark")).unwrap();

    let catalog = open(&path).await;
    assert_eq!(catalog.job(job.id).await.unwrap(), job);
    catalog.seal(&batch(job.id, 5, 6), NOW).await.unwrap();
    assert!(catalog.generation().await.unwrap() > 0);
    catalog.close().await;

    let copies = || {
        let entries = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
        let mut copies: Vec<_> =
            entries.filter(|path| path.to_string_lossy().contains(".db.schema-")).collect();
        copies.sort();
        copies
    };
    let [copy] = copies().try_into().unwrap();
    assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    let mut older = sqlite(&copy).await;
    let counts = sqlx::query("SELECT generation FROM installation").execute(&mut older).await;
    assert!(counts.is_err(), "the copy was migrated");
    let at: i64 = sqlx::query_scalar("SELECT next FROM cursor WHERE job = 1 AND partition = 0")
        .fetch_one(&mut older)
        .await
        .unwrap();
    assert_eq!((Partition(0), at), (Partition(0), 5));

    // Another one, later: the copy of before stays.
    make_older(&path).await;
    fs::remove_file(folder.path().join("catalog.mark")).unwrap();
    open(&path).await.close().await;
    assert_eq!(copies().len(), 2);
    open(&path).await.close().await;
    assert_eq!(copies().len(), 2, "nothing was to be migrated");
}

#[tokio::test]
async fn what_was_taken_away_while_it_was_open_is_saved_at_the_end() {
    let (folder, path) = place();
    let catalog = open(&path).await;
    let job = add_job(&catalog).await;
    assert!(catalog.testimony(&[job.id]).await.unwrap().is_in_place);
    let away = folder.path().join("away.db");
    fs::rename(&path, &away).unwrap();
    fs::write(&path, "another file").unwrap();
    assert!(!catalog.testimony(&[job.id]).await.unwrap().is_in_place);
    catalog.seal(&batch(job.id, 0, 5), NOW).await.unwrap();

    let saved = catalog.finish(NOW).await.unwrap().unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "another file");
    fs::rename(&saved, &path).unwrap();
    let catalog = SqliteCatalog::open(&path, vault(), NOW).await.unwrap();
    assert_eq!(catalog.undelivered(None).await.unwrap(), [batch(job.id, 0, 5)]);
    assert_eq!(catalog.finish(NOW).await.unwrap(), None);
}
