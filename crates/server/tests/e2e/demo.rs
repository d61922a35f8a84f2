//! `logpush demo`: what its summary says is what its bucket holds.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::cli::ran;
use crate::objects::lines;
use crate::s3::objects_below;

/// The number that stands first after `label` at the beginning of the last such line.
fn number(summary: &str, label: &str) -> usize {
    let line = summary.lines().rev().find_map(|line| line.strip_prefix(label));
    let line = line.unwrap_or_else(|| panic!("no line begins with `{label}`: {summary}"));
    let digits = line.split_whitespace().next().unwrap().trim_end_matches(':').replace(',', "");
    digits.parse().unwrap_or_else(|_| panic!("no number after `{label}`: {line}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_delivers_what_it_acknowledged_and_its_bucket_shows_it() {
    let dir = tempfile::tempdir().unwrap();
    let data_dir = dir.path().join("demo");
    let data_dir = data_dir.to_str().unwrap();
    let args = ["demo", "--for", "10s", "--rate", "500", "--listen", "127.0.0.1:0"];
    let ran = ran(&[&args[..], &["--data-dir", data_dir]].concat(), [("HOME", dir.path())]).await;
    ran.assert_done();
    let acknowledged = number(&ran.stdout, "acknowledged");
    assert!(acknowledged > 1_000, "{}", ran.stdout);
    assert_eq!(number(&ran.stdout, "delivered"), acknowledged, "{}", ran.stdout);

    let objects = objects_below(&dir.path().join("demo/s3/burritobot"));
    assert_eq!(number(&ran.stdout, "objects"), objects.len(), "{}", ran.stdout);
    let lines = lines(&objects);
    assert_eq!(lines.len(), acknowledged);
    let id = |line: &String| {
        let record: Value = serde_json::from_str(line).unwrap();
        record["RayID"].as_str().unwrap().to_owned()
    };
    let ids: BTreeSet<String> = lines.iter().map(id).collect();
    assert_eq!(ids.len(), acknowledged, "records are there twice");
    objects.iter().for_each(|object| object.assert_named_in("logs"));
}
