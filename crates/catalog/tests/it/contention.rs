//! Several at once: tasks on one catalogue, and two catalogues on one file.

use std::sync::Arc;
use std::time::Duration;

use catalog::{CatalogError, Jobs, Ledger, SqliteCatalog};
use model::{Offset, OffsetRange, Partition};

use super::{NOW, add_job, batch, open, place};

/// Two sealers race for each frame: every frame is sealed once, and the loser is told.
async fn race(one: Arc<SqliteCatalog>, other: Arc<SqliteCatalog>) {
    const FRAMES: u64 = 30;
    let job = add_job(&one).await.id;
    let racer = |catalog: Arc<SqliteCatalog>| {
        tokio::spawn(async move {
            let mut won = 0;
            for first in 0..FRAMES {
                match catalog.seal(&batch(job, first, first + 1), NOW).await {
                    Ok(()) => won += 1,
                    Err(CatalogError::Fenced(_)) => {}
                    Err(error) => panic!("{error}"),
                }
                while catalog.cursors(job).await.unwrap()[0].next <= Offset(first) {
                    tokio::task::yield_now().await;
                }
            }
            won
        })
    };
    let racers = [racer(Arc::clone(&one)), racer(other)];
    let mut won = 0;
    for racer in racers {
        won += racer.await.unwrap();
    }
    assert_eq!(won, FRAMES);
    let sealed = one.undelivered(None).await.unwrap();
    let firsts: Vec<_> = sealed.iter().map(|batch| batch.range.first.0).collect();
    assert_eq!(firsts, (0..FRAMES).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_that_race_seal_each_frame_once() {
    let (_folder, path) = place();
    let catalog = Arc::new(open(&path).await);
    race(Arc::clone(&catalog), catalog).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn catalogues_that_race_seal_each_frame_once() {
    let (_folder, path) = place();
    race(Arc::new(open(&path).await), Arc::new(open(&path).await)).await;
}

#[tokio::test]
async fn a_call_that_is_dropped_half_way_leaves_no_half() {
    let (_folder, path) = place();
    let catalog = open(&path).await;
    let job = add_job(&catalog).await.id;
    let mut next = 0;
    for round in 0..40 {
        let sealed = batch(job, next, next + 1);
        let patience = Duration::from_micros(round * 25);
        // Out of patience, it drops the call, wherever that is.
        tokio::time::timeout(patience, catalog.seal(&sealed, NOW)).await.ok();
        // Waits for the writer's turn, after whatever is left of the dropped call.
        catalog.pass_over(&[]).await.unwrap();
        let undelivered = catalog.undelivered(None).await.unwrap().len() as u64;
        next = catalog.cursors(job).await.unwrap()[0].next.0;
        assert_eq!(undelivered, next, "a cursor and its batches move together");
    }
    let passed = OffsetRange::new(Offset(next), Offset(next + 1));
    assert_eq!(catalog.pass_over(&[(job, Partition(0), passed)]).await.unwrap(), 1);
}

#[tokio::test]
async fn readers_do_not_wait_for_a_writer() {
    let (_folder, path) = place();
    let catalog = open(&path).await;
    add_job(&catalog).await;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path);
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    let writing = pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
    assert_eq!(catalog.jobs(None).await.unwrap().len(), 1);
    drop(writing);
}
