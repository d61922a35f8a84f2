//! What the data directory remembers of its catalogue: an older one, another one and one that lost
//! jobs are refused; an older one that is accepted is brought forward.

use std::fs;
use std::path::Path;

use catalog::{
    BroughtForward, CatalogError, Delivered, History, Job, JobChange, Jobs, Ledger, Mark, Older,
    Page, SqliteCatalog, back_up,
};
use model::{JobId, Offset, OffsetRange, Partition, Revision, Scope};

use super::file::{refused, sqlite};
use super::{NOW, add_job, batch, by, open, place, vault};

const LANE: Partition = Partition(0);

fn delivered() -> Delivered {
    Delivered {
        at: NOW,
        object_bytes: 7,
        etag: String::new(),
        checksum: None,
        attempts: 1,
        duration_millis: 3,
    }
}

/// A change of a job, to the destination's folder of that name.
fn change(job: &Job, filter: &str, enabled: bool) -> JobChange {
    let mut change = JobChange { enabled, ..JobChange::none(job) };
    filter.clone_into(&mut change.spec.filter);
    change
}

async fn deliver(catalog: &SqliteCatalog, job: JobId, first: u64, next: u64) {
    catalog.seal(&batch(job, first, next), NOW).await.unwrap();
    catalog.settle(job, LANE, Offset(first), delivered()).await.unwrap();
}

/// Puts the file at `backup` in the catalogue's place.
fn restore(backup: &Path, path: &Path) {
    fs::copy(backup, path).unwrap();
}

async fn accepted(path: &Path) -> (SqliteCatalog, BroughtForward) {
    let catalog = SqliteCatalog::open_or(Older::Accepted, path, vault(), NOW).await.unwrap();
    let done = catalog.brought_forward().unwrap().clone();
    (catalog, done)
}

#[tokio::test]
async fn a_catalogue_goes_on_from_its_mark_and_an_older_one_is_refused() {
    let (folder, path) = place();
    let catalog = open(&path).await;
    let job = add_job(&catalog).await.id;
    let backup = folder.path().join("backup.db");
    back_up(&path, &backup).await.unwrap();
    deliver(&catalog, job, 0, 5).await;
    // Closed as by a crash: what the mark says is older than the catalogue.
    catalog.close().await;
    let catalog = open(&path).await;
    assert_eq!(catalog.brought_forward(), None);
    catalog.finish(NOW).await.unwrap();

    restore(&backup, &path);
    let error = refused(&path).await;
    let CatalogError::Older { found, known, .. } = error else { panic!("{error}") };
    assert!(found < known);
    let text = error.to_string();
    for part in ["catalog.db", "catalog.mark", "--accept-older-catalog", "docs/backup.md"] {
        assert!(text.contains(part), "{text}");
    }
}

#[tokio::test]
async fn each_kind_of_decision_makes_an_older_copy_known() {
    for kind in ["seal", "settle", "pass over", "pause", "delete", "account"] {
        let (folder, path) = place();
        let catalog = open(&path).await;
        let job = add_job(&catalog).await;
        catalog.seal(&batch(job.id, 0, 5), NOW).await.unwrap();
        let backup = folder.path().join("backup.db");
        back_up(&path, &backup).await.unwrap();
        match kind {
            "seal" => catalog.seal(&batch(job.id, 5, 6), NOW).await.unwrap(),
            "settle" => catalog.settle(job.id, LANE, Offset(0), delivered()).await.unwrap(),
            "pass over" => {
                let frames = OffsetRange::new(Offset(5), Offset(6));
                assert_eq!(catalog.pass_over(&[(job.id, LANE, frames)]).await.unwrap(), 1);
            }
            "pause" => {
                let paused = change(&job, "", false);
                catalog.change_job(job.id, job.revision, paused, &[], &by(NOW)).await.unwrap();
            }
            "delete" => catalog.delete_job(job.id, &by(NOW)).await.unwrap(),
            _ => {
                let id = model::Id::from_bytes([9; 16]);
                catalog::Tenants::add_account(&catalog, id, "x", "e", &by(NOW)).await.unwrap();
            }
        }
        catalog.finish(NOW).await.unwrap();
        restore(&backup, &path);
        let error = refused(&path).await;
        assert!(matches!(error, CatalogError::Older { .. }), "{kind}: {error}");
    }
}

