//! What the whole costs: the real server over loopback, an S3 that takes everything at once.
//!
//! ```text
//! cargo bench -p server --bench end_to_end [-- --records N] [--only A,C] [--json FILE]
//! ```
//!
//! prints for each workload the server's CPU-seconds (user and system) per GB of input, what they
//! should be at most, how many times less that is than what `gzip -6 -c` takes for the same input
//! in the same run (so that machines can be compared), the records per second, the server's peak
//! memory and what it should be at most, and how many times smaller the objects are than the input.
//! All records are counted in the bucket: a figure of a run that lost something is not printed. MB
//! are 10^6 bytes, GB 10^9.
//!
//! These measure something else instead of the table; several can be given:
//!
//! | | |
//! |---|---|
//! | `--memory` | peak memory with 1,000 open batches, and with one job whose objects have 1 GB before compression |
//! | `--delay [--rate N] [--seconds N]` | from a record's acknowledgement to its object being visible |
//! | `--start [--journal-gb N] [--jobs N]` | from the start of the process to its first answers |
//! | `--long [--gb N]` | C with much input: whether cost and memory grow with the journal's age |
//! | `--small-records [--rounds N]` | records per second of D with 1 kB records, and what the limit is |
//! | `--side-by-side` | logpush, Vector and Fluent Bit on the same input |
//!
//! `--binary FILE` measures another build of `logpush`. `--json FILE` adds the figures to the file.
//! Data directories are made in the directory for temporary files (`TMPDIR`).

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints and fails")]

mod delay;
mod disk;
mod load;
mod long;
mod memory;
mod process;
mod report;
mod side_by_side;
mod sink;
mod small_records;
mod start;
mod table;
mod workload;

use load::{Load, Width};

const RECORDS: usize = 250_000;

fn main() {
    let records = number("--records").unwrap_or(RECORDS as f64) as usize;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let wide = || Load::generate(records, Width::Wide);
    let mut is_table = true;
    for mode in ["memory", "delay", "start", "long", "small-records", "side-by-side"] {
        let flag = format!("--{mode}");
        if !std::env::args().any(|argument| argument == flag) {
            continue;
        }
        is_table = false;
        let figures = match mode {
            "memory" => runtime.block_on(memory::measure(&wide())),
            "delay" => runtime.block_on(delay::measure(&wide())),
            "start" => runtime.block_on(start::measure(&wide())),
            "long" => runtime.block_on(long::measure(&wide())),
            "small-records" => {
                let load = Load::generate(records, Width::Small);
                runtime.block_on(small_records::measure(&load))
            }
            _ => runtime.block_on(side_by_side::measure(&wide())),
        };
        report::add(&mode.replace('-', "_"), figures);
    }
    if is_table {
        report::add("table", table::measure(&runtime, &wide()));
    }
}

/// What follows `name` on the command line; what else cargo passes to a benchmark is ignored.
pub(crate) fn argument(name: &str) -> Option<String> {
    let mut arguments = std::env::args().skip_while(|argument| argument != name);
    arguments.nth(1)
}

/// The number that follows `name` on the command line.
pub(crate) fn number(name: &str) -> Option<f64> {
    let text = argument(name)?;
    let number = text.parse().ok().filter(|number: &f64| *number > 0.0);
    Some(number.unwrap_or_else(|| panic!("`{name} {text}`: expected a number above 0")))
}

pub(crate) fn mb(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

pub(crate) fn gb(bytes: u64) -> f64 {
    bytes as f64 / 1e9
}

pub(crate) fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
