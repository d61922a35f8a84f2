//! What every backend promises of events, figures, open uploads and what stores can do.

use model::time::NANOS_PER_SECOND;
use model::{JobId, Offset, OffsetRange, Partition, Revision, UnixNanos};

use super::{NOON, assert_fenced, assert_not_found, at, batch, by, delivered, failure, job, seal};
use crate::history::{EVENTS_PER_JOB_MAX, KIND_DROPPED, KIND_RECOVERED, hour_of};
use crate::{
    Capability, Catalog, Delivered, HourFigures, JobEvent, JobFailure, Loss, OpenUpload, Page,
    UploadedPart,
};

const MINUTE: i64 = 60 * NANOS_PER_SECOND;

fn event(minutes: i64, message: &str) -> JobEvent {
    JobEvent::new(at(minutes * MINUTE), "denied", Some(403), message.to_owned())
}

/// Message, count, first and last minute of a job's events, newest first.
async fn events(catalog: &dyn Catalog, job: JobId) -> Vec<(String, u64, i64, i64)> {
    let found = catalog.events(job, Page::ALL).await.unwrap();
    assert_eq!(found.total, found.items.len() as u64);
    let minute = |time: UnixNanos| (time.0 - NOON.0) / MINUTE;
    let told = found.items.into_iter();
    told.map(|event| (event.message, event.count, minute(event.since), minute(event.at))).collect()
}

async fn figures(catalog: &dyn Catalog, job: JobId) -> Vec<HourFigures> {
    catalog.figures(job, UnixNanos::MIN, UnixNanos::MAX).await.unwrap()
}

pub async fn an_event_that_repeats_is_counted(catalog: &dyn Catalog) {
    let (job, other) = (job(catalog, 1).await.id, job(catalog, 2).await.id);
    for (minutes, message) in [(0, "a"), (1, "b"), (9, "a"), (19, "a"), (30, "a"), (31, "b")] {
        catalog.note_event(job, event(minutes, message)).await.unwrap();
    }
    let a_403_of_another_kind = JobEvent { kind: "other".to_owned(), ..event(31, "b") };
    let another_status = JobEvent { status: None, ..event(31, "b") };
    for told in [a_403_of_another_kind, another_status] {
        catalog.note_event(job, told).await.unwrap();
    }
    catalog.note_event(other, event(31, "b")).await.unwrap();
    let told = |message: &str, count, since, at| (message.to_owned(), count, since, at);
    let expected = [
        told("b", 1, 31, 31),
        told("b", 1, 31, 31),
        told("b", 1, 31, 31),
        told("a", 1, 30, 30),
        told("a", 3, 0, 19),
        told("b", 1, 1, 1),
    ];
    assert_eq!(events(catalog, job).await, expected);
    assert_eq!(events(catalog, other).await.len(), 1);
    let page = catalog.events(job, Page { number: 2, size: 4 }).await.unwrap();
    assert_eq!((page.items.len(), page.total, page.items[0].count), (2, 6, 3));
    assert_not_found(catalog.note_event(JobId(99), event(0, "x")).await, "job");
}

pub async fn the_newest_events_of_a_job_are_kept(catalog: &dyn Catalog) {
    let job = job(catalog, 1).await.id;
    let most = i64::from(EVENTS_PER_JOB_MAX);
    for number in 0..most + 2 {
        catalog.note_event(job, event(number, &format!("event {number}"))).await.unwrap();
    }
    let events = events(catalog, job).await;
    assert_eq!((events.len() as i64, events[0].3), (most, most + 1));
    assert_eq!(events.last().unwrap().3, 2);
}

pub async fn a_failure_is_told_and_counted(catalog: &dyn Catalog) {
    let job = job(catalog, 1).await.id;
    for nanos in [1, 2] {
        catalog.note_failure(job, failure(nanos, "access denied")).await.unwrap();
    }
    let cut = JobFailure { status: None, kind: "network".to_owned(), ..failure(3, "cut") };
    catalog.note_failure(job, cut).await.unwrap();
    let slow = JobFailure { status: Some(503), ..failure(4, "slow down") };
    catalog.note_failure(job, slow).await.unwrap();
    let told = catalog.events(job, Page::ALL).await.unwrap().items;
    let counts: Vec<_> = told.iter().map(|event| (event.status, event.count)).collect();
    assert_eq!(counts, [(Some(503), 1), (None, 1), (Some(403), 2)]);
    let expected = HourFigures {
        failed_attempts: 4,
        statuses: vec![(403, 2), (503, 1)],
        ..HourFigures::new(hour_of(NOON))
    };
    assert_eq!(figures(catalog, job).await, [expected]);
}

