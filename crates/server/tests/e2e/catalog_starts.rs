//! What a start makes of each catalogue that it may find: it is refused with a word on what to do
//! and stays as it is, or is migrated after a copy was kept.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::json;
use sqlx::Connection;
use sqlx::sqlite::SqliteConnection;
use tokio::process::Command;

use crate::catalog_file::{catalog_of, connect, number, sql};
use crate::cli::Ran;
use crate::moto::say;
use crate::records::{assert_each_once, delivered, ids};
use crate::service::{FREE_PORT, Home};
use crate::world::{BUCKET, Stopped, World};

/// A service that has worked, and stopped.
async fn worked() -> Stopped {
    let world = World::start().await;
    let zone = world.zone.clone();
    let job = world.job(&zone, "logs", &json!({})).await;
    world.send(&zone, "a", 0..1_000).await;
    world.wait_until_delivered(job, 1_000).await;
    world.stop().await
}

/// How the catalogue is when the service is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Catalogue {
    Missing,
    Empty,
    Truncated,
    CutWithinAPage,
    Garbage,
    NewerSchema,
    OlderSchema,
    WithoutItsJobs,
    OfAnotherProgram,
    OfAnotherInstallation,
    OfAnotherKey,
}

use Catalogue::{
    CutWithinAPage, Empty, Garbage, Missing, NewerSchema, OfAnotherInstallation, OfAnotherKey,
    OfAnotherProgram, OlderSchema, Truncated, WithoutItsJobs,
};

/// What is expected of a start: the parts of the error, or `None` where it works.
const GRID: [(Catalogue, Option<&[&str]>); 11] = [
    (Missing, Some(&["catalog.sqlite", "is gone", "backup"])),
    (Empty, Some(&["catalog.sqlite", "the file is empty", "stays as it is", "backup"])),
    (Truncated, Some(&["catalog.sqlite", "damaged", "stays as it is", "backup"])),
    (CutWithinAPage, Some(&["catalog.sqlite", "damaged", "stays as it is", "backup"])),
    (Garbage, Some(&["catalog.sqlite", "damaged", "not a database", "backup"])),
    (NewerSchema, Some(&["catalog.sqlite", "schema version 9000", "newer", "use the version"])),
    (OlderSchema, None),
    (WithoutItsJobs, Some(&["catalog.sqlite", "not a single job", "stays as it is", "backup"])),
    (OfAnotherProgram, Some(&["catalog.sqlite", "another program", "stays as it is"])),
    (OfAnotherInstallation, Some(&["catalog.sqlite", "catalog.mark", "installation"])),
    (OfAnotherKey, Some(&["the catalogue", "another key", "bring back the key"])),
];

impl Catalogue {
    /// Makes it so in `home`; `other` is another service's home.
    async fn make(self, home: &Home, other: &Home) {
        let path = catalog_of(home);
        let whole = fs::read(&path).unwrap();
        match self {
            Missing => fs::remove_file(&path).unwrap(),
            Empty => fs::write(&path, "").unwrap(),
            Truncated => fs::write(&path, &whole[..whole.len() / 2]).unwrap(),
            CutWithinAPage => fs::write(&path, &whole[..whole.len() - 100]).unwrap(),
            Garbage => fs::write(&path, "garbage ".repeat(4_096)).unwrap(),
            NewerSchema => {
                let newer = "INSERT INTO _sqlx_migrations (version, description, success, \
                             checksum, execution_time) VALUES (9000, 'newer', TRUE, x'00', 0)";
                sql(&path, newer).await;
            }
            OlderSchema => sql(&path, TO_OLDER_SCHEMA).await,
            WithoutItsJobs => sql(&path, "DELETE FROM revision; DELETE FROM job").await,
            OfAnotherProgram => {
                fs::remove_file(&path).unwrap();
                sql(&path, "CREATE TABLE job (id)").await;
            }
            OfAnotherInstallation => {
                for file in ["catalog.sqlite", "secret.key"] {
                    let theirs = other.data_dir().join(file);
                    fs::copy(theirs, home.data_dir().join(file)).unwrap();
                }
            }
            OfAnotherKey => {
                fs::copy(catalog_of(other), &path).unwrap();
            }
        }
    }
}

/// Takes the newest migration back: the file is as the version before left it.
const TO_OLDER_SCHEMA: &str = "DROP TRIGGER generation_of_decisions; \
    DROP TRIGGER generation_of_beginnings; DROP TRIGGER generation_of_seals; \
    DROP TRIGGER generation_of_deliveries; ALTER TABLE installation DROP COLUMN generation; \
    DELETE FROM _sqlx_migrations WHERE version = 6";

/// The files of the data directory with what they hold, but those of the journal and the spool,
/// and those that SQLite makes beside its own when it reads.
fn files(home: &Home) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(home.data_dir()).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries
        .filter(|path| path.is_file())
        .filter(|path| !["-shm", "-wal"].iter().any(|end| path.to_string_lossy().ends_with(end)))
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect();
    files.sort();
    files
}

