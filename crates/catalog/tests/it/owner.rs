//! Two processes on one catalogue: whoever took the ledger over last owns it, and whoever owned it
//! before can change nothing of it any more.

use catalog::{CatalogError, Cursor, Delivered, Jobs, Ledger, Loss, OpenUpload, UploadedPart};
use model::{JobId, Offset, OffsetRange, Partition, Revision};

use super::{NOW, add_job, batch, by, open, place};

const P0: Partition = Partition(0);

fn upload(job: JobId) -> OpenUpload {
    OpenUpload {
        job,
        revision: Revision(1),
        partition: P0,
        first: Offset(0),
        upload_id: "an id".to_owned(),
        key: "a key".to_owned(),
        part_bytes: 100,
        parts: Vec::new(),
    }
}

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

/// Tries everything that changes a ledger in which a batch of frames 0 to 5 is sealed.
async fn try_all(ledger: &dyn Ledger, job: JobId) -> Vec<Result<(), CatalogError>> {
    let range = |first, next| OffsetRange::new(Offset(first), Offset(next));
    let loss = Loss { job, partition: P0, range: range(0, 5), records: 5, at: NOW };
    let part = UploadedPart { number: 1, etag: "p".to_owned(), checksum: None, bytes: 100 };
    vec![
        ledger.check_owner().await,
        ledger.begin(job, &[Cursor { partition: Partition(1), next: Offset(3) }]).await,
        ledger.seal(&batch(job, 5, 9), NOW).await,
        ledger.pass_over(&[(job, P0, range(9, 12))]).await.map(drop),
        ledger.open_upload(&upload(job)).await,
        ledger.note_part(job, P0, Offset(0), "an id", part).await,
        ledger.close_upload(job, P0, Offset(0), "an id").await,
        ledger.unseal(job, P0, Offset(5)).await,
        ledger.settle(job, P0, Offset(0), delivered()).await,
        ledger.give_up(&loss).await,
    ]
}

#[tokio::test]
async fn who_was_superseded_can_change_nothing_and_who_took_over_everything() {
    let (_folder, path) = place();
    let (before, after) = (open(&path).await, open(&path).await);
    let job = add_job(&before).await.id;
    before.take_over().await.unwrap();
    before.seal(&batch(job, 0, 5), NOW).await.unwrap();
    after.take_over().await.unwrap();

    for tried in try_all(&before, job).await {
        let error = tried.unwrap_err();
        assert!(matches!(error, CatalogError::Superseded { mine: 1, newest: 2 }), "{error}");
        assert!(error.to_string().contains("stop this one"), "{error}");
    }
    let cursors = after.cursors(job).await.unwrap();
    assert_eq!(cursors, [Cursor { partition: P0, next: Offset(5) }]);
    assert_eq!(after.undelivered(None).await.unwrap(), [batch(job, 0, 5)]);
    assert_eq!(
        (after.open_uploads(None).await.unwrap(), after.losses(job).await.unwrap()),
        (vec![], vec![])
    );

    for tried in try_all(&after, job).await {
        tried.unwrap();
    }
    // What is not the ledger's is not fenced: a customer may ask either process.
    before.delete_job(job, &by(NOW)).await.unwrap();
}

#[tokio::test]
async fn an_owner_that_starts_again_goes_on() {
    let (_folder, path) = place();
    let (one, other) = (open(&path).await, open(&path).await);
    let job = add_job(&one).await.id;
    for catalog in [&one, &other, &one, &one] {
        catalog.take_over().await.unwrap();
        catalog.check_owner().await.unwrap();
    }
    one.seal(&batch(job, 0, 5), NOW).await.unwrap();
    assert!(other.seal(&batch(job, 5, 9), NOW).await.is_err());
    drop(one);
    let later = open(&path).await;
    later.seal(&batch(job, 5, 9), NOW).await.expect("who never took over is not compared");
    assert!(matches!(other.check_owner().await, Err(CatalogError::Superseded { newest: 4, .. })));
}
