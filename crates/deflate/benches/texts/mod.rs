//! The texts that are compressed: records as the end-to-end benchmark sends them, twelve of their
//! fields, the same as csv, and generated records of every dataset.

mod wide;

use model::synthetic::Records;
use model::synthetic::traffic::SOME_FIELDS;
use model::{Datasets, UnixNanos};

/// 2026-01-01T00:00:00Z.
const START: i64 = 1_767_225_600;
const TEXT_BYTES: usize = 4 << 20;

/// Each text with its name.
pub(crate) fn all() -> Vec<(String, Vec<u8>)> {
    let lines = wide::lines(TEXT_BYTES);
    let few = lines.iter().map(|line| wide::with_fields(line, &SOME_FIELDS)).collect::<Vec<_>>();
    let text = |lines: &[Vec<wide::Member>], write: fn(&[wide::Member], &mut Vec<u8>)| {
        let mut out = Vec::new();
        lines.iter().for_each(|line| write(line, &mut out));
        out
    };
    let mut texts = vec![
        ("traffic, all fields".to_owned(), text(&lines, wide::write_json)),
        ("traffic, 12 fields".to_owned(), text(&few, wide::write_json)),
        ("traffic, all fields, csv".to_owned(), text(&lines, wide::write_csv)),
        ("traffic, 12 fields, csv".to_owned(), text(&few, wide::write_csv)),
    ];
    for dataset in Datasets::builtin().iter() {
        let mut records = Records::new(dataset.clone(), 42);
        let mut out = Vec::new();
        let mut number = 0;
        while out.len() < TEXT_BYTES / 2 {
            let at = UnixNanos::from_seconds(START + number / 1_000).unwrap();
            records.write_record(at, &mut out);
            number += 1;
        }
        texts.push((dataset.name.clone(), out));
    }
    texts
}
