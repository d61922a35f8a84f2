//! `logpush demo`: what its summary says is what its bucket holds.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::cli::Ran;
use crate::objects::lines;
use crate::s3::objects_below;
use crate::service::{logpush, signal};

/// The number that stands first after `label` at the beginning of the last such line.
fn number(summary: &str, label: &str) -> usize {
    let line = summary.lines().rev().find_map(|line| line.strip_prefix(label));
    let line = line.unwrap_or_else(|| panic!("no line begins with `{label}`: {summary}"));
    let digits = line.split_whitespace().next().unwrap().trim_end_matches(':').replace(',', "");
    digits.parse().unwrap_or_else(|_| panic!("no number after `{label}`: {line}"))
}

/// Checks that the summary of a run says what the folder of the bucket holds beyond what earlier
/// runs left there. How many lines it holds.
fn check(summary: &str, bucket: &Path, earlier: usize) -> usize {
    let acknowledged = number(summary, "acknowledged");
    assert!(acknowledged > 0, "{summary}");
    assert_eq!(number(summary, "delivered"), acknowledged, "{summary}");
    let objects = objects_below(bucket);
    objects.iter().for_each(|object| object.assert_named_in("logs"));
    let lines = lines(&objects);
    assert_eq!(lines.len(), earlier + acknowledged);
    let id = |line: &String| {
        let record: Value = serde_json::from_str(line).unwrap();
        record["RayID"].as_str().unwrap().to_owned()
    };
    let ids: BTreeSet<String> = lines.iter().map(id).collect();
    assert_eq!(ids.len(), lines.len(), "records are there twice");
    lines.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_delivers_what_it_acknowledged_and_its_bucket_shows_it() {
    let dir = tempfile::tempdir().unwrap();
    let data_dir = dir.path().join("demo");
    let bucket = data_dir.join("s3/burritobot");
    let args = ["demo", "--rate", "500", "--listen", "127.0.0.1:0", "--data-dir"];
    let args = [&args[..], &[data_dir.to_str().unwrap()]].concat();
    let first = Ran::of(&mut logpush(&[&args[..], &["--for", "10s"]].concat())).await;
    first.assert_done();
    let lines = check(&first.stdout, &bucket, 0);
    assert_eq!(number(&first.stdout, "objects"), objects_below(&bucket).len(), "{}", first.stdout);

    // Without a time it ends at Ctrl-C; what earlier runs left is used again.
    let mut second = logpush(&args);
    second.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut second = second.spawn().unwrap();
    let id = second.id().unwrap();
    let mut said = BufReader::new(second.stdout.take().unwrap()).lines();
    let mut summary = String::new();
    while let Some(line) = said.next_line().await.unwrap() {
        // The first line that tells how things stand.
        if line.starts_with("00:0") {
            signal(id, "INT").await;
        }
        summary += &(line + "\n");
    }
    let output = second.wait_with_output().await.unwrap();
    assert!(output.status.success(), "{summary}\n{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(number(&summary, "earlier runs"), lines, "{summary}");
    check(&summary, &bucket, lines);
}