pub async fn deliveries_make_an_hours_figures(catalog: &dyn Catalog) {
    let job = job(catalog, 1).await.id;
    let hour = 60 * MINUTE;
    for (first, next, nanos, duration_millis) in [(0, 5, 0, 30), (5, 6, 1, 70), (6, 9, hour, 5)] {
        seal(catalog, &batch(job, first, next)).await;
        let what = Delivered { duration_millis, ..delivered(nanos) };
        for _ in 0..2 {
            catalog.settle(job, Partition(0), Offset(first), what.clone()).await.unwrap();
        }
    }
    let first = HourFigures {
        batches: 2,
        records: 6,
        raw_bytes: 60,
        object_bytes: 10,
        upload_millis: 100,
        upload_millis_max: 70,
        ..HourFigures::new(hour_of(NOON))
    };
    let second = HourFigures {
        batches: 1,
        records: 3,
        raw_bytes: 30,
        object_bytes: 5,
        upload_millis: 5,
        upload_millis_max: 5,
        ..HourFigures::new(hour_of(at(hour)))
    };
    assert_eq!(figures(catalog, job).await, [first.clone(), second.clone()]);
    let (one, two) = (first.hour, second.hour);
    assert_eq!(catalog.figures(job, one, two).await.unwrap(), [first]);
    assert_eq!(catalog.figures(job, two, UnixNanos::MAX).await.unwrap(), [second]);
    assert_eq!(catalog.events(job, Page::ALL).await.unwrap().total, 0);
}

pub async fn a_delivery_after_failures_is_told(catalog: &dyn Catalog) {
    let job = job(catalog, 1).await.id;
    for (first, next) in [(0, 5), (5, 6)] {
        seal(catalog, &batch(job, first, next)).await;
    }
    catalog.note_failure(job, failure(1, "access denied")).await.unwrap();
    catalog.settle(job, Partition(0), Offset(0), delivered(2)).await.unwrap();
    catalog.settle(job, Partition(0), Offset(5), delivered(3)).await.unwrap();
    let told = catalog.events(job, Page::ALL).await.unwrap().items;
    let kinds: Vec<_> = told.iter().map(|event| (event.kind.as_str(), event.at)).collect();
    assert_eq!(kinds, [(KIND_RECOVERED, at(2)), ("denied", at(1))]);
}

pub async fn a_loss_is_told_and_counted_once(catalog: &dyn Catalog) {
    let job = job(catalog, 1).await.id;
    let range = OffsetRange::new(Offset(0), Offset(5));
    let loss = Loss { job, partition: Partition(0), range, records: 40, at: NOON };
    for _ in 0..2 {
        catalog.give_up(&loss).await.unwrap();
    }
    let told = catalog.events(job, Page::ALL).await.unwrap().items;
    assert_eq!((told.len(), told[0].kind.as_str(), told[0].count), (1, KIND_DROPPED, 1));
    assert!(told[0].message.contains("40 records"), "{}", told[0].message);
    let figures = figures(catalog, job).await;
    assert_eq!((figures.len(), figures[0].dropped_records, figures[0].batches), (1, 40, 0));
}

pub async fn old_events_and_hours_are_forgotten(catalog: &dyn Catalog) {
    let job = job(catalog, 1).await.id;
    let hour = 60 * MINUTE;
    for (nanos, message) in [(0, "old"), (2 * hour, "new")] {
        catalog.note_failure(job, failure(nanos, message)).await.unwrap();
    }
    catalog.forget_before(at(hour)).await.unwrap();
    assert_eq!(events(catalog, job).await, [("new".to_owned(), 1, 120, 120)]);
    let hours: Vec<_> = figures(catalog, job).await.into_iter().map(|one| one.hour).collect();
    assert_eq!(hours, [hour_of(at(2 * hour))]);
}

pub async fn a_deleted_job_keeps_its_history(catalog: &dyn Catalog) {
    let job = job(catalog, 1).await.id;
    catalog.note_failure(job, failure(1, "access denied")).await.unwrap();
    catalog.delete_job(job, &by(at(2))).await.unwrap();
    assert_eq!(events(catalog, job).await.len(), 1);
    assert_eq!(figures(catalog, job).await.len(), 1);
    assert_not_found(catalog.note_event(job, event(3, "late")).await, "job");
}

fn upload(job: JobId, first: u64, upload_id: &str) -> OpenUpload {
    OpenUpload {
        job,
        revision: Revision(1),
        partition: Partition(0),
        first: Offset(first),
        upload_id: upload_id.to_owned(),
        key: format!("logs/{first}.log.gz"),
        part_bytes: 5 << 20,
        parts: Vec::new(),
    }
}

