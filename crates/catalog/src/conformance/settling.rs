//! What every backend promises of deliveries, losses and lists of batches.

use model::{Batch, JobId, Offset, OffsetRange, Partition};

use super::{
    assert_fenced, assert_not_found, at, batch, by, cursor, delivered, failure, job, seal, settle,
};
use crate::{BatchState, Catalog, Loss, Page, Totals};

fn loss(job: JobId, first: u64, next: u64) -> Loss {
    let range = OffsetRange::new(Offset(first), Offset(next));
    Loss { job, partition: Partition(0), range, records: next - first, at: at(first as i64) }
}

/// States of a job's batches, newest seal first.
async fn states(catalog: &dyn Catalog, job: JobId) -> Vec<BatchState> {
    let batches = catalog.batches(job, Page::ALL).await.unwrap();
    assert_eq!(batches.total, batches.items.len() as u64);
    batches.items.into_iter().map(|record| record.state).collect()
}

pub async fn a_settled_batch_is_delivered(catalog: &dyn Catalog) {
    let job = job(catalog, 1).await.id;
    assert_eq!(catalog.totals(job).await.unwrap(), Totals::default());
    let sealed = batch(job, 0, 5);
    seal(catalog, &sealed).await;
    assert_eq!(catalog.totals(job).await.unwrap(), Totals::default(), "sealed is not delivered");

    catalog.settle(job, Partition(0), Offset(0), delivered(9)).await.unwrap();
    assert_eq!(states(catalog, job).await, [BatchState::Delivered(delivered(9))]);
    assert_eq!(catalog.undelivered(None).await.unwrap(), []);
    assert_eq!(catalog.job(job).await.unwrap().last_complete, Some(sealed.end));
    let totals = Totals { batches: 1, records: 5, raw_bytes: 50, object_bytes: 5 };
    assert_eq!(catalog.totals(job).await.unwrap(), totals);
}

pub async fn settling_again_changes_nothing(catalog: &dyn Catalog) {
    let job = job(catalog, 1).await.id;
    seal(catalog, &batch(job, 0, 5)).await;
    catalog.settle(job, Partition(0), Offset(0), delivered(9)).await.unwrap();
    catalog.note_failure(job, failure(10, "access denied")).await.unwrap();
    let (then, totals) = (catalog.job(job).await.unwrap(), catalog.totals(job).await.unwrap());

    catalog.settle(job, Partition(0), Offset(0), delivered(99)).await.unwrap();
    assert_eq!(states(catalog, job).await, [BatchState::Delivered(delivered(9))]);
    assert_eq!(catalog.job(job).await.unwrap(), then);
    assert_eq!(catalog.totals(job).await.unwrap(), totals);
}

pub async fn last_complete_never_goes_back(catalog: &dyn Catalog) {
    let job = job(catalog, 1).await.id;
    let (older, newer) = (batch(job, 0, 5), batch(job, 5, 9));
    for batch in [&older, &newer] {
        seal(catalog, batch).await;
    }
    settle(catalog, &newer).await;
    settle(catalog, &older).await;
    assert_eq!(catalog.job(job).await.unwrap().last_complete, Some(newer.end));
}

pub async fn a_delivery_clears_the_failure(catalog: &dyn Catalog) {
    let job = job(catalog, 1).await.id;
    seal(catalog, &batch(job, 0, 5)).await;
    catalog.note_failure(job, failure(1, "access denied")).await.unwrap();
    settle(catalog, &batch(job, 0, 5)).await;
    assert_eq!(catalog.job(job).await.unwrap().failure, None);
}

pub async fn a_deleted_job_still_settles(catalog: &dyn Catalog) {
    let job = job(catalog, 1).await.id;
    let sealed = batch(job, 0, 5);
    seal(catalog, &sealed).await;
    catalog.delete_job(job, &by(at(1))).await.unwrap();
    assert_eq!(catalog.undelivered(Some(job)).await.unwrap(), std::slice::from_ref(&sealed));
    settle(catalog, &sealed).await;
    assert_eq!(catalog.undelivered(Some(job)).await.unwrap(), []);
    assert_eq!(catalog.totals(job).await.unwrap().batches, 1);
}

