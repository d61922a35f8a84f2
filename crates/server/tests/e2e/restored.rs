//! A backup of the catalogue that is put back: an older one is refused, and an accepted one delivers
//! nothing twice and loses nothing.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::catalog_file::{catalog_of, number, told};
use crate::cli::{Ran, ran};
use crate::records::{assert_each_once, delivered, ids};
use crate::s3::S3Server;
use crate::service::{FREE_PORT, Home};
use crate::world::{BUCKET, Stopped, World};

const NOBODY: [(&str, &str); 0] = [];

/// Backs the catalogue up, by the command, while the service runs.
async fn back_up(world: &World) -> PathBuf {
    let file = world.home.path().join("backup.sqlite");
    let data_dir = world.home.data_dir();
    let (file_text, data_dir) = (file.to_str().unwrap(), data_dir.to_str().unwrap());
    let args = ["catalog", "backup", file_text, "--data-dir", data_dir];
    let done = ran(&args, NOBODY).await;
    done.assert_done();
    assert!(done.stdout.contains("secret.key"), "{}", done.stdout);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let again = ran(&args, NOBODY).await;
    again.assert_failed(1, &[file_text, "is there already", "another name"]);
    file
}

/// Puts a backup in the place of the catalogue of a service that does not run, as
/// docs/backup.md tells.
fn restore(home: &Home, backup: &Path) {
    let catalog = catalog_of(home);
    for suffix in ["-wal", "-shm"] {
        std::fs::remove_file(format!("{}{suffix}", catalog.display())).ok();
    }
    std::fs::copy(backup, &catalog).unwrap();
}

/// Waits until the mark knows of everything that was decided by now.
async fn wait_for_mark(home: &Home) {
    let question = "SELECT generation FROM installation";
    let wanted = number(&catalog_of(home), question).await;
    let begun = Instant::now();
    loop {
        let mark = std::fs::read_to_string(home.data_dir().join("catalog.mark")).unwrap();
        let mark: Value = serde_json::from_str(mark.lines().next().unwrap()).unwrap();
        if mark["generation"].as_i64().unwrap() >= wanted {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "the mark stays as it was: {mark}");
        sleep(Duration::from_millis(50)).await;
    }
}

/// Sees that the service does not start, and starts it with the choice that the error names.
async fn accept(mut stopped: Stopped) -> World {
    let catalog = catalog_of(&stopped.home);
    let before = std::fs::read(&catalog).unwrap();
    let refused = Ran::of(stopped.home.serve(FREE_PORT).stderr(Stdio::piped())).await;
    let parts = ["older than", "catalog.mark", "--accept-older-catalog", "docs/backup.md"];
    refused.assert_failed(1, &parts);
    assert!(std::fs::read(&catalog).unwrap() == before, "the backup was changed");
    stopped.home = stopped.home.with_arguments(&["--accept-older-catalog"]);
    let mut world = stopped.start().await;
    assert_eq!(told(&world.service.events(), "WARN", "accepted an older catalogue"), 1);
    // It is for one start; the next one needs no choice.
    world.home = world.home.with_arguments(&[]);
    world
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_accepted_backup_delivers_nothing_twice_after_a_stop() {
    let world = World::start().await;
    let zone = world.zone.clone();
    let job = world.job(&zone, "logs", &json!({})).await;
    let other = world.job(&zone, "other", &json!({})).await;
    world.send(&zone, "a", 0..1_000).await;
    world.wait_until_delivered(job, 1_000).await;
    let backup = back_up(&world).await;
    world.send(&zone, "a", 1_000..3_250).await;
    world.wait_until_delivered(job, 3_000).await;
    // More was decided than deliveries: one job was changed, another was made.
    world.change(&zone, other, &json!({ "filter": NOTHING })).await;
    let later = world.job(&zone, "later", &json!({})).await;
    let stopped = world.stop().await;
    let in_bucket = stopped.s3.objects(BUCKET).len();

    restore(&stopped.home, &backup);
    let world = accept(stopped).await;
    let events = world.service.events();
    let accepted = events.iter().find(|event| !event["lost"].is_null()).unwrap();
    assert_eq!(
        (&accepted["paused"], &accepted["lost"]),
        (&json!(other.to_string()), &json!(later.to_string()))
    );
    assert_eq!(told(&events, "WARN", "a second time"), 0);
    assert_eq!(world.status(other).await["state"], "disabled");
    world.send(&zone, "a", 3_250..3_300).await;
    world.wait_for(job, "an open batch", |status| status["pending_records"] == 50).await;
    assert_eq!(world.s3.objects(BUCKET).len(), in_bucket, "something was delivered again");
    let world = world.restart().await;
    let objects = world.finish().await;
    let of_job: Vec<_> = objects.into_iter().filter(|one| one.key.starts_with("logs/")).collect();
    assert_each_once(&delivered(&of_job), &ids("a", 0..3_300));
}

/// A filter that nothing passes.
const NOTHING: &str = r#"{"where":{"key":"RayID","operator":"eq","value":"none"}}"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_accepted_backup_goes_on_with_what_was_sealed_and_not_delivered() {
    let s3 = S3Server::away(&[BUCKET]).await;
    let home = Home::new(&s3.url()).set("LOGPUSH_SHUTDOWN_TIMEOUT", "2s");
    let world = World::start_in(s3, home).await;
    let zone = world.zone.clone();
    let job = world.job(&zone, "logs", &json!({})).await;
    world.send(&zone, "a", 0..500).await;
    world.wait_for(job, "an open batch", |status| status["pending_records"] == 500).await;
    let backup = back_up(&world).await;
    world.send(&zone, "a", 500..2_250).await;
    world.wait_for(job, "a failed upload", |status| !status["retrying"].is_null()).await;
    world.wait_for(job, "all of it", |status| status["pending_records"] == 2_250).await;
    let stopped = world.stop().await;
    assert!(stopped.s3.objects(BUCKET).is_empty());

    restore(&stopped.home, &backup);
    let world = accept(stopped).await;
    world.s3.come_back().await;
    world.wait_until_delivered(job, 2_250).await;
    assert_each_once(&delivered(&world.finish().await), &ids("a", 0..2_250));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_accepted_backup_loses_nothing_after_a_kill_and_says_what_may_be_twice() {
    let world = World::start().await;
    let zone = world.zone.clone();
    let job = world.job(&zone, "logs", &json!({})).await;
    world.send(&zone, "a", 0..1_000).await;
    world.wait_until_delivered(job, 1_000).await;
    let backup = back_up(&world).await;
    world.send(&zone, "a", 1_000..4_250).await;
    world.wait_until_delivered(job, 4_000).await;
    wait_for_mark(&world.home).await;
    let stopped = world.kill().await;

    restore(&stopped.home, &backup);
    let world = accept(stopped).await;
    assert_eq!(told(&world.service.events(), "WARN", "had not stopped in order"), 1);
    world.send(&zone, "a", 4_250..4_300).await;
    let objects = world.finish().await;
    let found: BTreeSet<String> = delivered(&objects).into_iter().collect();
    let expected: BTreeSet<String> = ids("a", 0..4_300).into_iter().collect();
    assert!(found == expected, "{} of {} records are there", found.len(), expected.len());
}