fn part(number: u32, etag: &str) -> UploadedPart {
    let checksum = (number == 1).then(|| "AAAA".to_owned());
    UploadedPart { number, etag: etag.to_owned(), checksum, bytes: 5 << 20 }
}

pub async fn an_open_upload_reads_back_with_its_parts(catalog: &dyn Catalog) {
    let (one, two) = (job(catalog, 1).await.id, job(catalog, 2).await.id);
    for job in [one, two] {
        seal(catalog, &batch(job, 0, 5)).await;
    }
    let (first, second, third) = (upload(one, 0, "u1"), upload(one, 0, "u2"), upload(two, 0, "u1"));
    let third = OpenUpload { parts: vec![part(1, "given")], ..third };
    for upload in [&third, &second, &first] {
        catalog.open_upload(upload).await.unwrap();
    }
    for (number, etag) in [(2, "b"), (1, "a"), (2, "c")] {
        let noted = catalog.note_part(one, Partition(0), Offset(0), "u1", part(number, etag));
        noted.await.unwrap();
    }
    catalog.open_upload(&first).await.unwrap();
    let first = OpenUpload { parts: vec![part(1, "a"), part(2, "c")], ..first };
    let of_one = [first.clone(), second.clone()];
    assert_eq!(catalog.open_uploads(Some(one)).await.unwrap(), of_one);
    assert_eq!(catalog.open_uploads(None).await.unwrap(), [first, second.clone(), third.clone()]);

    for _ in 0..2 {
        catalog.close_upload(one, Partition(0), Offset(0), "u1").await.unwrap();
    }
    assert_eq!(catalog.open_uploads(None).await.unwrap(), [second, third]);
    let late = catalog.note_part(one, Partition(0), Offset(0), "u1", part(3, "late")).await;
    assert_not_found(late, "upload");
}

pub async fn settling_a_batch_closes_its_uploads(catalog: &dyn Catalog) {
    let job = job(catalog, 1).await.id;
    for (first, next) in [(0, 5), (5, 9)] {
        seal(catalog, &batch(job, first, next)).await;
    }
    let other = upload(job, 5, "u3");
    for upload in [&upload(job, 0, "u1"), &upload(job, 0, "u2"), &other] {
        catalog.open_upload(upload).await.unwrap();
        let noted =
            catalog.note_part(job, Partition(0), upload.first, &upload.upload_id, part(1, "etag"));
        noted.await.unwrap();
    }
    catalog.settle(job, Partition(0), Offset(0), delivered(1)).await.unwrap();
    let left = OpenUpload { parts: vec![part(1, "etag")], ..other };
    assert_eq!(catalog.open_uploads(None).await.unwrap(), [left]);
}

pub async fn only_sealed_batches_are_uploaded(catalog: &dyn Catalog) {
    let job = job(catalog, 1).await.id;
    assert_not_found(catalog.open_upload(&upload(job, 0, "u1")).await, "batch");
    seal(catalog, &batch(job, 0, 5)).await;
    catalog.settle(job, Partition(0), Offset(0), delivered(1)).await.unwrap();
    assert_fenced(&catalog.open_upload(&upload(job, 0, "u1")).await);
    assert_eq!(catalog.open_uploads(None).await.unwrap(), []);
}

pub async fn an_upload_outlives_its_batch(catalog: &dyn Catalog) {
    let job = job(catalog, 1).await.id;
    seal(catalog, &batch(job, 0, 5)).await;
    catalog.open_upload(&upload(job, 0, "u1")).await.unwrap();
    catalog.unseal(job, Partition(0), Offset(0)).await.unwrap();
    catalog.delete_job(job, &by(at(1))).await.unwrap();
    assert_eq!(catalog.open_uploads(Some(job)).await.unwrap(), [upload(job, 0, "u1")]);
}

pub async fn what_a_store_can_do_is_remembered(catalog: &dyn Catalog) {
    let told =
        [("https://b", "x", "no", 1), ("https://a", "y", "no", 2), ("https://b", "x", "yes", 3)];
    for (place, what, value, nanos) in told {
        catalog.remember_capability(place, what, value, at(nanos)).await.unwrap();
    }
    let known = |place: &str, what: &str, value: &str, nanos| Capability {
        place: place.to_owned(),
        what: what.to_owned(),
        value: value.to_owned(),
        at: at(nanos),
    };
    let expected = [known("https://a", "y", "no", 2), known("https://b", "x", "yes", 3)];
    assert_eq!(catalog.capabilities().await.unwrap(), expected);
}
