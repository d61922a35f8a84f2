//! The records that are sent: about 2 kB of 65 fields each, or 1 kB, as bodies and as a file.

use std::io::Write;

use bytes::Bytes;
use model::UnixNanos;
use model::synthetic::Dice;
use model::synthetic::traffic::{COLOS, Traffic, WideTraffic};
use tempfile::NamedTempFile;

/// The input of every workload.
pub(crate) struct Load {
    pub(crate) records: usize,
    pub(crate) bytes: u64,
    /// For one zone: bodies of about 1 MiB.
    pub(crate) bodies: Vec<Bytes>,
    /// The number of the first record of each body.
    pub(crate) firsts: Vec<usize>,
    pub(crate) file: NamedTempFile,
    /// The names of all fields that the records have.
    pub(crate) fields: Vec<String>,
    /// `EdgeColoID` of each record.
    pub(crate) colos: Vec<u32>,
}

/// Bytes after which a body ends.
const BODY_BYTES: usize = 1 << 20;
/// 2026-01-01T00:00:00Z.
const START: i64 = 1_767_225_600;

/// Fields that small records lack.
const LARGE_FIELDS: [&str; 3] = ["RequestHeaders", "ResponseHeaders", "ClientRequestReferer"];

/// How large the records are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Width {
    /// About 2 kB.
    Wide,
    /// About 1 kB.
    Small,
}

impl Load {
    pub(crate) fn generate(records: usize, width: Width) -> Self {
        let mut traffic = Source::new(width);
        let (mut bodies, mut firsts) = (Vec::new(), vec![0]);
        let mut body = Vec::with_capacity(BODY_BYTES + (16 << 10));
        let mut colos = Vec::with_capacity(records);
        for number in 0..records {
            if body.len() >= BODY_BYTES {
                let next = Vec::with_capacity(BODY_BYTES + (16 << 10));
                bodies.push(Bytes::from(std::mem::replace(&mut body, next)));
                firsts.push(number);
            }
            let at = UnixNanos::from_seconds(START + number as i64 / 1000).unwrap();
            colos.push(traffic.write_record(at, &mut body));
        }
        bodies.push(Bytes::from(body));
        let mut file = NamedTempFile::new().unwrap();
        bodies.iter().for_each(|body| file.write_all(body).unwrap());
        let first = bodies[0].split(|&byte| byte == b'\n').next().unwrap();
        let first: serde_json::Map<String, serde_json::Value> =
            serde_json::from_slice(first).unwrap();
        let fields = first.keys().cloned().collect();
        let bytes = bodies.iter().map(|body| body.len() as u64).sum();
        Self { records, bytes, bodies, firsts, file, fields, colos }
    }

    /// All bodies, for the first zone.
    pub(crate) fn for_one_zone(&self) -> Vec<(usize, Bytes)> {
        self.bodies.iter().map(|body| (0, body.clone())).collect()
    }

    /// How many records a body has.
    pub(crate) fn records_in(&self, body: usize) -> usize {
        self.firsts.get(body + 1).copied().unwrap_or(self.records) - self.firsts[body]
    }

    /// The body that a record is in.
    pub(crate) fn body_of(&self, record: usize) -> usize {
        self.firsts.partition_point(|&first| first <= record) - 1
    }

    /// The same records spread over `zones` by Zipf's law (exponent 1): bodies of up to 256 KiB,
    /// each with the number of its zone.
    pub(crate) fn spread(&self, zones: usize) -> Vec<(usize, Bytes)> {
        const SPREAD_BODY_BYTES: usize = 256 << 10;
        let mut sums = Vec::with_capacity(zones);
        let mut sum = 0.0;
        for rank in 1..=zones {
            sum += 1.0 / rank as f64;
            sums.push(sum);
        }
        let mut dice = Dice::new(7);
        let mut open = vec![Vec::new(); zones];
        let mut bodies = Vec::new();
        for line in self.bodies.iter().flat_map(|body| body.split_inclusive(|&b| b == b'\n')) {
            let lot = dice.below(1 << 30) as f64 / f64::from(1 << 30) * sum;
            let zone = sums.partition_point(|&bound| bound <= lot).min(zones - 1);
            open[zone].extend_from_slice(line);
            if open[zone].len() >= SPREAD_BODY_BYTES {
                bodies.push((zone, Bytes::from(std::mem::take(&mut open[zone]))));
            }
        }
        let rest = open.into_iter().enumerate().filter(|(_, body)| !body.is_empty());
        bodies.extend(rest.map(|(zone, body)| (zone, Bytes::from(body))));
        bodies
    }
}

/// Where records of one width come from.
enum Source {
    Wide(WideTraffic),
    Small(Traffic, Dice),
}

impl Source {
    fn new(width: Width) -> Self {
        match width {
            Width::Wide => Self::Wide(WideTraffic::new(42, 0)),
            Width::Small => Self::Small(Traffic::new(42, 0), Dice::new(42)),
        }
    }

    /// Appends a record and gives its `EdgeColoID`.
    fn write_record(&mut self, at: UnixNanos, out: &mut Vec<u8>) -> u32 {
        let (traffic, dice) = match self {
            Self::Wide(traffic) => return traffic.write_record(at, out),
            Self::Small(traffic, dice) => (traffic, dice),
        };
        let begin = out.len();
        traffic.write_record(at, out);
        let colo = dice.below(u64::from(COLOS)) as u32;
        let mut record: serde_json::Map<String, serde_json::Value> =
            serde_json::from_slice(&out[begin..]).unwrap();
        LARGE_FIELDS.iter().for_each(|field| drop(record.remove(*field)));
        record.insert("EdgeColoID".to_owned(), colo.into());
        out.truncate(begin);
        serde_json::to_writer(&mut *out, &record).unwrap();
        out.push(b'\n');
        colo
    }
}