pub async fn a_batch_that_is_not_there_cannot_be_settled(catalog: &dyn Catalog) {
    let job = job(catalog, 1).await.id;
    seal(catalog, &batch(job, 0, 5)).await;
    for (job, partition, first) in [(job, 0, 1), (job, 1, 0), (JobId(99), 0, 0)] {
        let missing = catalog.settle(job, Partition(partition), Offset(first), delivered(9)).await;
        assert_not_found(missing, "batch");
    }
    assert_eq!(catalog.totals(job).await.unwrap(), Totals::default());
}

pub async fn totals_are_of_one_job(catalog: &dyn Catalog) {
    let (one, two) = (job(catalog, 1).await.id, job(catalog, 2).await.id);
    for batch in [batch(one, 0, 5), batch(one, 5, 6), batch(two, 0, 2)] {
        seal(catalog, &batch).await;
        settle(catalog, &batch).await;
    }
    let totals = Totals { batches: 2, records: 6, raw_bytes: 60, object_bytes: 10 };
    assert_eq!(catalog.totals(one).await.unwrap(), totals);
    let totals = Totals { batches: 1, records: 2, raw_bytes: 20, object_bytes: 5 };
    assert_eq!(catalog.totals(two).await.unwrap(), totals);
    assert_not_found(catalog.totals(JobId(99)).await, "job");
}

pub async fn undelivered_batches_come_in_order(catalog: &dyn Catalog) {
    let (one, two) = (job(catalog, 1).await.id, job(catalog, 2).await.id);
    let in_partition_1 = |batch| Batch { partition: Partition(1), ..batch };
    let sealed = [
        batch(two, 0, 5),
        in_partition_1(batch(one, 0, 3)),
        batch(one, 0, 2),
        batch(one, 2, 11),
        batch(one, 11, 12),
    ];
    for batch in &sealed {
        seal(catalog, batch).await;
    }
    settle(catalog, &sealed[3]).await;
    let [b0, b1, b2, _, b4] = sealed;
    let of_one = [b2, b4, b1];
    assert_eq!(catalog.undelivered(Some(one)).await.unwrap(), of_one);
    let [b2, b4, b1] = of_one;
    assert_eq!(catalog.undelivered(None).await.unwrap(), [b2, b4, b1, b0]);
}

pub async fn undelivered_batches_of_deleted_jobs_are_left_out(catalog: &dyn Catalog) {
    let (gone, kept) = (job(catalog, 1).await.id, job(catalog, 2).await.id);
    for job in [gone, kept] {
        seal(catalog, &batch(job, 0, 5)).await;
    }
    catalog.delete_job(gone, &by(at(1))).await.unwrap();
    assert_eq!(catalog.undelivered(None).await.unwrap(), [batch(kept, 0, 5)]);
}

pub async fn batches_are_listed_newest_seal_first(catalog: &dyn Catalog) {
    let (job, other) = (job(catalog, 1).await.id, job(catalog, 2).await.id);
    let in_partition_1 = |batch| Batch { partition: Partition(1), ..batch };
    let sealed = [
        batch(job, 0, 5),
        in_partition_1(batch(job, 0, 6)),
        batch(job, 5, 7),
        in_partition_1(batch(job, 6, 8)),
        batch(other, 0, 9),
    ];
    for batch in &sealed {
        seal(catalog, batch).await;
    }
    settle(catalog, &sealed[0]).await;
    catalog.give_up(&loss(job, 5, 7)).await.unwrap();
    let page = async |number| {
        let page = catalog.batches(job, Page { number, size: 3 }).await.unwrap();
        assert_eq!(page.total, 4);
        page.items.into_iter().map(|record| record.batch).collect::<Vec<_>>()
    };
    let [b0, b1, b2, b3, _] = sealed;
    assert_eq!(page(1).await, [b3, b2, b1]);
    assert_eq!(page(2).await, [b0]);
    assert_eq!(page(3).await, []);
    assert_eq!(catalog.batches(JobId(99), Page::ALL).await.unwrap().total, 0);
}

