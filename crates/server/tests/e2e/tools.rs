//! Programs in other languages that test the service from outside: where they are installed, and
//! how they are run. What is not there is said loudly, and fails where nothing may be skipped.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

/// How long one of them may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// Where `.ci/run` installs: beside what cargo builds.
fn target() -> &'static Path {
    let tmp = Path::new(env!("CARGO_TARGET_TMPDIR"));
    tmp.parent().unwrap_or(tmp)
}

/// Where the tests' scripts are.
pub(crate) fn script(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sdk").join(path)
}

/// A Python that has this package, if there is one.
pub(crate) async fn python_with(package: &str) -> Option<PathBuf> {
    let candidates = [target().join("ci-python/bin/python"), PathBuf::from("python3")];
    for python in candidates {
        let import = Command::new(&python)
            .args(["-c", &format!("import {package}")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .await;
        if import.is_ok_and(|status| status.success()) {
            return Some(python);
        }
    }
    missing(&format!("needs the Python package `{package}`"));
    None
}

/// The folder whose `node_modules` have these packages, if there is one.
pub(crate) fn node_with(packages: &[&str]) -> Option<PathBuf> {
    let folder = target().join("ci-node");
    if packages.iter().all(|package| folder.join("node_modules").join(package).is_dir()) {
        return Some(folder);
    }
    missing(&format!("needs the npm packages {packages:?} in {}", folder.display()));
    None
}

/// Says that a test is skipped, or fails where nothing may be skipped.
fn missing(what: &str) {
    let all = std::env::var_os("LOGPUSH_TEST_REQUIRE").is_some_and(|v| v == "all");
    assert!(!all, "this test {what}; .ci/run installs it");
    // The macros' output would be shown of failing tests only.
    writeln!(std::io::stderr().lock(), "SKIPPED: this test {what}; .ci/run installs it").unwrap();
}

/// Runs a program that has to succeed. What it says, its errors included, is given back.
pub(crate) async fn run(mut command: Command) -> String {
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = timeout(PATIENCE, command.output()).await;
    let output = output.expect("the program ends in time").expect("the program starts");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    let from = said.floor_char_boundary(said.len().saturating_sub(8_000));
    assert!(output.status.success(), "{command:?} failed:\n{}", &said[from..]);
    said
}

/// Whether all these programs are there.
pub(crate) async fn programs(names: &[&str]) -> bool {
    for name in names {
        let found = Command::new("sh").args(["-c", &format!("command -v {name}")]).output().await;
        if !found.is_ok_and(|output| output.status.success()) {
            missing(&format!("needs the program `{name}`"));
            return false;
        }
    }
    true
}
