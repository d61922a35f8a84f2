//! Input cut into requests, each with the key that makes it safe to repeat.
//!
//! Where a chunk ends depends on the lines before it and on nothing else, and its key on what is
//! sent and where it stands. So the same file gives the same chunks with the same keys each time,
//! and a run that broke off is simply repeated.

use aws_lc_rs::digest::{Context, SHA256};

use super::lines::{CutError, Lines};
use crate::cli::hex;

/// A chunk ends with the line that brings it to this many bytes, …
const CHUNK_BYTES: usize = 1 << 20;
/// … or to this many lines.
const CHUNK_LINES: u64 = 5_000;

/// The lines of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chunk {
    /// Bytes of the stream of lines before it.
    pub(super) position: u64,
    /// Number of its first line, from 1.
    pub(super) first_line: u64,
    /// Lines that are not blank.
    pub(super) records: u64,
    /// The lines.
    pub(super) body: Vec<u8>,
}

/// Cuts lines into chunks.
#[derive(Debug)]
pub(super) struct Chunks<L> {
    lines: L,
    position: u64,
    next_line: u64,
    ended: bool,
}

impl<L: Lines> Chunks<L> {
    pub(super) fn new(lines: L) -> Self {
        Self { lines, position: 0, next_line: 1, ended: false }
    }

    fn cut(&mut self) -> Result<Chunk, CutError> {
        let mut chunk = Chunk {
            position: self.position,
            first_line: self.next_line,
            records: 0,
            body: Vec::with_capacity(CHUNK_BYTES + (CHUNK_BYTES >> 3)),
        };
        while chunk.body.len() < CHUNK_BYTES && self.next_line - chunk.first_line < CHUNK_LINES {
            if !self.lines.next_line(&mut chunk.body)? {
                self.ended = true;
                break;
            }
            self.next_line += 1;
        }
        // As the service counts them, which does not take a byte order mark for a line.
        let text = chunk.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&chunk.body);
        chunk.records = model::record::Lines::new(text).count() as u64;
        self.position += chunk.body.len() as u64;
        Ok(chunk)
    }
}

impl<L: Lines> Iterator for Chunks<L> {
    type Item = Result<Chunk, CutError>;

    /// The next chunk that is not blank. Nothing comes after an error.
    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            match self.cut() {
                Ok(chunk) if chunk.records == 0 => {}
                Ok(chunk) => return Some(Ok(chunk)),
                Err(error) => {
                    self.ended = true;
                    return Some(Err(error));
                }
            }
        }
        None
    }
}

/// Everything besides a chunk that its request says, and that its key must therefore cover.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    /// `zones/{id}` or `accounts/{id}`.
    pub(super) scope: String,
    /// The dataset's name.
    pub(super) dataset: String,
    /// The format as the user named it.
    pub(super) format: &'static str,
    /// The file's name, without its folder.
    pub(super) source: String,
    /// Random bytes where everything is to be sent as new.
    pub(super) nonce: Option<[u8; 16]>,
}

