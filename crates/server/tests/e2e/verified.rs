//! `logpush verify`: the bucket as the ledger says, and as others have changed it.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sim::s3::{BucketSettings, PRINCIPAL, Policy};

use crate::cli::{Cli, Ran};
use crate::s3::S3Server;
use crate::service::Home;
use crate::world::{BUCKET, World};

/// A job of the zone that has delivered three objects of 1,000 records, and their keys.
async fn delivered(world: &World, more: &Value) -> (String, Vec<String>) {
    let zone = world.zone.clone();
    let job = world.job(&zone, "logs", more).await;
    for number in 0..3 {
        world.send(&zone, &format!("job{job}"), number * 1_000..(number + 1) * 1_000).await;
    }
    world.wait_until_delivered(job, 3_000).await;
    let path = format!("/zones/{zone}/logpush/jobs/{job}/ledger/batches");
    let batches = world.api.read(&path).await;
    let batches = batches["batches"].as_array().unwrap();
    let key = |batch: &Value| batch["key"].as_str().unwrap().to_owned();
    assert!(batches.iter().all(|batch| batch["checksum"].as_str().unwrap().len() == 12));
    (job.to_string(), batches.iter().map(key).collect())
}

/// Copies a folder with all that is below it.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn flip_a_byte(path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    std::fs::write(path, bytes).unwrap();
}

#[track_caller]
fn assert_said(ran: &Ran, lines: &[(&str, &str)]) {
    for (kind, what) in lines {
        let is_told = |line: &str| line.starts_with(kind) && line.contains(what);
        assert!(ran.stdout.lines().any(is_told), "no `{kind}` of {what}:\n{}", ran.stdout);
    }
}