pub async fn batches_are_walked_through_by_partition_and_frame(catalog: &dyn Catalog) {
    let (job, other) = (job(catalog, 1).await.id, job(catalog, 2).await.id);
    let in_partition_1 = |batch| Batch { partition: Partition(1), ..batch };
    let sealed = [
        in_partition_1(batch(job, 0, 6)),
        batch(job, 0, 5),
        batch(job, 5, 7),
        batch(job, 7, 11),
        batch(other, 0, 9),
    ];
    for batch in &sealed {
        seal(catalog, batch).await;
    }
    settle(catalog, &sealed[1]).await;
    catalog.give_up(&loss(job, 5, 7)).await.unwrap();
    let walk = async |partition, first, limit| {
        let from = (Partition(partition), Offset(first));
        catalog.batches_in_order(job, from, limit).await.unwrap()
    };
    let all = walk(0, 0, 100).await;
    let batches: Vec<Batch> = all.iter().map(|record| record.batch.clone()).collect();
    let [p1, b0, b5, b7, _] = sealed;
    assert_eq!(batches, [b0, b5, b7, p1]);
    let states = all.iter().map(|record| record.state.clone()).collect::<Vec<_>>();
    let delivered = BatchState::Delivered(delivered(1000));
    assert_eq!(states, [delivered, BatchState::Lost, BatchState::Sealed, BatchState::Sealed]);
    assert_eq!(walk(0, 5, 2).await, all[1..3]);
    assert_eq!(walk(0, 6, 100).await, all[2..]);
    assert_eq!(walk(0, 8, 100).await, all[3..]);
    assert_eq!(walk(1, 1, 100).await, []);
    assert_eq!(walk(0, 0, 0).await, []);
    catalog.delete_job(job, &by(at(1))).await.unwrap();
    assert_eq!(walk(0, 0, 100).await, all);
}

pub async fn giving_up_moves_the_cursor_from_within(catalog: &dyn Catalog) {
    let job = job(catalog, 1).await.id;
    for (first, next) in [(0, 5), (3, 9)] {
        catalog.give_up(&loss(job, first, next)).await.unwrap();
        let cursors = catalog.cursors(job).await.unwrap();
        assert_eq!(cursors, [cursor(0, next), cursor(1, 0)]);
    }
}

pub async fn giving_up_leaves_a_cursor_outside(catalog: &dyn Catalog) {
    let job = job(catalog, 1).await.id;
    seal(catalog, &batch(job, 0, 5)).await;
    for (first, next) in [(0, 3), (0, 5), (6, 9)] {
        catalog.give_up(&loss(job, first, next)).await.unwrap();
        assert_eq!(catalog.cursors(job).await.unwrap(), [cursor(0, 5), cursor(1, 0)]);
    }
    assert_not_found(catalog.give_up(&loss(JobId(99), 0, 5)).await, "job");
}

pub async fn batches_in_a_loss_are_lost(catalog: &dyn Catalog) {
    let job = job(catalog, 1).await.id;
    let batches = [batch(job, 0, 2), batch(job, 2, 4), batch(job, 4, 6), batch(job, 6, 8)];
    for batch in &batches {
        seal(catalog, batch).await;
    }
    settle(catalog, &batches[0]).await;
    catalog.give_up(&loss(job, 0, 5)).await.unwrap();
    let settled = delivered(1000);
    let expected = [
        BatchState::Sealed,
        BatchState::Lost,
        BatchState::Lost,
        BatchState::Delivered(settled.clone()),
    ];
    assert_eq!(states(catalog, job).await, expected);
    assert_eq!(catalog.undelivered(None).await.unwrap(), [batch(job, 6, 8)]);
    assert_fenced(&catalog.settle(job, Partition(0), Offset(2), settled).await);
    assert_eq!(catalog.totals(job).await.unwrap().batches, 1);
}

pub async fn giving_up_again_changes_nothing(catalog: &dyn Catalog) {
    let job = job(catalog, 1).await.id;
    catalog.give_up(&loss(job, 0, 5)).await.unwrap();
    let late = Loss { at: at(99), records: 1, ..loss(job, 0, 5) };
    catalog.give_up(&late).await.unwrap();
    assert_eq!(catalog.losses(job).await.unwrap(), [loss(job, 0, 5)]);
}

pub async fn losses_are_listed_newest_first(catalog: &dyn Catalog) {
    let (job, other) = (job(catalog, 1).await.id, job(catalog, 2).await.id);
    for loss in [loss(job, 0, 5), loss(job, 5, 9), loss(other, 0, 5)] {
        catalog.give_up(&loss).await.unwrap();
    }
    let expected = [loss(job, 5, 9), loss(job, 0, 5)];
    assert_eq!(catalog.losses(job).await.unwrap(), expected);
    assert_eq!(catalog.losses(JobId(99)).await.unwrap(), []);
}
