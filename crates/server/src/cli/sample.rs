//! `logpush sample`: records that look real, for trying out and for measuring.

use std::sync::Arc;

use model::spelling::nearest;
use model::synthetic::Records;
use model::{Dataset, Datasets, UnixNanos};

use super::CliError;
use super::print::exactly;

/// The first record's time, 2026-01-01T00:00:00Z: the same command prints the same bytes always.
const BEGIN: UnixNanos = UnixNanos(1_767_225_600_000_000_000);
/// From one record to the next: a millisecond.
const STEP_NANOS: i64 = 1_000_000;
/// Bytes after which what was made is printed.
const CHUNK_BYTES: usize = 1 << 20;

/// Print records of a dataset that look real, one a line.
///
/// The same dataset, number and seed give the same bytes. It needs no service: what it prints can
/// be piped to `logpush send`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// One of the built-in datasets, such as `http_requests`.
    #[arg(long, value_name = "NAME", value_parser = dataset)]
    dataset: Arc<Dataset>,
    /// How many records.
    #[arg(long, value_name = "NUMBER", default_value_t = 10)]
    records: u64,
    /// What decides the values.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
}

pub(super) fn run(args: &Args) -> Result<(), CliError> {
    let mut records = Records::new(Arc::clone(&args.dataset), args.seed);
    let (mut text, mut at) = (Vec::new(), BEGIN);
    for _ in 0..args.records {
        records.write_record(at, &mut text);
        at = UnixNanos(at.0.saturating_add(STEP_NANOS));
        if text.len() >= CHUNK_BYTES {
            print(&mut text)?;
        }
    }
    if text.is_empty() { Ok(()) } else { print(&mut text) }
}

fn print(text: &mut Vec<u8>) -> Result<(), CliError> {
    exactly(String::from_utf8_lossy(text).trim_end())?;
    text.clear();
    Ok(())
}

fn dataset(name: &str) -> Result<Arc<Dataset>, String> {
    let datasets = Datasets::builtin();
    if let Some(dataset) = datasets.get(name) {
        return Ok(Arc::clone(dataset));
    }
    let names = || datasets.iter().map(|dataset| dataset.name.as_str());
    let all = names().collect::<Vec<_>>().join(", ");
    let hint = nearest(name, names()).map_or_else(String::new, |near| format!(", say `{near}`"));
    Err(format!("expected a built-in dataset{hint}; there are {all}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_nearly_right_is_mended() {
        assert_eq!(dataset("dns_logs").unwrap().name, "dns_logs");
        let message = dataset("http_request").unwrap_err();
        assert!(message.contains("say `http_requests`"), "{message}");
        assert!(message.contains("zaraz_events"), "{message}");
    }
}
