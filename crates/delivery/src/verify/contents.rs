//! An object read whole: how long it is, its checksum, and what its bytes decompress to.
//!
//! Memory is the same for objects of any length: bytes go through one buffer, are counted, and are
//! forgotten. Reading ends where an object is longer than it can be, compressed or not.

use std::io::{self, BufRead, Read};

use flate2::bufread::MultiGzDecoder;
use memchr::{memchr_iter, memchr2};
use model::output::Compression;

use crate::checksum::ObjectChecksum;

/// Bytes that are read, and decompressed, at a time.
const PIECE_BYTES: usize = 64 << 10;
/// The largest window of Zstandard that is taken, as a power of two: delivery writes none beyond
/// 8 MiB, and what names a larger one is not what it wrote.
const WINDOW_LOG_MAX: u32 = 24;

/// How an object is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manner {
    /// How it is compressed.
    pub compression: Compression,
    /// Whether newlines between double quotes are counted as well.
    pub in_quotes_too: bool,
    /// Bytes of the object after which reading ends, one more than it may have.
    pub object_bytes_max: u64,
    /// Decompressed bytes beyond which nothing more is decompressed.
    pub raw_bytes_max: u64,
}

/// What was found in an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// The object's bytes that were read.
    pub object_bytes: u64,
    /// Their CRC-64/NVME.
    pub checksum: u64,
    /// What they decompress to.
    pub raw_bytes: u64,
    /// The newlines in it.
    pub newlines: u64,
    /// Why the object cannot be decompressed to its end.
    pub damage: Option<String>,
}

/// Reads an object to its end.
///
/// # Errors
/// Where `source` cannot be read; what cannot be decompressed is no error.
pub fn read_object(source: impl Read, manner: Manner) -> io::Result<Contents> {
    let mut counted = Counted::new(source, manner.object_bytes_max);
    let mut text = Text { in_quotes_too: manner.in_quotes_too, ..Text::default() };
    let poured = match manner.compression {
        Compression::Gzip => text.take_all(MultiGzDecoder::new(&mut counted), &manner),
        Compression::Zstd => zstd::Decoder::with_buffer(&mut counted).and_then(|mut decoder| {
            decoder.window_log_max(WINDOW_LOG_MAX)?;
            text.take_all(decoder, &manner)
        }),
    };
    counted.read_away()?;
    Ok(Contents {
        object_bytes: counted.bytes,
        checksum: counted.checksum.value(),
        raw_bytes: text.bytes,
        newlines: text.newlines,
        damage: poured.err().map(|error| error.to_string()),
    })
}

/// A source whose bytes are counted as they come.
#[derive(Debug)]
struct Counted<R> {
    source: R,
    piece: Box<[u8]>,
    /// What of the piece is not consumed.
    from: usize,
    to: usize,
    bytes: u64,
    bytes_max: u64,
    checksum: ObjectChecksum,
    /// Why the source could not be read: a decoder hides whose error it was.
    failure: Option<io::Error>,
}

impl<R: Read> Counted<R> {
    fn new(source: R, bytes_max: u64) -> Self {
        Self {
            source,
            piece: vec![0; PIECE_BYTES].into_boxed_slice(),
            from: 0,
            to: 0,
            bytes: 0,
            bytes_max,
            checksum: ObjectChecksum::new(),
            failure: None,
        }
    }

    /// Reads and counts what nobody consumed.
    fn read_away(&mut self) -> io::Result<()> {
        while self.failure.is_none() && self.fill_buf().is_ok_and(|piece| !piece.is_empty()) {
            self.from = self.to;
        }
        self.failure.take().map_or(Ok(()), Err)
    }

    fn fill(&mut self) -> io::Result<()> {
        let room = (self.bytes_max - self.bytes).min(PIECE_BYTES as u64) as usize;
        let read = loop {
            match self.source.read(&mut self.piece[..room]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        (self.from, self.to) = (0, read);
        self.bytes += read as u64;
        self.checksum.add(&self.piece[..read]);
        Ok(())
    }
}

impl<R: Read> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.from == self.to
            && let Err(error) = self.fill()
        {
            let told = io::Error::from(error.kind());
            self.failure = Some(error);
            return Err(told);
        }
        Ok(&self.piece[self.from..self.to])
    }

    fn consume(&mut self, bytes: usize) {
        self.from += bytes;
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut piece = self.fill_buf()?;
        let read = piece.read(into)?;
        self.consume(read);
        Ok(read)
    }
}

/// Decompressed bytes and newlines, counted.
#[derive(Debug, Default)]
struct Text {
    bytes: u64,
    newlines: u64,
    in_quotes_too: bool,
    is_in_quotes: bool,
}

