//! The way of a batch to the store, answer by answer.

use model::{JobId, Offset, Partition, Revision};

use super::*;

const SMALL: View =
    View { len: 5, part_bytes: 10, conditional: Conditional::Auto, knows_no_guard: false };
const LARGE: View = View { len: 25, ..SMALL };

fn open(id: &str) -> OpenUpload {
    OpenUpload {
        job: JobId(1),
        revision: Revision(1),
        partition: Partition(0),
        first: Offset(0),
        upload_id: id.to_owned(),
        key: "key".to_owned(),
        part_bytes: 10,
        parts: Vec::new(),
    }
}

fn part(number: u32) -> UploadedPart {
    UploadedPart { number, etag: number.to_string(), checksum: None, bytes: 10 }
}

fn refused(upload: &mut Upload, kind: StoreErrorKind) -> Action {
    assert_eq!(upload.on(Event::Entered, SMALL), Action::Put { guarded: true });
    upload.on(Event::Answered(Err(kind)), SMALL)
}

#[test]
fn parts_cover_the_object_from_end_to_end() {
    let ranges: Vec<Range<u64>> = (1..=3).map(|number| range_of(number, 10, 25)).collect();
    assert_eq!(ranges, [0..10, 10..20, 20..25]);
    assert_eq!(range_of(4, 10, 25), 25..25);
}

#[test]
fn a_request_under_way_may_have_made_the_object_visible() {
    let mut upload = Upload::fresh();
    assert_eq!(upload.on(Event::Entered, SMALL), Action::Put { guarded: true });
    assert!(upload.maybe_visible());
    assert_eq!(upload.on(Event::Answered(Ok(())), SMALL), Action::Stored);
}

#[test]
fn what_certainly_failed_is_not_visible_and_what_leaves_doubt_stays_so() {
    let mut upload = Upload::fresh();
    assert_eq!(refused(&mut upload, StoreErrorKind::SlowDown), Action::Fail(Failure::AsTold));
    assert!(!upload.maybe_visible());
    assert_eq!(refused(&mut upload, StoreErrorKind::NoAnswer), Action::Fail(Failure::AsTold));
    assert_eq!(refused(&mut upload, StoreErrorKind::SlowDown), Action::Fail(Failure::AsTold));
    assert!(upload.maybe_visible());
}

#[test]
fn an_object_at_the_key_is_ours_only_after_an_attempt() {
    let mut upload = Upload::fresh();
    assert_eq!(refused(&mut upload, StoreErrorKind::AlreadyThere), Action::Fail(Failure::Taken));
    assert!(!upload.maybe_visible());
    for (sight, expected) in [
        (Sight::Ours, Action::Stored),
        (Sight::Unknown, Action::Put { guarded: true }),
        (Sight::Other, Action::Fail(Failure::Taken)),
        (Sight::Nothing, Action::Fail(Failure::AsTold)),
    ] {
        let mut upload = Upload::recovered(Vec::new());
        assert_eq!(refused(&mut upload, StoreErrorKind::AlreadyThere), Action::Look);
        assert_eq!(upload.on(Event::Looked(sight), SMALL), expected);
    }
}

#[test]
fn an_object_that_may_not_be_looked_at_is_ours_where_the_bucket_takes_requests() {
    let there = Event::Answered(Err(StoreErrorKind::AlreadyThere));
    let denied = Event::Answered(Err(StoreErrorKind::AccessDenied));
    let unknown = Event::Looked(Sight::Unknown);

    // It says the same again: only looking is denied.
    let mut upload = Upload::recovered(Vec::new());
    assert_eq!(refused(&mut upload, StoreErrorKind::AlreadyThere), Action::Look);
    assert_eq!(upload.on(unknown.clone(), SMALL), Action::Put { guarded: true });
    assert_eq!(upload.on(there.clone(), SMALL), Action::Look);
    assert_eq!(upload.on(unknown.clone(), SMALL), Action::Unseen);

    // It lets nobody in for now, and each attempt begins from the beginning.
    let mut upload = Upload::recovered(Vec::new());
    for _ in 0..2 {
        assert_eq!(refused(&mut upload, StoreErrorKind::AlreadyThere), Action::Look);
        assert_eq!(upload.on(unknown.clone(), SMALL), Action::Put { guarded: true });
        assert_eq!(upload.on(denied.clone(), SMALL), Action::Fail(Failure::AsTold));
        assert!(upload.maybe_visible());
    }
    assert_eq!(refused(&mut upload, StoreErrorKind::AlreadyThere), Action::Look);
    assert_eq!(upload.on(Event::Looked(Sight::Other), SMALL), Action::Fail(Failure::Taken));

    // The same for an upload in parts.
    let mut upload = Upload::recovered(vec![open("one")]);
    upload.on(Event::Entered, LARGE);
    upload.on(Event::Compared { is_same: true }, LARGE);
    upload.on(Event::PartsSent, LARGE);
    assert_eq!(upload.on(there.clone(), LARGE), Action::Look);
    assert_eq!(upload.on(unknown.clone(), LARGE), Action::Complete { guarded: true });
    assert_eq!(upload.on(there, LARGE), Action::Look);
    assert_eq!(upload.on(unknown, LARGE), Action::Unseen);
}

