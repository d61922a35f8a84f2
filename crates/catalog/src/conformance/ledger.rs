//! What every backend promises of cursors and seals.

use model::{Batch, JobId, Offset, OffsetRange, Partition, Revision};

use super::{
    assert_conflict, assert_fenced, assert_not_found, at, batch, by, change, cursor, delivered,
    job, seal, settle,
};
use crate::{BatchState, Catalog, Loss, Page};

async fn next(catalog: &dyn Catalog, job: JobId) -> [u64; 2] {
    let cursors = catalog.cursors(job).await.unwrap();
    assert_eq!(cursors.len(), 2);
    [cursors[0].next.0, cursors[1].next.0]
}

pub async fn an_owner_goes_on_after_taking_over_again(catalog: &dyn Catalog) {
    let job = job(catalog, 1).await.id;
    catalog.check_owner().await.unwrap();
    for first in 0..3 {
        catalog.take_over().await.unwrap();
        catalog.check_owner().await.unwrap();
        seal(catalog, &batch(job, first, first + 1)).await;
    }
    assert_eq!(next(catalog, job).await, [3, 0]);
}

pub async fn a_cursor_that_exists_stays(catalog: &dyn Catalog) {
    let job = job(catalog, 1).await.id;
    catalog.begin(job, &[cursor(1, 9), cursor(2, 4)]).await.unwrap();
    let cursors = [cursor(0, 0), cursor(1, 0), cursor(2, 4)];
    assert_eq!(catalog.cursors(job).await.unwrap(), cursors);
    assert_not_found(catalog.begin(JobId(99), &[cursor(0, 0)]).await, "job");
}

pub async fn cursors_of_deleted_jobs_are_left_out(catalog: &dyn Catalog) {
    let (gone, kept) = (job(catalog, 1).await.id, job(catalog, 2).await.id);
    catalog.delete_job(gone, &by(at(1))).await.unwrap();
    let all = catalog.all_cursors().await.unwrap();
    assert_eq!(all, [(kept, cursor(0, 0)), (kept, cursor(1, 0))]);
}

pub async fn a_seal_moves_the_cursor(catalog: &dyn Catalog) {
    let job = job(catalog, 1).await.id;
    let sealed = batch(job, 0, 5);
    catalog.seal(&sealed, at(5)).await.unwrap();
    assert_eq!(next(catalog, job).await, [5, 0]);
    assert_eq!(catalog.undelivered(Some(job)).await.unwrap(), std::slice::from_ref(&sealed));
    let record = catalog.batches(job, Page::ALL).await.unwrap().items.remove(0);
    assert_eq!((record.batch, record.sealed_at, record.state), (sealed, at(5), BatchState::Sealed));

    let other = Batch { partition: Partition(1), ..batch(job, 0, 3) };
    catalog.seal(&other, at(6)).await.unwrap();
    assert_eq!(next(catalog, job).await, [5, 3]);
}

pub async fn a_seal_from_elsewhere_is_fenced(catalog: &dyn Catalog) {
    let job = job(catalog, 1).await.id;
    let sealed = batch(job, 0, 5);
    seal(catalog, &sealed).await;
    for (first, next) in [(0, 5), (0, 6), (3, 8), (6, 9)] {
        assert_fenced(&catalog.seal(&batch(job, first, next), at(9)).await);
    }
    let nowhere = Batch { partition: Partition(2), ..batch(job, 0, 5) };
    assert_fenced(&catalog.seal(&nowhere, at(9)).await);
    assert_fenced(&catalog.seal(&batch(JobId(99), 0, 5), at(9)).await);
    assert_eq!(next(catalog, job).await, [5, 0]);
    assert_eq!(catalog.undelivered(None).await.unwrap(), [sealed]);
}

pub async fn of_two_seals_at_once_one_is_fenced(catalog: &dyn Catalog) {
    let job = job(catalog, 1).await.id;
    for first in 0..10 {
        let (short, long) = (batch(job, first, first + 1), batch(job, first, first + 2));
        let (one, other) = tokio::join!(catalog.seal(&short, at(1)), catalog.seal(&long, at(1)));
        let (won, lost) = if one.is_ok() { (short, other) } else { (long, one) };
        assert_fenced(&lost);
        assert_eq!(next(catalog, job).await, [won.range.next.0, 0]);
        assert_eq!(catalog.undelivered(None).await.unwrap(), std::slice::from_ref(&won));
        catalog.unseal(job, Partition(0), Offset(first)).await.unwrap();
        let passed = OffsetRange::new(Offset(first), Offset(first + 1));
        catalog.pass_over(&[(job, Partition(0), passed)]).await.unwrap();
    }
}

pub async fn a_deleted_job_is_fenced(catalog: &dyn Catalog) {
    let job = job(catalog, 1).await.id;
    catalog.delete_job(job, &by(at(1))).await.unwrap();
    assert_fenced(&catalog.seal(&batch(job, 0, 5), at(2)).await);
    let range = OffsetRange::new(Offset(0), Offset(5));
    assert_eq!(catalog.pass_over(&[(job, Partition(0), range)]).await.unwrap(), 0);
    assert_eq!(next(catalog, job).await, [0, 0]);
}

