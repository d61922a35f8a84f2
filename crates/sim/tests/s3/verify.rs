//! Verification against what others do in the bucket: remove, change, add; and without the
//! permissions that it needs.

use std::io::Write as _;

use catalog::{BatchRecord, BatchState, Job, Ledger, Tenants};
use delivery::verify::{Difference, Extra, ListCursor, Looked, Window};
use flate2::Compression;
use flate2::write::GzEncoder;
use model::object_key::ObjectName;
use model::{Offset, Partition, UnixNanos};
use serde_json::json;
use sim::s3::{BucketSettings, Fault, Operation, PRINCIPAL, Policy, Refusal, Rule};

use crate::world::{BUCKET, SMALL_PART, World};

const DESTINATION: &str = "s3://burritobot/logs/{DATE}?region=us-east-1";

/// A world with a job that has delivered so many batches, and the batches.
async fn delivered(batches: u64) -> (World, Job, Vec<BatchRecord>) {
    let mut world = World::start(1).await;
    let job = world.job(DESTINATION).await;
    world.send(batches * 1_000).await;
    world.wait_until_settled(&job, batches * 1_000).await;
    let records = ledger(&world, &job).await;
    assert_eq!(records.len() as u64, batches);
    (world, job, records)
}

async fn ledger(world: &World, job: &Job) -> Vec<BatchRecord> {
    let from = (Partition(0), Offset(0));
    world.catalog.batches_in_order(job.id, from, 1_000).await.unwrap()
}

async fn look(world: &World, record: &BatchRecord) -> Looked {
    let verifier = world.delivery.verifier(record.batch.job);
    let expected = verifier.expected(record).await.unwrap().expect("it is delivered");
    assert!(expected.checksum.is_some());
    verifier.look(record, &expected).await.unwrap()
}

/// What a listing found.
#[derive(Debug, Default)]
struct Found {
    keys: u64,
    pages: u64,
    extra: Vec<(String, Extra)>,
    unlisted: Vec<String>,
}

async fn list(world: &World, job: &Job, window: Window) -> Found {
    let verifier = world.delivery.verifier(job.id);
    let mut found = Found::default();
    let mut next = Some(ListCursor::default());
    while let Some(from) = next {
        let page = verifier.list(job, &[job.revision], from, window).await.unwrap();
        found.pages += 1;
        found.keys += page.keys;
        found.extra.extend(page.extra.into_iter().map(|extra| (extra.key, extra.why)));
        found.unlisted.extend(page.unlisted.map(|unlisted| unlisted.error.to_string()));
        next = page.next;
    }
    found
}