#[test]
fn without_a_guard_it_goes_on_unguarded_unless_the_destination_wants_one() {
    let mut upload = Upload::fresh();
    assert_eq!(refused(&mut upload, StoreErrorKind::NotSupported), Action::NoteNoGuard);
    assert!(!upload.maybe_visible());
    let view = View { knows_no_guard: true, ..SMALL };
    assert_eq!(upload.on(Event::Done, view), Action::Put { guarded: false });

    let mut upload = Upload::fresh();
    let view = View { conditional: Conditional::Always, ..SMALL };
    upload.on(Event::Entered, view);
    let answer = Event::Answered(Err(StoreErrorKind::NotSupported));
    assert_eq!(upload.on(answer, view), Action::Fail(Failure::NoGuard));
}

#[test]
fn an_upload_in_parts_is_noted_before_its_parts_are_sent_and_gone_on_with() {
    let mut upload = Upload::fresh();
    assert_eq!(upload.on(Event::Entered, LARGE), Action::Begin { part_bytes: 10 });
    assert_eq!(upload.on(Event::Begun(open("one")), LARGE), Action::Note);
    assert_eq!(upload.on(Event::Noted(true), LARGE), Action::SendParts);
    assert!(!upload.maybe_visible());
    upload.part_taken(part(2));
    let failed = upload.on(Event::PartFailed(Some(StoreErrorKind::SlowDown)), LARGE);
    assert_eq!(failed, Action::Fail(Failure::AsTold));
    assert_eq!(upload.on(Event::Entered, LARGE), Action::SendParts);
    assert_eq!(upload.missing_parts(25), [(1, 0..10), (3, 20..25)]);
    assert_eq!(upload.on(Event::PartsSent, LARGE), Action::Complete { guarded: true });
    assert_eq!(upload.on(Event::Answered(Ok(())), LARGE), Action::Stored);
    assert_eq!(upload.current(), None);
}

#[test]
fn an_upload_from_before_a_restart_is_gone_on_with_only_where_its_parts_are_the_same() {
    let mut upload = Upload::recovered(vec![open("old"), open("new")]);
    assert_eq!(upload.on(Event::Entered, LARGE), Action::Compare);
    assert_eq!(upload.on(Event::Compared { is_same: true }, LARGE), Action::SendParts);

    let mut upload = Upload::recovered(vec![open("old"), open("new")]);
    upload.on(Event::Entered, LARGE);
    assert_eq!(upload.on(Event::Compared { is_same: false }, LARGE), Action::Abandon);
    assert_eq!(upload.take_stale().len(), 2);
    assert_eq!(upload.on(Event::Done, LARGE), Action::Begin { part_bytes: 10 });
}

#[test]
fn an_upload_that_is_gone_may_have_been_completed() {
    let mut upload = Upload::recovered(vec![open("one")]);
    upload.on(Event::Entered, LARGE);
    upload.on(Event::Compared { is_same: true }, LARGE);
    let gone = Event::PartFailed(Some(StoreErrorKind::NoSuchUpload));
    assert_eq!(upload.on(gone, LARGE), Action::Forget);
    assert_eq!(upload.take_gone(), Some(open("one")));
    assert_eq!(upload.on(Event::Done, LARGE), Action::Look);
    assert_eq!(upload.on(Event::Looked(Sight::Nothing), LARGE), Action::Fail(Failure::AsTold));
}

#[test]
fn parts_that_the_store_does_not_want_are_abandoned() {
    let mut upload = Upload::fresh();
    upload.on(Event::Entered, LARGE);
    upload.on(Event::Begun(open("one")), LARGE);
    upload.on(Event::Noted(true), LARGE);
    upload.on(Event::PartsSent, LARGE);
    let refused = Event::Answered(Err(StoreErrorKind::Refused));
    assert_eq!(upload.on(refused, LARGE), Action::Abandon);
    assert_eq!(upload.take_stale(), [open("one")]);
    assert_eq!(upload.on(Event::Done, LARGE), Action::Fail(Failure::AsTold));
}
