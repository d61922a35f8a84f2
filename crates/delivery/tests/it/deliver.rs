//! What a customer sees of delivery: their records, each once, in objects as they asked for.

use std::time::Duration;

use catalog::{Jobs, Ledger};
use delivery::Level;

use crate::world::{MORNING, World, assert_lines, expected};

const BUCKET: &str = "burritobot";
const DESTINATION: &str = "s3://burritobot/logs/{DATE}?region=us-east-1";

#[tokio::test]
async fn records_arrive_in_order_in_objects_of_at_most_the_limit() {
    let world = World::new().await;
    world.s3.create_bucket(BUCKET);
    let job = world.job(DESTINATION, |_| {}).await;
    for part in 0..8 {
        world.append(part * 400, (part + 1) * 400).await;
    }
    world.finish().await;
    world.settled(&job, 3200).await;
    assert_lines(&world.delivered(BUCKET), &expected(0, 3200));
    for key in world.s3.keys(BUCKET) {
        let prefix = "logs/20190101/20190101T100000Z_20190101T100000Z_";
        assert!(key.starts_with(prefix) && key.ends_with(".log.gz"), "{key}");
        assert!(world.s3.lines(BUCKET, &key).len() <= 1000);
    }
}

#[tokio::test]
async fn a_job_of_low_frequency_pushes_larger_objects() {
    let world = World::new().await;
    world.s3.create_bucket(BUCKET);
    let job = world.job(DESTINATION, |spec| spec.max_upload_records = None).await;
    for part in 0..200 {
        world.append(part * 500, (part + 1) * 500).await;
    }
    world.settled(&job, 100_000).await;
    // The running lane follows.
    let job = world.change(&job, |change| change.frequency = "low".to_owned()).await;
    for part in 200..420 {
        world.append(part * 500, (part + 1) * 500).await;
    }
    world.finish().await;
    let batches = world.catalog.batches(job.id, catalog::Page::ALL).await.unwrap();
    let mut records: Vec<u64> = batches.items.iter().map(|item| item.batch.records).collect();
    records.sort_unstable();
    assert_eq!(records, [100_000, 110_000]);
    assert_lines(&world.delivered(BUCKET), &expected(0, 210_000));
}

#[tokio::test]
async fn a_batch_ends_with_the_day_that_its_path_names() {
    let world = World::new().await;
    world.s3.create_bucket(BUCKET);
    let job = world.job(DESTINATION, |_| {}).await;
    world.append(0, 10).await;
    world.clock.set(MORNING + 14 * 3600);
    world.append(10, 30).await;
    world.finish().await;
    world.settled(&job, 30).await;
    let keys = world.s3.keys(BUCKET);
    assert!(keys[0].starts_with("logs/20190101/20190101T100000Z_20190101T100000Z_"), "{keys:?}");
    assert!(keys[1].starts_with("logs/20190102/20190102T000000Z_20190102T000000Z_"), "{keys:?}");
    assert_eq!(world.s3.lines(BUCKET, &keys[0]), expected(0, 10));
    assert_eq!(world.s3.lines(BUCKET, &keys[1]), expected(10, 30));
}

#[tokio::test]
async fn a_batch_ends_with_the_hour_and_its_path_names_zone_dataset_and_job() {
    let world = World::new().await;
    world.s3.create_bucket(BUCKET);
    let path = "{ZONE}/{DATASET}/{JOB}/dt={YYYY}-{MM}-{DD}/hour={HH}";
    let job = world.job(&format!("s3://burritobot/{path}?region=us-east-1"), |_| {}).await;
    world.append(0, 10).await;
    world.clock.set(MORNING + 3599);
    world.append(10, 20).await;
    world.clock.set(MORNING + 3600);
    world.append(20, 30).await;
    world.finish().await;
    world.settled(&job, 30).await;
    let keys = world.s3.keys(BUCKET);
    let folder = format!("burritobot.example/http_requests/{}/dt=2019-01-01", job.id);
    assert_eq!(keys.len(), 2, "{keys:?}");
    assert!(keys[0].starts_with(&format!("{folder}/hour=10/20190101T100000Z_")), "{keys:?}");
    assert!(keys[1].starts_with(&format!("{folder}/hour=11/20190101T110000Z_")), "{keys:?}");
    assert_eq!(world.s3.lines(BUCKET, &keys[0]), expected(0, 20));
}

#[tokio::test]
async fn a_missing_bucket_is_shown_and_delivery_resumes_when_it_appears() {
    let world = World::new().await;
    let job = world.job(DESTINATION, |_| {}).await;
    for part in 0..20 {
        world.append(part * 500, (part + 1) * 500).await;
    }
    let failing = async {
        while world.catalog.job(job.id).await.unwrap().failure.is_none() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), failing).await.unwrap();
    let failure = world.catalog.job(job.id).await.unwrap().failure.unwrap();
    assert!(failure.message.contains("the bucket `burritobot` does not exist"), "{failure:?}");
    world.s3.create_bucket(BUCKET);
    world.settled(&job, 10_000).await;
    assert_lines(&world.delivered(BUCKET), &expected(0, 10_000));
    assert_eq!(world.catalog.job(job.id).await.unwrap().failure, None);
}

