//! The records that are sent: as bodies of about 1 MiB, and as a file.

use std::io::Write;

use model::UnixNanos;
use server::demo::traffic::Traffic;
use tempfile::NamedTempFile;

/// The input of every workload.
pub(crate) struct Load {
    pub(crate) records: usize,
    pub(crate) bytes: u64,
    pub(crate) bodies: Vec<Vec<u8>>,
    pub(crate) file: NamedTempFile,
    /// The names of all fields that the records have.
    pub(crate) fields: Vec<String>,
}

/// Bytes after which a body ends.
const BODY_BYTES: usize = 1 << 20;
/// 2026-01-01T00:00:00Z.
const START: i64 = 1_767_225_600;

impl Load {
    pub(crate) fn generate(records: usize) -> Self {
        let mut traffic = Traffic::new(42, 1);
        let mut bodies = vec![Vec::with_capacity(BODY_BYTES + (16 << 10))];
        for number in 0..records {
            if bodies.last().is_some_and(|body: &Vec<u8>| body.len() >= BODY_BYTES) {
                bodies.push(Vec::with_capacity(BODY_BYTES + (16 << 10)));
            }
            let at = UnixNanos::from_seconds(START + number as i64 / 1000).unwrap();
            traffic.write_record(at, bodies.last_mut().unwrap());
            let body = bodies.last_mut().unwrap();
            if body.last() != Some(&b'\n') {
                body.push(b'\n');
            }
        }
        let mut file = NamedTempFile::new().unwrap();
        bodies.iter().for_each(|body| file.write_all(body).unwrap());
        let first = bodies[0].split(|&byte| byte == b'\n').next().unwrap();
        let first: serde_json::Map<String, serde_json::Value> =
            serde_json::from_slice(first).unwrap();
        let fields = first.keys().cloned().collect();
        let bytes = bodies.iter().map(|body| body.len() as u64).sum();
        Self { records, bytes, bodies, file, fields }
    }
}
