//! A disk that fills up while records flow in, on a file system of a few megabytes: nothing that
//! was acknowledged is lost, the service says what is the matter, and goes on when there is room.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;
use tokio::process::Command;
use tokio::time::sleep;

use crate::api::Answer;
use crate::moto::say;
use crate::records::{assert_each_once, delivered, id, ids};
use crate::s3::S3Server;
use crate::senders::Dice;
use crate::service::Home;
use crate::world::{BUCKET, World};

/// Records of a request, each of 10 KB that do not compress well.
const RECORDS: u64 = 50;
/// More than the disk could ever take.
const REQUESTS_MAX: u64 = 200;

/// Mounts a file system of 40 MiB at the data directory, fills most of it with a ballast, and
/// becomes the program that follows.
const ON_A_SMALL_DISK: &str = "mkdir -p \"$0\" && mount -t tmpfs -o size=40m,mode=0700 tmpfs \"$0\" \
    && head -c 28000000 /dev/zero >\"$0/ballast\" && exec \"$@\"";

/// Whether this system lets us mount a file system of our own.
async fn can_mount() -> bool {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().to_str().unwrap();
    let mount = ["--user", "--map-root-user", "--mount", "sh", "-c", ON_A_SMALL_DISK, dir, "true"];
    let tried = Command::new("unshare").args(mount).output().await;
    let is_done = tried.is_ok_and(|output| output.status.success());
    if !is_done {
        say("SKIPPED: this test needs a small file system, and this system lets nobody but root \
             mount one");
    }
    is_done
}

fn body(first: u64) -> String {
    let mut dice = Dice(first);
    let mut body = String::new();
    for number in first..first + RECORDS {
        let noise: String = (0..640).fold(String::new(), |mut noise, _| {
            write!(noise, "{:016x}", dice.below(u64::MAX)).unwrap();
            noise
        });
        let id = id("a", number);
        writeln!(body, r#"{{"RayID":"{id}","ClientRequestURI":"/{noise}"}}"#).unwrap();
    }
    body
}

async fn send(world: &World, number: u64) -> Answer {
    let request = world.api.ingest(&world.zone, "http_requests").body(body(number * RECORDS));
    Answer::of(request.header("idempotency-key", format!("request-{number}"))).await
}

/// Fills the disk, makes room, and checks that all arrives; `free_bytes_min` is what the journal
/// leaves free.
async fn fills_up(free_bytes_min: &str) {
    if !can_mount().await {
        return;
    }
    let s3 = S3Server::start(&[BUCKET]).await;
    let home = Home::new(&s3.url()).set("LOGPUSH_JOURNAL__FREE_BYTES_MIN", free_bytes_min);
    let data_dir = home.data_dir().to_str().unwrap().to_owned();
    let launcher =
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", ON_A_SMALL_DISK, &data_dir];
    let world = World::start_in(s3, home.launched_by(&launcher)).await;
    world.job(&world.zone, "logs", &json!({})).await;
    let mut next = 0;
    let refusal = loop {
        let answer = send(&world, next).await;
        if answer.status != 200 {
            break answer;
        }
        next += 1;
        assert!(next < REQUESTS_MAX, "the disk never fills up");
    };
    refusal.assert_refused(503, &["nothing was stored"]);
    assert!(refusal.retry_after.is_some());
    let ready = world.api.get("/readyz").await;
    assert_eq!((ready.status, &ready.json()["journal"]), (503, &json!("refusing")));
    assert_eq!(world.api.get("/healthz").await.status, 200);

    // Seen from outside, the file system hangs below the process.
    let root = PathBuf::from(format!("/proc/{}/root", world.service.id()));
    std::fs::remove_file(root.join(data_dir.trim_start_matches('/')).join("ballast")).unwrap();
    let until = next + 5;
    let mut refused = 0;
    while next < until {
        if send(&world, next).await.status == 200 {
            next += 1;
        } else {
            refused += 1;
            assert!(refused < 600, "the door stays closed though there is room");
            sleep(Duration::from_millis(100)).await;
        }
    }
    assert_eq!(world.api.get("/readyz").await.status, 200);
    assert_each_once(&delivered(&world.finish().await), &ids("a", 0..next * RECORDS));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_door_closes_before_the_disk_is_full_and_opens_when_there_is_room() {
    fills_up("3MiB").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_without_any_room_loses_nothing_that_was_acknowledged() {
    fills_up("64KiB").await;
}