#[tokio::test]
async fn an_accepted_backup_delivers_nothing_twice_and_nothing_is_lost() {
    let (folder, path) = place();
    let catalog = open(&path).await;
    let job = add_job(&catalog).await.id;
    deliver(&catalog, job, 0, 5).await;
    catalog.seal(&batch(job, 5, 9), NOW).await.unwrap();
    let backup = folder.path().join("backup.db");
    back_up(&path, &backup).await.unwrap();

    catalog.settle(job, LANE, Offset(5), delivered()).await.unwrap();
    deliver(&catalog, job, 9, 20).await;
    catalog.seal(&batch(job, 20, 30), NOW).await.unwrap();
    let (cursors, undelivered) =
        (catalog.all_cursors().await.unwrap(), catalog.undelivered(None).await.unwrap());
    catalog.finish(NOW).await.unwrap();

    restore(&backup, &path);
    let (catalog, done) = accepted(&path).await;
    assert_eq!(catalog.all_cursors().await.unwrap(), cursors);
    assert_eq!(catalog.undelivered(None).await.unwrap(), undelivered);
    let expected = BroughtForward {
        as_of: NOW,
        is_final: true,
        lanes: 1,
        batches: 1,
        paused: vec![],
        lost: vec![],
        again: vec![],
    };
    assert_eq!(done, expected);
    assert!(catalog.job(job).await.unwrap().enabled);
    catalog.settle(job, LANE, Offset(20), delivered()).await.unwrap();
    catalog.close().await;
    // From now on it is the newest.
    assert_eq!(open(&path).await.brought_forward(), None);
}

#[tokio::test]
async fn after_a_crash_the_mark_does_not_claim_to_be_the_last_word() {
    let (folder, path) = place();
    let catalog = open(&path).await;
    let job = add_job(&catalog).await.id;
    let backup = folder.path().join("backup.db");
    back_up(&path, &backup).await.unwrap();
    deliver(&catalog, job, 0, 5).await;
    let mark = catalog.mark(NOW).await.unwrap().unwrap();
    mark.write(&Mark::path_of(&path)).unwrap();
    deliver(&catalog, job, 5, 9).await;
    catalog.close().await;
    restore(&backup, &path);
    let (catalog, done) = accepted(&path).await;
    assert!(!done.is_final);
    assert_eq!(catalog.cursors(job).await.unwrap()[0].next, Offset(5));
}

#[tokio::test]
async fn jobs_that_were_decided_about_since_the_backup_are_paused() {
    let (folder, path) = place();
    let catalog = open(&path).await;
    let changed = add_job(&catalog).await;
    let scope = changed.scope;
    let [paused, deleted, kept] = add_three(&catalog, scope, &changed).await;
    let backup = folder.path().join("backup.db");
    back_up(&path, &backup).await.unwrap();

    let other = change(&changed, "other", true);
    catalog.change_job(changed.id, Revision(1), other, &[], &by(NOW)).await.unwrap();
    let mut of_other = batch(changed.id, 0, 4);
    of_other.revision = Revision(2);
    catalog.seal(&of_other, NOW).await.unwrap();
    let pause = change(&paused, "", false);
    catalog.change_job(paused.id, Revision(1), pause, &[], &by(NOW)).await.unwrap();
    catalog.delete_job(deleted.id, &by(NOW)).await.unwrap();
    let new = catalog.add_job(scope, change(&changed, "", true), &[], &by(NOW)).await.unwrap();
    catalog.finish(NOW).await.unwrap();

    restore(&backup, &path);
    let (catalog, done) = accepted(&path).await;
    assert_eq!(done.paused, [changed.id, paused.id, deleted.id]);
    assert_eq!(done.lost, [new.id]);
    // What the lost revision sealed cannot be made again: its frames are read once more.
    let frames = OffsetRange::new(Offset(0), Offset(4));
    assert_eq!(done.again, [(changed.id, LANE, frames)]);
    for job in &done.paused {
        assert!(!catalog.job(*job).await.unwrap().enabled);
        let events = catalog.events(*job, Page::ALL).await.unwrap().items;
        assert!(events.iter().any(|event| event.kind == "restored"), "{events:?}");
    }
    assert!(catalog.job(kept.id).await.unwrap().enabled);
    let next = catalog.add_job(scope, change(&changed, "", true), &[], &by(NOW)).await.unwrap();
    assert!(next.id > new.id, "the number {} was given twice", next.id);
}

