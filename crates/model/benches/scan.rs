//! How fast records are scanned and checked: `cargo bench -p model --bench scan`.
//!
//! Prints MB per second of CPU time (not of wall clock, so that neighbours on the machine count
//! little), the best of several rounds, for records of `http_requests` with about 65 fields.

#![expect(clippy::print_stdout, reason = "the figures are what a benchmark is for")]

use std::fmt::Write as _;
use std::fs;
use std::hint::black_box;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use model::dataset::ElementType;
use model::synthetic::traffic::SOME_FIELDS;
use model::{Checker, Dataset, Datasets, Field, FieldType, Scanner, TimestampFormat, UnixNanos};
use serde_json::value::RawValue;

const RECORDS: usize = 8_000;
const ROUNDS: usize = 5;
/// How often a round goes over the records: Linux tells CPU time in steps of some milliseconds.
const REPEATS: u32 = 8;

fn main() {
    let datasets = Datasets::builtin();
    let dataset = datasets.get("http_requests").expect("it is a built-in dataset");
    for (name, feed) in [
        ("all records alike", Feed { absent_percent: 0, shuffled: false, spaced: false }),
        (
            "a fifth of the fields absent",
            Feed { absent_percent: 20, shuffled: false, spaced: false },
        ),
        ("each record in another order", Feed { absent_percent: 0, shuffled: true, spaced: false }),
        ("spaces after `,` and `:`", Feed { absent_percent: 0, shuffled: false, spaced: true }),
    ] {
        let lines = feed.lines(dataset);
        let bytes = lines.iter().map(Vec::len).sum::<usize>();
        println!("{name}: {} bytes a record", bytes / lines.len());
        measure("Scanner, 12 fields", &lines, bytes, &mut scan(dataset));
        measure("Checker", &lines, bytes, &mut check(dataset));
        measure("serde_json, &RawValue", &lines, bytes, &mut |line| {
            black_box(serde_json::from_slice::<&RawValue>(line).is_ok());
        });
    }
    measure_timestamps();
}

fn scan(dataset: &Arc<Dataset>) -> impl FnMut(&[u8]) {
    let wanted = SOME_FIELDS.map(|name| dataset.field_index(name).expect("it is a field"));
    let mut scanner = Scanner::new(Arc::clone(dataset), wanted);
    move |line| {
        scanner.scan(line).expect("the record is good");
        for field in wanted {
            black_box(scanner.value(line, field));
        }
    }
}

fn check(dataset: &Arc<Dataset>) -> impl FnMut(&[u8]) {
    let mut checker = Checker::new(Arc::clone(dataset));
    move |line| checker.check(black_box(line)).expect("the record is good")
}

fn measure(name: &str, lines: &[Vec<u8>], bytes: usize, work: &mut dyn FnMut(&[u8])) {
    let best = (0..ROUNDS)
        .map(|_| cpu_time_of(|| lines.iter().for_each(|line| work(line))))
        .min()
        .unwrap_or_default();
    let megabytes_per_second = bytes as f64 / 1e6 / best.as_secs_f64();
    let nanos_per_record = best.as_nanos() / lines.len() as u128;
    println!("  {name:24} {megabytes_per_second:6.0} MB/s {nanos_per_record:6} ns/record");
}

fn measure_timestamps() {
    let instants: Vec<UnixNanos> =
        (0..100_000).map(|i| UnixNanos(1_506_700_104_433_000_200 + i * 86_399_999_999)).collect();
    let mut out = Vec::with_capacity(64 * instants.len());
    for format in TimestampFormat::ALL {
        let written = cpu_time_of(|| {
            out.clear();
            instants.iter().for_each(|&instant| format.write(black_box(instant), &mut out));
        });
        let raw: Vec<Vec<u8>> = instants
            .iter()
            .map(|&instant| {
                let mut raw = Vec::new();
                format.write(instant, &mut raw);
                raw
            })
            .collect();
        let parsed = cpu_time_of(|| {
            for raw in &raw {
                black_box(model::time::parse_json_timestamp(raw).is_ok());
            }
        });
        let nanos = |time: Duration| time.as_nanos() as f64 / instants.len() as f64;
        let (name, written, parsed) = (format.name(), nanos(written), nanos(parsed));
        println!("{name:10} written in {written:5.1} ns, read in {parsed:5.1} ns");
    }
}

