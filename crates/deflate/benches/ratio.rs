//! How fast members are made and how small they become: `cargo bench -p deflate`.
//!
//! Prints MB of text per second of CPU time (the best of several rounds) and how many times smaller
//! the members are, for this encoder with each effort and for libdeflate at levels 1, 3 and 7. Members
//! have about 1 MiB.
//! `cargo bench -p deflate -- NAME` measures only what has NAME in its name.

#![expect(clippy::print_stdout, reason = "the figures are what a benchmark is for")]
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on fails")]

mod texts;

use std::fs;
use std::hint::black_box;
use std::time::{Duration, Instant};

use deflate::{Effort, Encoder};
use libdeflater::{CompressionLvl, Compressor, Decompressor};

/// Bytes after which a member ends, at the next line.
const MEMBER_BYTES: usize = 1 << 20;
const ROUNDS: usize = 5;
/// The ways of compressing that are compared.
const WAYS: usize = 5;
/// Bytes of text that a round takes at least: Linux tells CPU time in steps of some milliseconds.
const ROUND_BYTES: usize = 40 << 20;

fn main() {
    let wanted = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    println!(
        "{:36} {:>8} {:>13} {:>13} {:>13} {:>13} {:>13}",
        "MB/s and ratio", "bytes", "fast", "level 1", "level 3", "dense", "level 7"
    );
    let mut totals = Totals::default();
    for (name, text) in texts::all() {
        if wanted.as_ref().is_some_and(|wanted| !name.contains(wanted.as_str())) {
            continue;
        }
        let members = members(&text);
        let figures = [
            measure_ours(&members, Effort::Fast),
            measure(&members, 1),
            measure(&members, 3),
            measure_ours(&members, Effort::Dense),
            measure(&members, 7),
        ];
        totals.add(text.len(), &figures);
        print_line(&name, text.len(), &figures);
    }
    totals.print();
}

/// What one way of compressing costs, and what it leaves.
#[derive(Clone, Copy, Default)]
struct Figure {
    time: Duration,
    compressed: usize,
}

#[derive(Default)]
struct Totals {
    bytes: usize,
    figures: [Figure; WAYS],
}

impl Totals {
    fn add(&mut self, bytes: usize, figures: &[Figure; WAYS]) {
        self.bytes += bytes;
        for (total, figure) in self.figures.iter_mut().zip(figures) {
            total.time += figure.time;
            total.compressed += figure.compressed;
        }
    }

    fn print(&self) {
        print_line("all", self.bytes, &self.figures);
    }
}

fn print_line(name: &str, bytes: usize, figures: &[Figure; WAYS]) {
    let shown = figures.each_ref().map(|figure| {
        let speed = bytes as f64 / figure.time.as_secs_f64() / 1e6;
        format!("{speed:6.0} {:6.2}", bytes as f64 / figure.compressed as f64)
    });
    let [fast, one, three, dense, seven] = figures;
    let speed = |ours: &Figure, other: &Figure| other.time.as_secs_f64() / ours.time.as_secs_f64();
    let ratio = |ours: &Figure, other: &Figure| other.compressed as f64 / ours.compressed as f64;
    println!(
        "{name:36} {bytes:8} {}   fast x{:.2} speed, x{:.3} ratio of 1, x{:.3} of 3; \
         dense x{:.2} speed, x{:.3} ratio of 7",
        shown.join(" "),
        speed(fast, one),
        ratio(fast, one),
        ratio(fast, three),
        speed(dense, seven),
        ratio(dense, seven),
    );
}

fn members(text: &[u8]) -> Vec<&[u8]> {
    let mut members = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let least = MEMBER_BYTES.min(rest.len());
        let line = rest[least..].iter().position(|&byte| byte == b'\n');
        let (member, beyond) = rest.split_at(line.map_or(rest.len(), |at| least + at + 1));
        members.push(member);
        rest = beyond;
    }
    members
}

fn measure_ours(members: &[&[u8]], effort: Effort) -> Figure {
    let mut encoder = Encoder::with_effort(effort);
    let mut out = Vec::new();
    let mut unpacked = vec![0; 2 * MEMBER_BYTES];
    for member in members {
        out.clear();
        encoder.gzip_member(member, &mut out);
        let length = Decompressor::new().gzip_decompress(&out, &mut unpacked).unwrap();
        assert!(unpacked[..length] == **member, "what comes out is not what went in");
    }
    best(members, || {
        let mut compressed = 0;
        for member in members {
            out.clear();
            encoder.gzip_member(member, &mut out);
            compressed += black_box(&out).len();
        }
        compressed
    })
}

fn measure(members: &[&[u8]], level: i32) -> Figure {
    let mut compressor = Compressor::new(CompressionLvl::new(level).unwrap());
    let longest = members.iter().map(|member| member.len()).max().unwrap_or_default();
    let mut out = vec![0; compressor.gzip_compress_bound(longest)];
    best(members, || {
        let mut compressed = 0;
        for member in members {
            compressed += compressor.gzip_compress(member, &mut out).unwrap();
            black_box(&out);
        }
        compressed
    })
}

/// The best of some rounds of as many repeats as a round needs.
fn best(members: &[&[u8]], mut work: impl FnMut() -> usize) -> Figure {
    let bytes: usize = members.iter().map(|member| member.len()).sum();
    let repeats = ROUND_BYTES.div_ceil(bytes.max(1));
    let mut best = Figure { time: Duration::MAX, compressed: work() };
    for _ in 0..ROUNDS {
        let (start, started) = (on_cpu(), Instant::now());
        (0..repeats).for_each(|_| {
            black_box(work());
        });
        let elapsed = match (start, on_cpu()) {
            (Some(start), Some(end)) => end.saturating_sub(start),
            _ => started.elapsed(),
        };
        best.time = best.time.min(elapsed / repeats as u32);
    }
    best
}

/// The CPU time of this thread; `None` where Linux does not tell.
fn on_cpu() -> Option<Duration> {
    let stat = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(Duration::from_nanos(stat.split(' ').next()?.parse().ok()?))
}
