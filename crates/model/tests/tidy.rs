//! Keeps the promises of the house that neither the compiler nor clippy can keep.
//!
//! Each test lists all offences at once, with the file and the rule, so that they are mended in
//! one go. STYLE.md explains the rules.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::path::{Path, PathBuf};

const SOURCE_LINES_MAX: usize = 500;
const TEST_LINES_MAX: usize = 700;

/// Each room, and the rooms that it may know.
const ARROWS: [(&str, &[&str]); 7] = [
    ("model", &[]),
    ("deflate", &[]),
    ("journal", &["model"]),
    ("catalog", &["model"]),
    ("delivery", &["model", "deflate", "journal", "catalog"]),
    ("server", &["model", "journal", "catalog", "delivery"]),
    ("sim", &["model", "journal", "catalog", "delivery"]),
];

/// Libraries that belong to one room: what they bring may be used through that room only.
const RESERVED: [(&str, &[&str]); 6] = [
    ("sqlx", &["catalog"]),
    ("aws-sdk", &["delivery"]),
    ("aws-config", &["delivery"]),
    ("axum", &["server"]),
    ("tokio", &["journal", "catalog", "delivery", "server", "sim"]),
    ("s3s", &["server", "delivery", "sim"]),
];

/// Module names that say nothing of what is inside.
const DRAWERS: [&str; 9] =
    ["utils", "util", "common", "helpers", "helper", "misc", "core", "manager", "shared"];

fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).expect("the crate stands in crates/ of the workspace").to_owned()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All files below `dir` with this ending, build output and hidden folders left out.
fn files(dir: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![dir.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(&dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display())) {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                let skipped = name.starts_with('.') || name.starts_with("target");
                if !skipped && name != "logpush-data" && name != "node_modules" {
                    open.push(path);
                }
            } else if name.ends_with(ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn sources() -> Vec<PathBuf> {
    files(&root().join("crates"), ".rs")
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

fn is_test(path: &Path) -> bool {
    let path = shown(path);
    ["/tests/", "/benches/", "tests.rs", "conformance"].iter().any(|part| path.contains(part))
}

fn assert_none(offences: &[String]) {
    assert!(offences.is_empty(), "\n{}\n", offences.join("\n"));
}

/// The library names under the manifest's `[dependencies]`.
fn dependencies(room: &str) -> Vec<String> {
    let manifest = read(&root().join("crates").join(room).join("Cargo.toml"));
    manifest
        .lines()
        .skip_while(|line| line.trim() != "[dependencies]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split(['.', ' ', '=']).next())
        .filter(|name| !name.is_empty() && !name.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_file_says_what_it_owns() {
    let offences: Vec<String> = sources()
        .iter()
        .filter(|path| !read(path).starts_with("//!"))
        .map(|path| format!("{}: does not open with `//!`", shown(path)))
        .collect();
    assert_none(&offences);
}

#[test]
fn files_keep_to_one_subject() {
    let mut offences = Vec::new();
    for path in sources() {
        let lines = read(&path).lines().count();
        let max = if is_test(&path) { TEST_LINES_MAX } else { SOURCE_LINES_MAX };
        if lines > max {
            offences.push(format!("{}: {lines} lines, at most {max}", shown(&path)));
        }
    }
    assert_none(&offences);
}

#[test]
fn there_are_no_drawers() {
    let mut offences = Vec::new();
    for path in sources() {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let folder = path.parent().and_then(Path::file_name).unwrap_or_default();
        for name in [stem.as_str(), &folder.to_string_lossy()] {
            if DRAWERS.contains(&name) {
                offences.push(format!("{}: `{name}` says nothing of what is inside", shown(&path)));
            }
        }
    }
    assert_none(&offences);
}

#[test]
fn arrows_point_one_way() {
    let mut offences = Vec::new();
    let rooms: Vec<&str> = ARROWS.iter().map(|(room, _)| *room).collect();
    for (room, allowed) in ARROWS {
        for dependency in dependencies(room) {
            if rooms.contains(&dependency.as_str()) && !allowed.contains(&dependency.as_str()) {
                offences.push(format!("`{room}` may not know `{dependency}`"));
            }
            for (library, homes) in RESERVED {
                if dependency.starts_with(library) && !homes.contains(&room) {
                    offences.push(format!("`{room}` may not use `{dependency}`"));
                }
            }
        }
    }
    let standing = fs::read_dir(root().join("crates")).unwrap().count();
    assert_eq!(standing, ARROWS.len(), "a room was added or removed: say so in ARROWS");
    assert_none(&offences);
}

#[test]
fn every_room_keeps_the_lints_of_the_house() {
    let offences: Vec<String> = files(&root().join("crates"), "Cargo.toml")
        .iter()
        .filter(|path| !read(path).contains("[lints]\nworkspace = true"))
        .map(|path| format!("{}: lacks `[lints] workspace = true`", shown(path)))
        .collect();
    assert_none(&offences);
}

#[test]
fn only_the_catalog_speaks_sql() {
    let words = ["SELECT ", "INSERT INTO", "DELETE FROM", "UPDATE OR", "CREATE TABLE"];
    let mut offences = Vec::new();
    for path in sources() {
        let name = shown(&path);
        if name.starts_with("crates/catalog") || is_test(&path) {
            continue;
        }
        for word in words {
            if read(&path).contains(word) {
                offences.push(format!("{name}: `{}` belongs in the catalog", word.trim()));
            }
        }
    }
    assert_none(&offences);
}

#[test]
fn nothing_is_left_for_later() {
    let marks = [["TO", "DO"], ["FIX", "ME"], ["XX", "X"]].map(|[a, b]| format!("{a}{b}"));
    let macros = [["todo", "!("], ["unimplemented", "!("]].map(|[a, b]| format!("{a}{b}"));
    let mut offences = Vec::new();
    for path in sources() {
        for (line, text) in (1..).zip(read(&path).lines()) {
            let words = || text.split(|c: char| !c.is_alphanumeric());
            let marked = marks.iter().any(|mark| words().any(|word| word == mark));
            if marked || macros.iter().any(|call| text.contains(call)) {
                offences.push(format!("{}:{line}: {}", shown(&path), text.trim()));
            }
        }
    }
    assert_none(&offences);
}

/// Names in back-ticks that are meant as paths of this repository.
fn named_paths(text: &str) -> Vec<String> {
    let looks_like_a_path = |word: &str| {
        let starts = ["crates/", "docs/", ".ci/", "fuzz/"];
        let is_document = word.rsplit_once('.').is_some_and(|(_, ending)| ending == "md");
        let is_plain = !word.contains(['{', '*', '<', ' ', '$']);
        is_plain && (starts.iter().any(|start| word.starts_with(start)) || is_document)
    };
    let quoted = text.split('`').skip(1).step_by(2).map(str::to_owned);
    let linked = text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
    quoted
        .chain(linked.map(str::to_owned))
        .filter(|word| looks_like_a_path(word) && !word.contains("://"))
        .collect()
}

#[test]
fn paths_named_in_documents_exist() {
    let mut offences = Vec::new();
    for document in files(&root(), ".md") {
        let beside = document.parent().unwrap_or(Path::new("")).to_owned();
        for path in named_paths(&read(&document)) {
            let path = path.trim_end_matches('/');
            if !root().join(path).exists() && !beside.join(path).exists() {
                offences.push(format!("{}: `{path}` does not exist", shown(&document)));
            }
        }
    }
    assert_none(&offences);
}

#[test]
fn documents_that_a_newcomer_needs_are_there() {
    for name in [
        "README.md",
        "ARCHITECTURE.md",
        "STYLE.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "LICENSE",
        "deny.toml",
        "clippy.toml",
        "rustfmt.toml",
        ".ci/run",
    ] {
        assert!(root().join(name).is_file(), "{name} is missing");
    }
}