/// The CPU time of this thread that `work` takes, by running it some times; wall-clock time where Linux does not tell.
fn cpu_time_of(mut work: impl FnMut()) -> Duration {
    let on_cpu = || {
        let stat = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
        Some(Duration::from_nanos(stat.split(' ').next()?.parse().ok()?))
    };
    let (start, started) = (on_cpu(), Instant::now());
    (0..REPEATS).for_each(|_| work());
    let elapsed = match (start, on_cpu()) {
        (Some(start), Some(end)) => end.saturating_sub(start),
        _ => started.elapsed(),
    };
    elapsed / REPEATS
}

/// What the records of a feed look like.
struct Feed {
    absent_percent: u64,
    shuffled: bool,
    spaced: bool,
}

impl Feed {
    fn lines(&self, dataset: &Dataset) -> Vec<Vec<u8>> {
        let mut random = Random(42);
        let is_wanted = |field: &Field| SOME_FIELDS.contains(&field.name.as_str());
        let mut fields: Vec<&Field> = dataset
            .default_fields()
            .enumerate()
            .filter(|(at, field)| at % 2 == 0 || is_wanted(field))
            .map(|(_, field)| field)
            .collect();
        (0..RECORDS)
            .map(|_| {
                if self.shuffled {
                    for last in (1..fields.len()).rev() {
                        fields.swap(last, random.below(last as u64 + 1) as usize);
                    }
                }
                self.line(&fields, &mut random).into_bytes()
            })
            .collect()
    }

    fn line(&self, fields: &[&Field], random: &mut Random) -> String {
        let (comma, colon) = if self.spaced { (", ", ": ") } else { (",", ":") };
        let mut line = "{".to_owned();
        for field in fields {
            if random.below(100) < self.absent_percent {
                continue;
            }
            if line.len() > 1 {
                line += comma;
            }
            let _ = write!(line, "\"{}\"{colon}", field.name);
            write_value(field, random, &mut line);
        }
        line + "}"
    }
}

fn write_value(field: &Field, random: &mut Random, line: &mut String) {
    static TEXTS: LazyLock<[String; 6]> = LazyLock::new(|| {
        [
            String::new(),
            "hit".to_owned(),
            "89.163.242.206".to_owned(),
            "shop.burritobot.example".to_owned(),
            "/search?q=\\\"burrito\\\"&page=3&sort=price".to_owned(),
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
             Chrome/120.0.0.0 Safari/537.36"
                .to_owned(),
        ]
    });
    let _ = match field.field_type {
        FieldType::String => {
            let text = &TEXTS[random.below(11).saturating_sub(5) as usize];
            write!(line, "\"{text}\"")
        }
        FieldType::Int => write!(line, "{}", random.below(100_000)),
        FieldType::Float => write!(line, "0.{}", random.below(1_000)),
        FieldType::Bool => write!(line, "{}", random.below(2) == 0),
        FieldType::Timestamp => {
            write!(line, "{}", 1_506_702_504_433_000_200 + random.below(1 << 40))
        }
        FieldType::Object => line.write_str(
            r#"{"accept":"text/html,application/xhtml+xml","x-forwarded-for":"10.0.0.1"}"#,
        ),
        FieldType::Array(ElementType::String) => line.write_str(r#"["api","verified"]"#),
        FieldType::Array(ElementType::Int) => line.write_str("[33554817,50331651]"),
        FieldType::Array(ElementType::Object) => line.write_str(r#"[{"id":1}]"#),
    };
}

/// Splitmix64.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}