pub async fn a_batch_without_frames_is_refused(catalog: &dyn Catalog) {
    let job = job(catalog, 1).await.id;
    assert_conflict(catalog.seal(&batch(job, 0, 0), at(1)).await, "no frame");
    assert_eq!(catalog.undelivered(None).await.unwrap(), []);
}

pub async fn a_batch_of_an_unknown_revision_is_refused(catalog: &dyn Catalog) {
    let job = job(catalog, 1).await.id;
    let unknown = Batch { revision: Revision(2), ..batch(job, 0, 5) };
    assert_not_found(catalog.seal(&unknown, at(1)).await, "revision");
    assert_eq!(next(catalog, job).await, [0, 0]);
}

pub async fn an_older_revision_may_be_sealed(catalog: &dyn Catalog) {
    let job = job(catalog, 1).await.id;
    let mut other = change();
    other.spec.filter = String::new();
    catalog.change_job(job, Revision(1), other, &[], &by(at(1))).await.unwrap();
    let (old, new) = (batch(job, 0, 5), Batch { revision: Revision(2), ..batch(job, 5, 9) });
    for batch in [&old, &new] {
        seal(catalog, batch).await;
    }
    assert_eq!(catalog.undelivered(None).await.unwrap(), [old, new]);
}

pub async fn only_cursors_that_stand_there_pass_over(catalog: &dyn Catalog) {
    let (one, two) = (job(catalog, 1).await.id, job(catalog, 2).await.id);
    let range = |first, next| OffsetRange::new(Offset(first), Offset(next));
    let passed = [
        (one, Partition(0), range(0, 5)),
        (one, Partition(0), range(5, 7)),
        (one, Partition(1), range(1, 5)),
        (two, Partition(0), range(0, 3)),
        (two, Partition(1), range(0, 0)),
        (two, Partition(7), range(0, 3)),
    ];
    assert_eq!(catalog.pass_over(&passed).await.unwrap(), 3);
    assert_eq!(next(catalog, one).await, [7, 0]);
    assert_eq!(next(catalog, two).await, [3, 0]);

    let back = [(one, Partition(0), range(7, 2))];
    assert_eq!(catalog.pass_over(&back).await.unwrap(), 0, "a cursor never goes back");
    assert_eq!(next(catalog, one).await, [7, 0]);
    assert_eq!(catalog.pass_over(&[]).await.unwrap(), 0);
}

pub async fn unsealed_frames_can_be_sealed_otherwise(catalog: &dyn Catalog) {
    let job = job(catalog, 1).await.id;
    let kept = batch(job, 0, 5);
    for batch in [&kept, &batch(job, 5, 9), &batch(job, 9, 12)] {
        seal(catalog, batch).await;
    }
    catalog.unseal(job, Partition(0), Offset(5)).await.unwrap();
    assert_eq!(next(catalog, job).await, [5, 0]);
    assert_eq!(catalog.undelivered(None).await.unwrap(), std::slice::from_ref(&kept));

    let again = batch(job, 5, 11);
    seal(catalog, &again).await;
    assert_eq!(catalog.undelivered(None).await.unwrap(), [kept, again]);
    assert_eq!(catalog.batches(job, Page::ALL).await.unwrap().total, 2);
}

pub async fn what_is_delivered_is_not_unsealed(catalog: &dyn Catalog) {
    let job = job(catalog, 1).await.id;
    let (first, second) = (batch(job, 0, 5), batch(job, 5, 9));
    for batch in [&first, &second] {
        seal(catalog, batch).await;
    }
    settle(catalog, &second).await;
    assert_fenced(&catalog.unseal(job, Partition(0), Offset(0)).await);
    assert_fenced(&catalog.unseal(job, Partition(0), Offset(5)).await);
    assert_eq!(next(catalog, job).await, [9, 0]);
    assert_eq!(catalog.undelivered(None).await.unwrap(), [first]);
    assert_eq!(catalog.totals(job).await.unwrap().batches, 1);
}

pub async fn what_is_lost_is_not_unsealed(catalog: &dyn Catalog) {
    let job = job(catalog, 1).await.id;
    seal(catalog, &batch(job, 0, 5)).await;
    let range = OffsetRange::new(Offset(0), Offset(5));
    let loss = Loss { job, partition: Partition(0), range, records: 5, at: at(9) };
    catalog.give_up(&loss).await.unwrap();
    assert_fenced(&catalog.unseal(job, Partition(0), Offset(0)).await);
    assert_eq!(next(catalog, job).await, [5, 0]);
}

pub async fn unsealing_begins_where_a_batch_begins(catalog: &dyn Catalog) {
    let job = job(catalog, 1).await.id;
    let sealed = batch(job, 0, 5);
    seal(catalog, &sealed).await;
    for first in [1, 5, 6] {
        assert_fenced(&catalog.unseal(job, Partition(0), Offset(first)).await);
    }
    assert_fenced(&catalog.unseal(job, Partition(1), Offset(0)).await);
    assert_eq!(catalog.undelivered(None).await.unwrap(), [sealed]);
    let missing = catalog.settle(job, Partition(0), Offset(5), delivered(9)).await;
    assert_not_found(missing, "batch");
}