/// Removes the first object, alters the second, and adds one of a batch that never was.
fn spoil(folder: &Path, keys: &[String]) -> String {
    std::fs::remove_file(folder.join(&keys[0])).unwrap();
    flip_a_byte(&folder.join(&keys[1]));
    let (before, _) = keys[2].rsplit_once('-').unwrap();
    let extra = format!("{before}-000000777777.log.gz");
    std::fs::copy(folder.join(&keys[2]), folder.join(&extra)).unwrap();
    extra
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_is_verified_and_what_others_do_to_it_is_found() {
    let world = World::start().await;
    let (other, _) = delivered(&world, &json!({})).await;
    let (job, keys) = delivered(&world, &json!({})).await;
    let cli = world.cli();
    let ran = cli.run(&["verify", "--job", &job]).await;
    ran.assert_done();
    assert_said(&ran, &[("OK: all 3 delivered objects", "no other"), ("checksums", "3 compared")]);
    let found = cli.json(&["verify", "--job", &job]).await;
    assert_eq!((&found["ok"], &found["complete"]), (&json!(true), &json!(true)), "{found}");
    assert_eq!(found["objects"]["same"], 3);
    assert_eq!(found["same"]["records"], 3_000);
    assert_eq!(found["findings"], json!([]));

    let folder = world.s3.folder(BUCKET);
    let extra = spoil(&folder, &keys);
    let ran = cli.run(&["verify", "--job", &job]).await;
    ran.assert_failed(1, &["differs", "1 missing", "1 altered", "1 extra"]);
    assert_said(&ran, &[("missing", &keys[0]), ("altered", &keys[1]), ("extra", &extra)]);
    assert!(!ran.stdout.contains("OK"), "{}", ran.stdout);
    let ran = cli.run(&["verify", "--job", &job, "--json"]).await;
    ran.assert_failed(1, &["differs"]);
    let found: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((&found["ok"], &found["complete"]), (&json!(false), &json!(true)), "{found}");
    assert_eq!(found["counts"], json!({ "altered": 1, "extra": 1, "missing": 1 }));
    let of_kind = |kind: &str| {
        let findings = found["findings"].as_array().unwrap();
        let found = findings.iter().find(|finding| finding["kind"] == kind).unwrap();
        found["key"].as_str().unwrap().to_owned()
    };
    assert_eq!(of_kind("missing"), keys[0]);
    assert_eq!(of_kind("extra"), format!("s3://{BUCKET}/{extra}"));

    // A neighbour in the same folder is as it was, and so is a time in which nothing came.
    cli.run(&["verify", "--job", &other]).await.assert_done();
    let long_ago = cli.run(&["verify", "--job", &job, "--to", "2019-01-01T00:00:00Z"]).await;
    long_ago.assert_done();
    assert_said(&long_ago, &[("OK: the ledger has no delivered object there", "")]);
    let ran = cli.run(&["verify", "--job", &job, "--from", "2019-01-01T00:00:00Z"]).await;
    ran.assert_failed(1, &["1 missing", "1 altered", "1 extra"]);
    assert!(world.service.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_of_the_bucket_is_verified_without_the_bucket() {
    let world = World::start().await;
    let zstd = json!({ "output_options": {
        "field_names": ["RayID", "ClientIP"], "output_type": "csv", "compression": "zstd",
    } });
    let (job, keys) = delivered(&world, &zstd).await;
    assert!(keys[0].ends_with(".log.zst"));
    let copied = world.home.path().join("copy");
    copy(&world.s3.folder(BUCKET), &copied);
    let cli = world.cli();
    let verify = async |dir: &PathBuf| {
        cli.run(&["verify", "--job", &job, "--objects", dir.to_str().unwrap()]).await
    };
    for dir in [copied.clone(), copied.join("logs")] {
        let ran = verify(&dir).await;
        ran.assert_done();
        assert_said(&ran, &[("OK: all 3 delivered objects", "no other")]);
    }
    std::fs::remove_file(copied.join(&keys[0])).unwrap();
    flip_a_byte(&copied.join(&keys[1]));
    let again = copied.join("again");
    std::fs::create_dir(&again).unwrap();
    let name = keys[2].rsplit('/').next().unwrap();
    std::fs::copy(copied.join(&keys[2]), again.join(name)).unwrap();
    let ran = verify(&copied).await;
    ran.assert_failed(1, &["1 missing", "1 altered", "1 extra"]);
    assert_said(&ran, &[("missing", &keys[0]), ("altered", &keys[1]), ("extra", name)]);
    // From a folder above it, the keys lead nowhere.
    let ran = verify(&world.home.path().to_owned()).await;
    ran.assert_failed(1, &["3 missing"]);
    assert_said(&ran, &[("extra", "but not at its key below the folder")]);
    // The bucket itself is as it was.
    cli.run(&["verify", "--job", &job]).await.assert_done();
    assert!(world.service.terminate().await.success());
}

/// A bucket whose policy allows this.
fn allowing(actions: &[&str]) -> BucketSettings {
    let policy = json!({ "Statement": [{
        "Effect": "Allow", "Principal": {"AWS": PRINCIPAL}, "Action": actions,
        "Resource": [format!("arn:aws:s3:::{BUCKET}"), format!("arn:aws:s3:::{BUCKET}/*")],
    }] });
    let policy = Some(Policy::parse(&policy.to_string()).unwrap());
    BucketSettings { policy, ..BucketSettings::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_may_not_be_read_is_never_said_to_be_well() {
    let s3 = sim::s3::S3Server::start(1, &[BUCKET]).await;
    let world = World::start_in(S3Server::start(&[]).await, Home::new(&s3.url())).await;
    let (job, keys) = delivered(&world, &json!({})).await;
    let cli: Cli = world.cli();
    let verify = ["verify", "--job", &job];
    cli.run(&verify).await.assert_done();

    s3.set_bucket(BUCKET, allowing(&["s3:PutObject", "s3:GetObject"]));
    let ran = cli.run(&verify).await;
    ran.assert_failed(1, &["not verified", "extra objects", "`s3:ListBucket` on the bucket"]);
    let ran = cli.run(&[&verify[..], &["--without-list"]].concat()).await;
    ran.assert_done();
    assert_said(&ran, &[("OK: all 3", "others of this job were not looked for")]);
    assert!(s3.remove_object(BUCKET, &keys[0]));
    let ran = cli.run(&[&verify[..], &["--without-list"]].concat()).await;
    ran.assert_failed(1, &["not verified", &keys[0], "`s3:GetObject`", "`s3:ListBucket`"]);

    s3.set_bucket(BUCKET, allowing(&["s3:PutObject", "s3:ListBucket"]));
    let ran = cli.run(&[&verify[..], &["--json"]].concat()).await;
    ran.assert_failed(1, &["1 missing", "could not read", "`s3:GetObject`"]);
    let found: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((&found["ok"], &found["complete"]), (&json!(false), &json!(false)), "{found}");
    assert_eq!(found["unread"].as_array().unwrap().len(), 2);

    s3.leave().await;
    let ran = cli.run(&verify).await;
    ran.assert_failed(1, &["not verified"]);
    assert!(world.service.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_that_takes_many_requests_is_walked_through_once() {
    const OBJECTS: u64 = 103;
    let world = World::start().await;
    let zone = world.zone.clone();
    let job = world.job(&zone, "logs", &json!({})).await;
    for number in 0..OBJECTS {
        world.send(&zone, "a", number * 1_000..(number + 1) * 1_000).await;
    }
    world.wait_until_delivered(job, OBJECTS * 1_000).await;
    // More than the command asks for at a time.
    let found = world.cli().json(&["verify", "--job", &job.to_string()]).await;
    assert_eq!(found["objects"]["same"], OBJECTS, "{found}");
    assert_eq!(found["same"]["records"], OBJECTS * 1_000);
    assert_eq!(found["listed_keys"], OBJECTS);

    let path = format!("/client/v4/zones/{zone}/logpush/jobs/{job}/verify?limit=40");
    let (mut after, mut firsts, mut requests) = (None::<String>, Vec::new(), 0);
    loop {
        let from = after.map_or_else(String::new, |after| format!("&after={after}"));
        let request = world.api.request(reqwest::Method::POST, &format!("{path}{from}"));
        let text = request.send().await.unwrap().text().await.unwrap();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let lines: Vec<Value> = lines.filter(|line| line["type"] != "working").collect();
        let (end, batches) = lines.split_last().unwrap();
        for line in batches {
            assert_eq!((&line["type"], &line["result"]), (&json!("batch"), &json!("same")));
            let batch = &line["batch"];
            let before = batch["previous_next_frame"].as_u64();
            assert_eq!(before.is_none(), firsts.is_empty(), "{batch}");
            assert!(before <= batch["first_frame"].as_u64(), "{batch}");
            firsts.push(batch["first_frame"].as_u64().unwrap());
        }
        requests += 1;
        assert_eq!(end["type"], "end");
        after = end["next"].as_str().map(str::to_owned);
        if after.is_none() {
            break;
        }
    }
    assert_eq!((requests, firsts.len() as u64), (3, OBJECTS));
    assert!(firsts.is_sorted_by(|one, next| one < next));
    assert!(world.service.terminate().await.success());
}