impl Origin {
    /// The idempotency key of a chunk: 64 hex digits.
    pub(super) fn key(&self, chunk: &Chunk) -> String {
        let mut hash = Context::new(&SHA256);
        // Each part goes in after its length, so that no two inputs run into each other.
        let mut part = |bytes: &[u8]| {
            hash.update(&(bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        };
        part(self.scope.as_bytes());
        part(self.dataset.as_bytes());
        part(self.format.as_bytes());
        part(self.source.as_bytes());
        part(self.nonce.as_ref().map_or(&[], |nonce| nonce.as_slice()));
        part(&chunk.position.to_be_bytes());
        part(&chunk.first_line.to_be_bytes());
        part(&chunk.body);
        hex(hash.finish().as_ref())
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use proptest::prelude::*;

    use super::super::lines::TextLines;
    use super::*;

    fn chunks(input: &[u8], buffer: usize) -> Vec<Chunk> {
        Chunks::new(TextLines::new(BufReader::with_capacity(buffer, input)))
            .collect::<Result<_, _>>()
            .unwrap()
    }

    fn origin() -> Origin {
        Origin {
            scope: "zones/1".into(),
            dataset: "http_requests".into(),
            format: "ndjson",
            source: "a.log".into(),
            nonce: None,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn chunks_depend_on_the_content_alone(
            widths in prop::collection::vec(0_usize..3_000, 0..40),
            repeat in 1_usize..80,
            buffer in 1_usize..100_000,
        ) {
            let mut input = Vec::new();
            for width in widths.iter().cycle().take(widths.len() * repeat) {
                input.resize(input.len() + width, b'x');
                input.push(b'\n');
            }
            let cut = chunks(&input, buffer);
            prop_assert_eq!(&cut, &chunks(&input, 1 << 20));
            let records = input.split(|&b| b == b'\n').filter(|line| !line.is_empty()).count();
            prop_assert_eq!(cut.iter().map(|c| c.records).sum::<u64>(), records as u64);
            for chunk in &cut {
                let at = chunk.position as usize;
                prop_assert_eq!(&input[at..at + chunk.body.len()], &chunk.body[..]);
                let number = input[..at].split(|&b| b == b'\n').count() as u64;
                prop_assert_eq!(chunk.first_line, number);
                prop_assert!(chunk.body.len() < CHUNK_BYTES + 3_001);
            }
        }
    }

    #[test]
    fn a_chunk_ends_with_the_line_that_fills_it() {
        let line = [vec![b'x'; 99_999], b"\n".to_vec()].concat();
        let sizes: Vec<_> =
            chunks(&line.repeat(25), 4096).iter().map(|c| (c.first_line, c.body.len())).collect();
        assert_eq!(sizes, [(1, 1_100_000), (12, 1_100_000), (23, 300_000)]);
    }

    #[test]
    fn a_chunk_has_at_most_five_thousand_lines() {
        let cut = chunks(&b"{}\n".repeat(10_001), 4096);
        let shape: Vec<_> = cut.iter().map(|c| (c.position, c.first_line, c.records)).collect();
        assert_eq!(shape, [(0, 1, 5_000), (15_000, 5_001, 5_000), (30_000, 10_001, 1)]);
    }

    #[test]
    fn blank_lines_are_counted_as_lines_and_not_as_records() {
        let cut = chunks(b"{}\n \r\n\n{}", 3);
        assert_eq!(cut.len(), 1);
        assert_eq!(cut[0].records, 2);
        assert!(chunks(b"\n \n\n", 3).is_empty());
        assert!(chunks(b"", 3).is_empty());
    }

    #[test]
    fn the_same_file_gives_the_same_keys_and_a_longer_one_the_same_for_what_is_alike() {
        let line = b"{\"a\":\"0123456789\"}\n";
        let keys = |input: &[u8]| -> Vec<String> {
            chunks(input, 999).iter().map(|chunk| origin().key(chunk)).collect()
        };
        let (short, long) = (keys(&line.repeat(10_000)), keys(&line.repeat(15_000)));
        assert_eq!(short, keys(&line.repeat(10_000)));
        assert_eq!(short[..], long[..2]);
        assert_ne!(short[0], short[1], "the same bytes at another position have another key");
    }

    #[test]
    fn everything_that_a_request_says_is_in_its_key() {
        let chunk = chunks(b"{}\n", 9).remove(0);
        let key = origin().key(&chunk);
        assert_eq!(key.len(), 64);
        let changes: [fn(&mut Origin, &mut Chunk); 8] = [
            |o, _| o.scope = "zones/2".into(),
            |o, _| o.dataset = "dns_logs".into(),
            |o, _| o.format = "combined",
            |o, _| o.source = "b.log".into(),
            |o, _| o.nonce = Some([0; 16]),
            |_, c| c.position = 1,
            |_, c| c.first_line = 2,
            |_, c| c.body = b"{ }\n".to_vec(),
        ];
        for change in changes {
            let (mut origin, mut chunk) = (origin(), chunk.clone());
            change(&mut origin, &mut chunk);
            assert_ne!(origin.key(&chunk), key, "{origin:?} {chunk:?}");
        }
    }
}