async fn add_three(catalog: &SqliteCatalog, scope: Scope, like: &Job) -> [Job; 3] {
    let mut jobs = Vec::new();
    for _ in 0..3 {
        let begin = [catalog::Cursor { partition: LANE, next: Offset(0) }];
        let change = change(like, "", true);
        jobs.push(catalog.add_job(scope, change, &begin, &by(NOW)).await.unwrap());
    }
    jobs.try_into().unwrap()
}

#[tokio::test]
async fn another_installations_catalogue_is_refused() {
    let (_folder, path) = place();
    add_job(&open(&path).await).await;
    let (_other_folder, other) = place();
    let catalog = open(&other).await;
    add_job(&catalog).await;
    catalog.close().await;
    fs::copy(&other, &path).unwrap();
    for suffix in ["-wal", "-shm"] {
        fs::remove_file(format!("{}{suffix}", path.display())).ok();
    }
    let error = refused(&path).await;
    assert!(matches!(error, CatalogError::OtherInstallation { .. }), "{error}");
    let accepted = SqliteCatalog::open_or(Older::Accepted, &path, vault(), NOW).await;
    assert!(matches!(accepted, Err(CatalogError::OtherInstallation { .. })));
}

#[tokio::test]
async fn a_catalogue_that_has_lost_jobs_is_refused_and_one_that_deleted_them_is_not() {
    let (_folder, path) = place();
    let catalog = open(&path).await;
    let job = add_job(&catalog).await;
    let [other, ..] = add_three(&catalog, job.scope, &job).await;
    catalog.delete_job(other.id, &by(NOW)).await.unwrap();
    catalog.finish(NOW).await.unwrap();
    open(&path).await.finish(NOW).await.unwrap();

    let mut connection = sqlite(&path).await;
    let lose = "DELETE FROM job WHERE id = 1";
    sqlx::raw_sql(lose).execute(&mut connection).await.unwrap();
    sqlx::Connection::close(connection).await.unwrap();
    let error = refused(&path).await;
    assert!(matches!(error, CatalogError::Damaged(_)), "{error}");
    let text = error.to_string();
    assert!(text.contains("lost 1 of the 3 jobs") && text.contains("backup"), "{text}");
}

#[tokio::test]
async fn a_catalogue_that_is_gone_while_its_mark_is_there_is_not_made_anew() {
    let (_folder, path) = place();
    let catalog = open(&path).await;
    add_job(&catalog).await;
    catalog.finish(NOW).await.unwrap();
    fs::remove_file(&path).unwrap();
    for older in [Older::Refused, Older::Accepted] {
        let error = SqliteCatalog::open_or(older, &path, vault(), NOW).await.unwrap_err();
        assert!(error.to_string().contains("catalog.mark"), "{error}");
        assert!(!path.exists());
    }
}

#[tokio::test]
async fn a_damaged_mark_is_refused() {
    let (_folder, path) = place();
    let catalog = open(&path).await;
    add_job(&catalog).await;
    catalog.finish(NOW).await.unwrap();
    let mark = Mark::path_of(&path);
    let whole = fs::read_to_string(&mark).unwrap();
    fs::write(&mark, &whole[..whole.len() / 2]).unwrap();
    let error = refused(&path).await;
    assert!(matches!(error, CatalogError::Mark { .. }), "{error}");
    fs::write(&mark, whole).unwrap();
    open(&path).await;
}