impl Text {
    fn take_all(&mut self, mut decoder: impl Read, manner: &Manner) -> io::Result<()> {
        let mut piece = vec![0; PIECE_BYTES];
        while self.bytes <= manner.raw_bytes_max {
            match decoder.read(&mut piece) {
                Ok(0) => break,
                Ok(read) => self.take(&piece[..read]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn take(&mut self, mut bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        if self.in_quotes_too {
            self.newlines += memchr_iter(b'\n', bytes).count() as u64;
            return;
        }
        while let Some(at) = memchr2(b'"', b'\n', bytes) {
            match bytes[at] {
                b'"' => self.is_in_quotes = !self.is_in_quotes,
                _ => self.newlines += u64::from(!self.is_in_quotes),
            }
            bytes = &bytes[at + 1..];
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::write::GzEncoder;

    use super::*;

    fn manner(compression: Compression) -> Manner {
        Manner {
            compression,
            in_quotes_too: true,
            object_bytes_max: u64::MAX,
            raw_bytes_max: u64::MAX,
        }
    }

    /// The text compressed in members of so many bytes.
    fn pressed(compression: Compression, text: &[u8], member: usize) -> Vec<u8> {
        let press = |text: &[u8]| match compression {
            Compression::Gzip => {
                let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
                encoder.write_all(text).unwrap();
                encoder.finish().unwrap()
            }
            Compression::Zstd => {
                let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
                encoder.include_checksum(true).unwrap();
                encoder.write_all(text).unwrap();
                encoder.finish().unwrap()
            }
        };
        text.chunks(member).flat_map(press).collect()
    }

    fn sum(bytes: &[u8]) -> u64 {
        let mut sum = ObjectChecksum::new();
        sum.add(bytes);
        sum.value()
    }

    #[test]
    fn an_object_of_many_members_is_read_to_its_end() {
        let text = "{\"RayID\":\"7f3a\"}\n".repeat(30_000);
        for compression in Compression::ALL {
            for member in [1_000, 100_000, 1_000_000] {
                let object = pressed(compression, text.as_bytes(), member);
                let expected = Contents {
                    object_bytes: object.len() as u64,
                    checksum: sum(&object),
                    raw_bytes: text.len() as u64,
                    newlines: 30_000,
                    damage: None,
                };
                assert_eq!(read_object(&object[..], manner(compression)).unwrap(), expected);
            }
        }
    }

    #[test]
    fn what_cannot_be_decompressed_is_counted_to_its_end_all_the_same() {
        let text = "{\"RayID\":\"7f3a\"}\n".repeat(3_000);
        for compression in Compression::ALL {
            let whole = pressed(compression, text.as_bytes(), 10_000);
            let mut flipped = whole.clone();
            let middle = flipped.len() / 2;
            flipped[middle] ^= 1;
            let cut = whole[..whole.len() - 3].to_vec();
            let with_more = [&whole[..], b"more"].concat();
            for object in [flipped, cut, with_more, b"no such thing".to_vec()] {
                let found = read_object(&object[..], manner(compression)).unwrap();
                assert!(found.damage.is_some(), "{found:?}");
                assert_eq!(
                    (found.object_bytes, found.checksum),
                    (object.len() as u64, sum(&object))
                );
            }
        }
    }

    #[test]
    fn an_object_that_is_longer_than_it_can_be_is_not_read_on() {
        let text = "a\n".repeat(1_000_000);
        for compression in Compression::ALL {
            let object = pressed(compression, text.as_bytes(), 10_000_000);
            let bounded = Manner { raw_bytes_max: 1_000, ..manner(compression) };
            let found = read_object(&object[..], bounded).unwrap();
            assert!((1_001..=1_000 + PIECE_BYTES as u64).contains(&found.raw_bytes), "{found:?}");
            assert_eq!((found.object_bytes, found.damage), (object.len() as u64, None));
            let bounded = Manner { object_bytes_max: 100, ..manner(compression) };
            assert_eq!(read_object(&object[..], bounded).unwrap().object_bytes, 100);
        }
    }

    #[test]
    fn newlines_in_quotes_count_only_where_they_are_to() {
        let text = b"\"a\nb\",\"c\"\"\n\",1\n\"d\"\n";
        let object = pressed(Compression::Gzip, text, 4);
        for (in_quotes_too, expected) in [(true, 4), (false, 2)] {
            let manner = Manner { in_quotes_too, ..manner(Compression::Gzip) };
            assert_eq!(read_object(&object[..], manner).unwrap().newlines, expected);
        }
    }

    #[test]
    fn a_source_that_fails_is_no_damage() {
        struct Failing(usize);
        impl Read for Failing {
            fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
                self.0 += 1;
                if self.0 > 1 {
                    return Err(io::Error::other("the cable is out"));
                }
                let begin = &pressed(Compression::Gzip, b"abc", 9)[..12];
                into[..12].copy_from_slice(begin);
                Ok(12)
            }
        }
        let error = read_object(Failing(0), manner(Compression::Gzip)).unwrap_err();
        assert_eq!(error.to_string(), "the cable is out");
    }
}