async fn refused(home: &Home, parts: &[&str]) {
    let before = files(home);
    let ran = Ran::of(home.serve(FREE_PORT).stderr(Stdio::piped())).await;
    ran.assert_failed(1, parts);
    let errors = ran.stderr.lines().filter(|line| line.starts_with("error: ")).count();
    assert_eq!(errors, 1, "{}", ran.stderr);
    let after = files(home);
    let names = |files: &[(PathBuf, Vec<u8>)]| -> Vec<_> {
        files.iter().map(|(path, _)| path.clone()).collect()
    };
    assert_eq!(names(&after), names(&before));
    assert!(after == before, "a file was changed: {}", ran.stderr);
}

fn copy_dir(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let to = to.join(path.file_name().unwrap());
        if path.is_dir() { copy_dir(&path, &to) } else { fs::copy(path, to).map(drop).unwrap() }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_catalogue_is_refused_as_it_is_or_migrated_after_a_copy() {
    let mut stopped = worked().await;
    let other = worked().await;
    let whole = stopped.home.path().join("whole");
    copy_dir(&stopped.home.data_dir(), &whole);
    for (catalogue, expected) in GRID {
        fs::remove_dir_all(stopped.home.data_dir()).unwrap();
        copy_dir(&whole, &stopped.home.data_dir());
        fs::set_permissions(
            stopped.home.data_dir().join("secret.key"),
            fs::Permissions::from_mode(0o600),
        )
        .unwrap();
        catalogue.make(&stopped.home, &other.home).await;
        match expected {
            Some(parts) => refused(&stopped.home, parts).await,
            None => {
                // The mark is of a catalogue that counts, which this one never did.
                fs::remove_file(stopped.home.data_dir().join("catalog.mark")).unwrap();
                stopped = goes_on_after_migration(stopped).await;
            }
        }
    }
    fs::remove_dir_all(stopped.home.data_dir()).unwrap();
    copy_dir(&whole, &stopped.home.data_dir());
    // As it was, it starts.
    let world = stopped.start().await;
    world.finish().await;
}

async fn goes_on_after_migration(stopped: Stopped) -> Stopped {
    let world = stopped.start().await;
    let zone = world.zone.clone();
    world.send(&zone, "a", 1_000..1_010).await;
    world.wait_until_read().await;
    let stopped = world.stop().await;
    assert_each_once(&delivered(&stopped.s3.objects(BUCKET)), &ids("a", 0..1_010));
    let copies: Vec<_> = files(&stopped.home)
        .into_iter()
        .filter(|(path, _)| path.to_string_lossy().contains("catalog.sqlite.schema-"))
        .collect();
    assert_eq!(copies.len(), 1);
    assert_eq!(number(&copies[0].0, "SELECT count(*) FROM batch").await, 1);
    stopped
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_catalogue_that_another_process_keeps_to_itself_is_refused() {
    let stopped = worked().await;
    let mut connection: SqliteConnection = connect(&catalog_of(&stopped.home)).await;
    sqlx::raw_sql("BEGIN EXCLUSIVE").execute(&mut connection).await.unwrap();
    let ran = Ran::of(stopped.home.serve(FREE_PORT).stderr(Stdio::piped())).await;
    ran.assert_failed(1, &["catalog.sqlite", "locked by another process", "fuser"]);
    sqlx::raw_sql("ROLLBACK").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    stopped.start().await.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_catalogue_that_cannot_be_written_is_refused() {
    let mut stopped = worked().await;
    let catalog = catalog_of(&stopped.home);
    fs::set_permissions(&catalog, fs::Permissions::from_mode(0o444)).unwrap();
    if fs::OpenOptions::new().append(true).open(&catalog).is_ok() {
        // Nothing keeps this user out: the service has to be somebody else's.
        let Some(home) = by_nobody(stopped.home).await else { return };
        stopped.home = home;
    }
    refused(&stopped.home, &["catalog.sqlite", "cannot be written", "make it writable"]).await;
}

/// The home as one of a user without rights, and the catalogue as root's; `None` where that
/// cannot be.
async fn by_nobody(home: Home) -> Option<Home> {
    const NOBODY: &str = "65534";
    let (dir, catalog) = (home.path().to_owned(), catalog_of(&home));
    let launcher = ["setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"];
    let (dir, catalog) = (dir.to_str().unwrap(), catalog.to_str().unwrap());
    let script = "chown -R \"$0\" \"$1\" && chown 0 \"$2\"";
    let given = Command::new("sh").args(["-c", script, NOBODY, dir, catalog]).status().await;
    let program = env!("CARGO_BIN_EXE_logpush");
    let mut as_nobody = Command::new(launcher[0]);
    let tried = as_nobody.args(&launcher[1..]).args([program, "--version"]).output().await;
    if given.is_ok_and(|given| given.success()) && tried.is_ok_and(|tried| tried.status.success()) {
        return Some(home.launched_by(&launcher));
    }
    say("SKIPPED: this test needs a user that a file can be kept from, or setpriv");
    None
}
