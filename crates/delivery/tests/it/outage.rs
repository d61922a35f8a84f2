//! A destination that is down costs the others nothing, and holds no more than its share.

use std::time::Duration;

use catalog::Jobs;

use crate::world::{World, assert_lines};

const GOOD: &str = "burritobot";
const DOWN: &str = "nowhere";
const MEMORY: u64 = 1 << 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_destination_that_is_down_takes_no_memory_and_no_reader_from_the_others() {
    let world = World::with(|settings| {
        settings.spool_memory_bytes = MEMORY;
        settings.spool_disk_bytes = 64 << 20;
        settings.part_bytes = 5 << 20;
    })
    .await;
    world.s3.create_bucket(GOOD);
    let large = |spec: &mut model::JobSpec| {
        spec.max_upload_records = Some(1_000);
        spec.output_options = Some(r#"{"field_names":["RayID","ClientRequestURI"]}"#.to_owned());
    };
    let down = world.job(&format!("s3://{DOWN}/logs?region=us-east-1"), large).await;
    let good = world.job(&format!("s3://{GOOD}/logs?region=us-east-1"), large).await;
    let mut lines = Vec::new();
    for frame in 0..100 {
        lines.extend(world.append_noise(frame).await);
    }
    // The other job gets everything while the first one's destination is down: ten batches of
    // about 10 MB each, of which not one fits the memory.
    world.settled(&good, lines.len() as u64).await;
    assert_lines(&world.delivered(GOOD), &lines);
    let down_now = world.catalog.job(down.id).await.unwrap();
    assert!(down_now.failure.is_some(), "the job tells that it fails");
    let memory = world.gauge("logpush_spool_memory_bytes");
    let disk = world.gauge("logpush_spool_disk_bytes");
    assert!(memory <= 2 * MEMORY, "{memory} bytes of memory");
    assert!(disk <= 64 << 20, "{disk} bytes of disk");
    // It mends by itself when the destination is back.
    world.s3.create_bucket(DOWN);
    tokio::time::timeout(Duration::from_secs(60), world.settled(&down, lines.len() as u64))
        .await
        .expect("everything is delivered in the end");
    assert_lines(&world.delivered(DOWN), &lines);
}
