//! How many requests an object costs, and what they ask for.

use sim::s3::{BucketSettings, Operation};

use crate::world::{BUCKET, SMALL_PART, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_small_object_takes_one_request() {
    let mut world = World::start(1).await;
    world.job("s3://burritobot/logs?region=us-east-1&sse=AES256").await;
    world.send(5_000).await;
    let s3 = world.finish(&[(BUCKET, "logs/")]).await;
    let requests = s3.requests();
    assert_eq!(requests.len(), 5, "{requests:?}");
    assert!(requests.iter().all(|request| request.operation == Operation::PutObject));
    for object in s3.objects(BUCKET) {
        assert_eq!(object.writes, 1);
        assert_eq!(object.header("x-amz-acl"), Some("bucket-owner-full-control"));
        assert_eq!(object.header("x-amz-server-side-encryption"), Some("AES256"));
        assert_eq!(object.header("content-type"), Some("application/gzip"));
        assert!(object.header("x-amz-checksum-crc64nvme").is_some(), "{:?}", object.headers);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_in_parts_takes_one_request_for_each_and_two_more() {
    let mut world = World::start_with(1, |settings| settings.part_bytes = SMALL_PART).await;
    let any_part = BucketSettings { part_bytes_min: 0, ..BucketSettings::default() };
    world.s3.set_bucket(BUCKET, any_part);
    world.job("s3://burritobot/logs?region=us-east-1").await;
    world.send(1_000).await;
    let s3 = world.finish(&[(BUCKET, "logs/")]).await;
    let count = |operation| s3.count(BUCKET, operation);
    assert_eq!(count(Operation::CreateMultipartUpload), 1);
    assert_eq!(count(Operation::CompleteMultipartUpload), 1);
    let bytes = s3.objects(BUCKET)[0].body.len() as u64;
    assert_eq!(count(Operation::UploadPart) as u64, bytes.div_ceil(SMALL_PART));
    assert_eq!(s3.requests().len(), count(Operation::UploadPart) + 2);
}