/// A bucket whose policy allows this.
fn allowing(actions: &[&str]) -> BucketSettings {
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow", "Principal": {"AWS": PRINCIPAL}, "Action": actions,
            "Resource": ["arn:aws:s3:::burritobot", "arn:aws:s3:::burritobot/*"],
        }],
    });
    let policy = Some(Policy::parse(&policy.to_string()).unwrap());
    BucketSettings { policy, ..BucketSettings::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_delivered_is_as_the_ledger_says() {
    for (more, part_bytes) in [("", 8 << 20), ("&checksum=crc32c", SMALL_PART)] {
        let mut world = World::start_with(1, |settings| settings.part_bytes = part_bytes).await;
        let any_part = BucketSettings { part_bytes_min: 0, ..BucketSettings::default() };
        world.s3.set_bucket(BUCKET, any_part);
        let job = world.job(&format!("{DESTINATION}{more}")).await;
        world.send(3_000).await;
        world.wait_until_settled(&job, 3_000).await;
        for record in ledger(&world, &job).await {
            assert_eq!(look(&world, &record).await, Looked::Same);
        }
        let found = list(&world, &job, Window::default()).await;
        assert_eq!((found.keys, found.extra.len(), found.unlisted.len()), (3, 0, 0), "{found:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_others_removed_or_changed_is_found() {
    let (world, _, records) = delivered(5).await;
    let object = |at: usize| {
        let key = &records[at].batch.key;
        let objects = world.s3.objects(BUCKET);
        objects.into_iter().find(|object| object.key == *key).unwrap().body.to_vec()
    };
    let replace = |at: usize, body: Vec<u8>| {
        world.s3.put_object(BUCKET, &records[at].batch.key, body);
    };
    assert!(world.s3.remove_object(BUCKET, &records[0].batch.key));
    // The time of the file in gzip's header: nothing but the checksum of the object covers it.
    let mut touched = object(1);
    touched[4] ^= 1;
    replace(1, touched);
    let mut cut = object(2);
    cut.truncate(cut.len() / 2);
    replace(2, cut);
    let longer = [object(3), object(3)].concat();
    replace(3, longer);
    let mut forged = GzEncoder::new(Vec::new(), Compression::best());
    forged.write_all(b"{}\n").unwrap();
    replace(4, forged.finish().unwrap());

    assert_eq!(look(&world, &records[0]).await, Looked::Missing);
    let altered = async |at: usize| match look(&world, &records[at]).await {
        Looked::Altered(differences) => differences,
        other => panic!("{other:?}"),
    };
    assert!(matches!(altered(1).await[..], [Difference::Checksum { .. }]));
    let BatchState::Delivered(was) = &records[2].state else { panic!("{:?}", records[2]) };
    let found = was.object_bytes / 2;
    let differences = altered(2).await;
    assert_eq!(differences[0], Difference::Shorter { found, expected: was.object_bytes });
    let is_damaged = |one: &Difference| matches!(one, Difference::Damaged(_));
    assert!(differences.iter().any(is_damaged), "{differences:?}");
    assert!(matches!(altered(3).await[..], [Difference::Longer { .. }]));
    let differences = altered(4).await;
    assert!(differences.contains(&Difference::Lines { found: 1, expected: 1_000 }));
    assert!(!differences.iter().any(is_damaged), "{differences:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn extra_objects_are_told_from_those_of_others() {
    let (mut world, job, records) = delivered(3).await;
    let other = world.job("s3://burritobot/logs/{DATE}?region=us-east-1").await;
    world.send(1_000).await;
    world.wait_until_settled(&other, 1_000).await;
    world.wait_until_settled(&job, 4_000).await;
    let settings = BucketSettings { list_max: 2, ..BucketSettings::default() };
    world.s3.set_bucket(BUCKET, settings);
    let key = &records[0].batch.key;
    let installation = world.catalog.installation().to_string();
    let elsewhere = |from: &str, to: &str| {
        let changed = key.replacen(from, to, 1);
        assert_ne!(changed, *key);
        changed
    };
    let id = format!("_{installation}-{}-0-", job.id);
    for harmless in [
        // Another installation's, another job's, and what is no object with records.
        elsewhere(&installation, "zzzzzzzzzzzz"),
        elsewhere(&id, &format!("_{installation}-{}-0-", job.id.0 + 77)),
        "logs/ownership-challenge-1f2e3d4c.txt".to_owned(),
        "logs/logpush-check.txt".to_owned(),
        "logs/a b+c%20é&<>.log.gz".to_owned(),
        format!("{key}.bak"),
        // Not in the job's folder.
        key.replacen("logs/", "other/", 1),
    ] {
        world.s3.put_object(BUCKET, &harmless, "x");
    }
    let found = list(&world, &job, Window::default()).await;
    assert!(found.extra.is_empty() && found.pages > 3 && found.keys >= 10, "{found:?}");

    let copy = key.replacen("logs/", "logs/copies/", 1);
    let first = format!("{:012}", records[0].batch.range.first);
    let unknown = elsewhere(&first, &format!("{:012}", 777_777));
    let partition = elsewhere(&id, &format!("_{installation}-{}-9-", job.id));
    for extra in [&copy, &unknown, &partition] {
        world.s3.put_object(BUCKET, extra, "x");
    }
    let mut found = list(&world, &job, Window::default()).await.extra;
    found.sort_by(|one, other| one.0.cmp(&other.0));
    let mut expected = vec![
        (copy, Extra::OtherKey(key.clone())),
        (unknown, Extra::NoBatch),
        (partition, Extra::NoBatch),
    ];
    expected.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(found, expected);
    let name = ObjectName::read(key).unwrap();
    let second = UnixNanos(1_000_000_000);
    let before = Window::new(None, Some(name.start));
    let then = Window::new(Some(name.end), Some(UnixNanos(name.end.0 + second.0)));
    assert_eq!(list(&world, &job, before).await.extra, []);
    assert_eq!(list(&world, &job, then).await.extra.len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_has_moved_is_looked_for_where_it_was_as_well() {
    let (mut world, job, records) = delivered(1).await;
    world.s3.set_bucket("tacobot", BucketSettings::default());
    world.move_job(&job, "s3://tacobot/logs/{DATE}?region=us-east-1").await;
    let key = &records[0].batch.key;
    assert_eq!(look(&world, &records[0]).await, Looked::Same);
    let moved = catalog::Jobs::job(&*world.catalog, job.id).await.unwrap();
    let body = world.s3.objects(BUCKET)[0].body.clone();
    world.s3.put_object("tacobot", key, body);
    let found = list(&world, &job, Window::default()).await;
    assert_eq!((found.keys, found.extra), (1, Vec::new()), "as the job was");
    let verifier = world.delivery.verifier(job.id);
    let revisions = [job.revision];
    let mut found = Vec::new();
    let mut next = Some(ListCursor::default());
    while let Some(from) = next {
        let page = verifier.list(&moved, &revisions, from, Window::default()).await.unwrap();
        assert_eq!((page.keys, page.unlisted), (1, None));
        found.extend(page.extra);
        next = page.next;
    }
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((&*found[0].bucket, &found[0].key), ("tacobot", key));
    assert_eq!(found[0].why, Extra::OtherPlace(BUCKET.to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_permission_to_list_nothing_is_taken_for_missing() {
    let (world, job, records) = delivered(2).await;
    world.s3.set_bucket(BUCKET, allowing(&["s3:PutObject", "s3:GetObject"]));
    assert!(world.s3.remove_object(BUCKET, &records[0].batch.key));
    match look(&world, &records[0]).await {
        Looked::Denied(why) => assert!(why.contains("`s3:ListBucket`"), "{why}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(look(&world, &records[1]).await, Looked::Same);
    let found = list(&world, &job, Window::default()).await;
    assert_eq!((found.keys, found.unlisted.len()), (0, 1), "{found:?}");
    let why = &found.unlisted[0];
    assert!(why.contains("`s3:ListBucket` on the bucket"), "{why}");
    assert!(!why.contains("s3:PutObject"), "{why}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_permission_to_read_what_is_missing_is_found_all_the_same() {
    let (world, job, records) = delivered(2).await;
    world.s3.set_bucket(BUCKET, allowing(&["s3:PutObject", "s3:ListBucket"]));
    assert!(world.s3.remove_object(BUCKET, &records[0].batch.key));
    assert_eq!(look(&world, &records[0]).await, Looked::Missing);
    match look(&world, &records[1]).await {
        Looked::Denied(why) => {
            assert!(why.contains("`s3:GetObject` on the destination's path"), "{why}");
            assert!(!why.contains("s3:ListBucket"), "{why}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(list(&world, &job, Window::default()).await.keys, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_passes_is_tried_again_and_what_does_not_is_told() {
    let (world, job, records) = delivered(1).await;
    let get = [Operation::GetObject];
    for fault in [Fault::Refuses(Refusal::slow_down()), Fault::CutsAfter, Fault::Truncates] {
        world.s3.heal();
        world.s3.add_rule(Rule::new(fault.clone()).on(&get).times(1));
        assert_eq!(look(&world, &records[0]).await, Looked::Same, "{fault:?}");
    }
    assert_eq!(world.s3.faults_met().len(), 3);
    world.s3.heal();
    let list_fails = Rule::new(Fault::CutsBefore).on(&[Operation::ListObjectsV2]).times(1);
    world.s3.add_rule(list_fails);
    assert_eq!(list(&world, &job, Window::default()).await.keys, 1);
    let gone = Refusal::new(404, "NoSuchBucket");
    world.s3.add_rule(Rule::new(Fault::Refuses(gone)).on(&get));
    match look(&world, &records[0]).await {
        Looked::Unreadable(why) => assert!(why.contains("does not exist"), "{why}"),
        other => panic!("{other:?}"),
    }
}
