//! Changes of the ledger that wait at the same time and share a transaction.

use std::future::ready;
use std::time::{Duration, Instant};

use catalog::{CatalogError, Cursor, Delivered, Ledger, SqliteCatalog};
use model::{JobId, Offset, Partition, Revision};
use sqlx::SqlitePool;

use super::{NOW, add_job, batch, open, place};

const P0: Partition = Partition(0);

fn delivered() -> Delivered {
    Delivered {
        at: NOW,
        object_bytes: 5,
        etag: "e".to_owned(),
        checksum: None,
        attempts: 1,
        duration_millis: 9,
    }
}

async fn cursor(catalog: &SqliteCatalog, job: JobId) -> u64 {
    catalog.cursors(job).await.unwrap()[0].next.0
}

/// Frames that the job's undelivered batches begin at.
async fn sealed(catalog: &SqliteCatalog, job: JobId) -> Vec<u64> {
    let batches = catalog.undelivered(Some(job)).await.unwrap();
    batches.iter().map(|batch| batch.range.first.0).collect()
}

#[tokio::test]
async fn a_job_s_steps_are_taken_in_their_order() {
    let (_folder, path) = place();
    let catalog = open(&path).await;
    let job = add_job(&catalog).await.id;
    let (one, two, three) = (batch(job, 0, 4), batch(job, 4, 5), batch(job, 5, 9));
    let taken = tokio::join!(
        catalog.seal(&one, NOW),
        catalog.seal(&two, NOW),
        catalog.settle(job, P0, Offset(0), delivered()),
        catalog.seal(&three, NOW),
        catalog.unseal(job, P0, Offset(4)),
        catalog.seal(&two, NOW),
    );
    for taken in <[_; 6]>::from(taken) {
        taken.unwrap();
    }
    assert_eq!((sealed(&catalog, job).await, cursor(&catalog, job).await), (vec![4], 5));
    assert_eq!(catalog.totals(job).await.unwrap().batches, 1);
}

#[tokio::test]
async fn a_step_that_follows_another_closely_waits_for_what_else_comes() {
    let (_folder, path) = place();
    let catalog = open(&path).await;
    let job = add_job(&catalog).await.id;
    let begun = Instant::now();
    catalog.seal(&batch(job, 0, 4), NOW).await.unwrap();
    catalog.seal(&batch(job, 4, 5), NOW).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(4), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_step_that_is_refused_costs_the_others_of_its_group_nothing() {
    let (_folder, path) = place();
    let catalog = open(&path).await;
    let job = add_job(&catalog).await.id;
    let (one, two) = (batch(job, 0, 4), batch(job, 4, 5));
    let unknown = model::Batch { revision: Revision(7), ..batch(job, 4, 8) };
    let taken = tokio::join!(
        catalog.seal(&one, NOW),
        catalog.seal(&one, NOW),
        catalog.seal(&unknown, NOW),
        catalog.settle(job, P0, Offset(3), delivered()),
        catalog.seal(&two, NOW),
        catalog.settle(job, P0, Offset(0), delivered()),
    );
    let (first, fenced, unknown, missing, second, settled) = taken;
    for taken in [first, second, settled] {
        taken.unwrap();
    }
    assert!(matches!(fenced, Err(CatalogError::Fenced(_))), "{fenced:?}");
    assert!(matches!(unknown, Err(CatalogError::NotFound { what: "revision", .. })));
    assert!(matches!(missing, Err(CatalogError::NotFound { what: "batch", .. })));
    assert_eq!((sealed(&catalog, job).await, cursor(&catalog, job).await), (vec![4], 5));
    assert_eq!(catalog.totals(job).await.unwrap().records, one.records);
}

#[tokio::test]
async fn a_group_that_cannot_be_committed_is_told_to_all_and_leaves_nothing() {
    let (_folder, path) = place();
    let catalog = open(&path).await;
    let job = add_job(&catalog).await.id;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path);
    let pool = SqlitePool::connect_with(options).await.unwrap();
    // A constraint that is looked at as late as in the commit.
    sqlx::query(
        "CREATE TRIGGER no_commit AFTER INSERT ON batch WHEN NEW.first = 4
         BEGIN UPDATE job SET revision = 99; END",
    )
    .execute(&pool)
    .await
    .unwrap();
    let (one, two, three) = (batch(job, 0, 4), batch(job, 4, 5), batch(job, 5, 9));
    let taken = tokio::join!(
        catalog.seal(&one, NOW),
        catalog.seal(&two, NOW),
        catalog.seal(&three, NOW),
        catalog.settle(job, P0, Offset(0), delivered()),
    );
    for taken in <[_; 4]>::from(taken) {
        assert!(matches!(taken, Err(CatalogError::Database { .. })), "{taken:?}");
    }
    assert_eq!((sealed(&catalog, job).await, cursor(&catalog, job).await), (vec![], 0));
    catalog.seal(&one, NOW).await.unwrap();
    assert_eq!(sealed(&catalog, job).await, [0]);
}

#[tokio::test]
async fn who_was_superseded_is_told_so_with_the_whole_group() {
    let (_folder, path) = place();
    let (before, after) = (open(&path).await, open(&path).await);
    let job = add_job(&before).await.id;
    before.take_over().await.unwrap();
    after.take_over().await.unwrap();
    let (one, two) = (batch(job, 0, 4), batch(job, 4, 5));
    let taken = tokio::join!(before.seal(&one, NOW), before.seal(&two, NOW));
    for taken in <[_; 2]>::from(taken) {
        assert!(matches!(taken, Err(CatalogError::Superseded { mine: 1, newest: 2 })));
    }
    let stands = Cursor { partition: P0, next: Offset(0) };
    assert_eq!(after.cursors(job).await.unwrap(), [stands]);
}

#[tokio::test]
async fn who_goes_before_the_writer_is_free_has_asked_for_nothing() {
    let (_folder, path) = place();
    let catalog = open(&path).await;
    let job = add_job(&catalog).await.id;
    let (gone, stays) = (batch(job, 0, 9), batch(job, 0, 4));
    let stayed = async {
        tokio::select! {
            biased;
            sealed = catalog.seal(&gone, NOW) => panic!("{sealed:?} at once"),
            () = ready(()) => {}
        }
        catalog.seal(&stays, NOW).await
    };
    stayed.await.unwrap();
    assert_eq!((sealed(&catalog, job).await, cursor(&catalog, job).await), (vec![0], 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_goes_half_way_takes_nobody_along() {
    let (_folder, path) = place();
    let catalog = open(&path).await;
    let job = add_job(&catalog).await.id;
    let mut next = 0;
    for round in 0..60 {
        let (impatient, lasting) = (batch(job, next, next + 1), batch(job, next + 1, next + 2));
        let patience = Duration::from_micros(round * 20);
        let (_, lasted) = tokio::join!(
            tokio::time::timeout(patience, catalog.seal(&impatient, NOW)),
            catalog.seal(&lasting, NOW),
        );
        let stands = cursor(&catalog, job).await;
        match lasted {
            Ok(()) => assert_eq!(stands, next + 2, "what was answered stands, and what it needs"),
            Err(CatalogError::Fenced(_)) => assert_eq!(stands, next, "the one before it went"),
            Err(error) => panic!("{error}"),
        }
        next = stands;
        assert_eq!(sealed(&catalog, job).await, (0..next).collect::<Vec<_>>());
    }
}
