//! A service that cannot start: exit code 1, and an error that names the value and how to mend it.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;

use serde_json::json;
use tokio::process::Command;

use crate::cli::{Ran, ran};
use crate::s3::S3Server;
use crate::service::{FREE_PORT, Home, logpush};
use crate::world::World;

/// A home without an S3 server: nothing gets that far.
fn home() -> Home {
    Home::new("http://127.0.0.1:9")
}

/// Checks that a service does not start, and says why in one line.
async fn assert_refused(serve: &mut Command, parts: &[&str]) {
    let ran = Ran::of(serve.stderr(Stdio::piped())).await;
    ran.assert_failed(1, parts);
    assert_eq!(ran.stderr.trim_end().lines().count(), 1, "{}", ran.stderr);
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let parts = [&address.to_string(), "another program", "--listen"];
    assert_refused(&mut home().serve(address), &parts).await;
}

#[tokio::test]
async fn a_data_directory_that_cannot_be_written_is_named() {
    let home = home();
    let file = home.path().join("file");
    std::fs::write(&file, "").unwrap();
    let below = file.join("data");
    let mut serve = logpush(&["serve", "--listen", "127.0.0.1:0", "--data-dir", text(&below)]);
    assert_refused(&mut serve, &[text(&below), "writable", "--data-dir"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_data_directory_that_another_service_uses_is_refused_and_that_one_goes_on() {
    let world = World::start_with(S3Server::start(&[]).await).await;
    let data_dir = world.home.data_dir();
    let parts = [text(&data_dir), "in use", "stop the process"];
    assert_refused(&mut world.home.serve(FREE_PORT), &parts).await;
    world.send(&world.zone.clone(), "a", 0..10).await;
    world.finish_with_s3().await;
}

#[tokio::test]
async fn a_wrong_setting_is_named_with_its_place_and_the_nearest_right_one() {
    let cases: [(&str, &[&str]); 10] = [
        (
            "[ingest]\nbody_byte_max = '1MiB'",
            &["line 2", "`ingest.body_byte_max`", "`ingest.body_bytes_max`"],
        ),
        ("listenn = '127.0.0.1:1'", &["line 1", "`listenn`", "did you mean `listen`"]),
        ("\nlisten = 'nowhere'", &["`listen`", "`nowhere`", "127.0.0.1:8080"]),
        ("[delivery]\ngzip_level = 13", &["delivery.gzip_level", "13", "1 to 12"]),
        ("[journal]\nretention_age = 7", &["line 2", "7d"]),
        ("listen =", &["line 1"]),
        ("", &["is empty", "--config"]),
        (" \n\t\n", &["is empty", "--config"]),
        ("[api]\njobs_per_scope_max = 2\n[jour", &["line 3"]),
        ("\u{1}\u{2}\u{7f}ELF", &["line 1"]),
    ];
    for (content, parts) in cases {
        let home = home();
        let file = home.path().join("logpush.toml");
        std::fs::write(&file, content).unwrap();
        // Without --listen and the like, which would win over the file.
        let mut serve = logpush(&["serve", "--config", text(&file)]);
        serve.env("LOGPUSH_DATA_DIR", home.data_dir());
        assert_refused(&mut serve, parts).await;
        assert!(!home.data_dir().exists(), "nothing was touched");
    }
}

#[tokio::test]
async fn a_settings_file_that_is_missing_is_named() {
    let file = home().path().join("missing.toml");
    let mut serve = logpush(&["serve", "--config", text(&file)]);
    assert_refused(&mut serve, &[text(&file)]).await;
}

#[tokio::test]
async fn a_variable_that_names_no_setting_is_refused() {
    let unknown = home().set("LOGPUSH_INGEST__BODY_BYTE_MAX", "1MiB");
    let parts = ["`LOGPUSH_INGEST__BODY_BYTE_MAX`", "`LOGPUSH_INGEST__BODY_BYTES_MAX`"];
    assert_refused(&mut unknown.serve(FREE_PORT), &parts).await;
    let short = home().set("LOGPUSH_ADMIN_TOKEN", "short");
    assert_refused(&mut short.serve(FREE_PORT), &["admin_token", "16"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_from_the_settings_leaves_no_file_and_another_one_opens_nothing() {
    let (old, new) = ("11".repeat(32), "22".repeat(32));
    let s3 = S3Server::start(&[]).await;
    let world =
        World::start_in(s3, Home::new("http://127.0.0.1:9").set("LOGPUSH_SECRET_KEY", &old));
    let mut world = world.await;
    let secret = "s3://bucket/p?region=us-east-1&access-key-id=k&secret-access-key=hidden";
    let spec = json!({"dataset": "http_requests", "destination_conf": secret});
    let jobs = format!("/zones/{}/logpush/jobs", world.zone);
    let job = world.api.create(&jobs, &spec).await;
    assert!(!world.home.data_dir().join("secret.key").exists());
    let keys = format!("{new} {old}");
    // Under both keys, and then under the new one alone.
    for keys in [keys.as_str(), &new] {
        world.home = world.home.set("LOGPUSH_SECRET_KEY", keys);
        world = world.restart().await;
        let read = world.api.read(&format!("{jobs}/{}", job["id"])).await;
        assert_eq!(read["destination_conf"], secret);
    }
    assert!(world.service.terminate().await.success());
    let other = world.home.set("LOGPUSH_SECRET_KEY", &old);
    assert_refused(&mut other.serve(FREE_PORT), &["key"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_token_of_ones_own_one_is_made_for_the_owner_of_the_files() {
    let home = home().set("LOGPUSH_ADMIN_TOKEN", "");
    let service = home.start().await;
    let file = home.data_dir().join("admin-token");
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let data_dir = home.data_dir();
    // Commands on the same machine find it.
    let environment = [("LOGPUSH_URL", service.url())];
    let list = ["account", "list", "--data-dir", text(&data_dir)];
    ran(&list, environment.clone()).await.assert_done();
    let elsewhere = ["account", "list", "--data-dir", "/nonexistent"];
    let ran = ran(&elsewhere, environment).await;
    ran.assert_failed(1, &["LOGPUSH_TOKEN", "/nonexistent/admin-token"]);
    assert!(service.terminate().await.success());
}