#[tokio::test]
async fn after_a_crash_sealed_batches_land_at_their_keys_and_nothing_comes_twice() {
    let mut world = World::new().await;
    let job = world.job(DESTINATION, |_| {}).await;
    for part in 0..7 {
        world.append(part * 500, (part + 1) * 500).await;
        if part % 2 == 0 {
            tokio::time::sleep(Duration::from_millis(30)).await;
            world.crash_and_start_again().await;
        }
    }
    let sealed = world.catalog.undelivered(Some(job.id)).await.unwrap();
    assert!(!sealed.is_empty());
    world.s3.create_bucket(BUCKET);
    world.finish().await;
    world.crash_and_start_again().await;
    world.settled(&job, 3500).await;
    assert_lines(&world.delivered(BUCKET), &expected(0, 3500));
    for batch in sealed {
        assert_eq!(world.s3.lines(BUCKET, &batch.key).len() as u64, batch.records);
    }
}

#[tokio::test]
async fn an_object_beyond_the_part_size_goes_up_in_parts() {
    let world = World::with(|settings| {
        settings.part_bytes = 5 << 20;
        settings.spool_memory_bytes = 1 << 20;
        settings.gzip_level = Level::Fixed(1);
    })
    .await;
    world.s3.create_bucket(BUCKET);
    let destination = "s3://burritobot/big?region=us-east-1";
    let job = world
        .job(destination, |spec| {
            spec.max_upload_records = Some(1_000_000);
            spec.output_options =
                Some(r#"{"field_names":["RayID","ClientRequestURI"]}"#.to_owned());
        })
        .await;
    let mut lines = Vec::new();
    for frame in 0..16 {
        lines.extend(world.append_noise(frame).await);
    }
    world.finish().await;
    world.settled(&job, lines.len() as u64).await;
    assert_eq!(world.s3.keys(BUCKET).len(), 1);
    assert_lines(&world.delivered(BUCKET), &lines);
}

#[tokio::test]
async fn a_paused_job_goes_on_where_it_stopped() {
    let world = World::new().await;
    world.s3.create_bucket(BUCKET);
    let job = world.job(DESTINATION, |_| {}).await;
    world.append(0, 300).await;
    let job = world.set_enabled(&job, false).await;
    world.append(300, 600).await;
    let job = world.set_enabled(&job, true).await;
    world.append(600, 900).await;
    world.finish().await;
    world.settled(&job, 900).await;
    assert_lines(&world.delivered(BUCKET), &expected(0, 900));
}

#[tokio::test]
async fn a_corrected_destination_gets_what_the_wrong_one_refused() {
    let world = World::new().await;
    let job = world.job("s3://no-such-bucket/logs?region=us-east-1", |_| {}).await;
    for part in 0..10 {
        world.append(part * 500, (part + 1) * 500).await;
    }
    let failing = async {
        while world.catalog.job(job.id).await.unwrap().failure.is_none() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), failing).await.unwrap();
    world.s3.create_bucket(BUCKET);
    let job = world.change_spec(&job, |spec| spec.destination = DESTINATION.to_owned()).await;
    world.settled(&job, 5000).await;
    assert_lines(&world.delivered(BUCKET), &expected(0, 5000));
}

#[tokio::test]
async fn what_expires_undelivered_is_counted_and_the_rest_arrives() {
    let world = World::with(|settings| {
        settings.retention.max_age_seconds = Some(3600);
        settings.trim_interval = Duration::from_millis(50);
    })
    .await;
    let job = world.job(DESTINATION, |_| {}).await;
    for part in 0..20 {
        world.append(part * 500, (part + 1) * 500).await;
    }
    world.clock.set(MORNING + 7200);
    world.append(10_000, 10_500).await;
    let lost = async {
        loop {
            let losses = world.catalog.losses(job.id).await.unwrap();
            if !losses.is_empty() {
                return losses.iter().map(|loss| loss.records).sum::<u64>();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let lost = tokio::time::timeout(Duration::from_secs(10), lost).await.unwrap();
    assert_eq!(lost, 10_000);
    world.s3.create_bucket(BUCKET);
    // The lane that gave up is begun again for what comes after.
    let begun = async {
        while world.delivery.status(job.id).is_none_or(|status| status.pending_records != 500) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), begun).await.unwrap();
    world.finish().await;
    assert_lines(&world.delivered(BUCKET), &expected(10_000, 10_500));
}
