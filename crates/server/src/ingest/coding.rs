//! Undoing the `Content-Encoding` of a body, within bounds.
//!
//! What comes out is never more than the bound, however little goes in; what is cut off or
//! altered is an error and never a shorter body.

use std::fmt;
use std::io::{self, Read};

use flate2::{Decompress, FlushDecompress, Status};

use super::IngestError;
use super::budget::Reserved;

/// How much room is made for output at a time.
const STEP_BYTES: usize = 256 << 10;
/// log2 of the largest window that a zstd frame may ask for: 8 MiB (RFC 9659, section 3).
const ZSTD_WINDOW_LOG_MAX: u32 = 23;

/// A content coding (RFC 9110, section 8.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    /// As it is.
    Identity,
    /// gzip (RFC 1952), any number of members.
    Gzip,
    /// zlib (RFC 1950), or a bare deflate stream (RFC 1951), which some clients send.
    Deflate,
    /// Zstandard (RFC 8878), any number of frames.
    Zstd,
}

impl fmt::Display for Coding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Zstd => "zstd",
        })
    }
}

impl Coding {
    /// The coding that the header's value names; none is `Identity`.
    pub(super) fn from_header(value: Option<&str>) -> Result<Self, IngestError> {
        let Some(text) = value else { return Ok(Self::Identity) };
        match text.trim().to_ascii_lowercase().as_str() {
            "" | "identity" => Ok(Self::Identity),
            "gzip" | "x-gzip" => Ok(Self::Gzip),
            "deflate" => Ok(Self::Deflate),
            "zstd" => Ok(Self::Zstd),
            _ => Err(IngestError::UnknownCoding(text.to_owned())),
        }
    }

    /// Decodes `body` into `out`, at most `max` bytes, each reserved before it is written.
    pub(super) fn decode(
        self,
        body: &[u8],
        max: u64,
        out: &mut Vec<u8>,
        reserved: &mut Reserved,
    ) -> Result<(), IngestError> {
        let mut output = Output { out, max, reserved, coding: self };
        match self {
            _ if body.is_empty() => Ok(()),
            Self::Identity => output.append(body),
            Self::Gzip => inflate_members(body, &mut output),
            Self::Deflate => inflate_one(body, &mut output),
            Self::Zstd => unzstd(body, &mut output),
        }
    }
}

/// The decoded bytes with their bounds.
struct Output<'o> {
    out: &'o mut Vec<u8>,
    max: u64,
    reserved: &'o mut Reserved,
    coding: Coding,
}

impl Output<'_> {
    /// Makes sure that there is room for some more bytes.
    fn make_room(&mut self) -> Result<(), IngestError> {
        self.check()?;
        if self.out.len() == self.out.capacity() {
            // One byte beyond the bound tells that it is passed.
            let left = self.max - self.out.len() as u64 + 1;
            let step =
                self.out.len().max(STEP_BYTES).min(usize::try_from(left).unwrap_or(STEP_BYTES));
            self.reserved.grow(step)?;
            self.out.reserve_exact(step);
        }
        Ok(())
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), IngestError> {
        self.reserved.grow(bytes.len())?;
        self.out.extend_from_slice(bytes);
        self.check()
    }

    fn check(&self) -> Result<(), IngestError> {
        if self.out.len() as u64 > self.max {
            return Err(IngestError::DecodedTooLarge { max: self.max });
        }
        Ok(())
    }

    fn corrupt(&self, reason: impl fmt::Display) -> IngestError {
        IngestError::Corrupt { coding: self.coding, reason: reason.to_string() }
    }
}

fn inflate_members(body: &[u8], output: &mut Output<'_>) -> Result<(), IngestError> {
    /// The largest window, 32 KiB.
    const WINDOW_BITS: u8 = 15;
    let mut rest = body;
    while !rest.is_empty() {
        if !rest.starts_with(&[0x1f, 0x8b][..rest.len().min(2)]) {
            let reason = if rest.len() == body.len() {
                "it does not begin as gzip does, with the bytes 1f 8b"
            } else {
                "something else than gzip follows after a whole gzip member"
            };
            return Err(output.corrupt(reason));
        }
        rest = inflate(Decompress::new_gzip(WINDOW_BITS), rest, output)?;
    }
    Ok(())
}

fn inflate_one(body: &[u8], output: &mut Output<'_>) -> Result<(), IngestError> {
    let rest = inflate(Decompress::new(has_zlib_header(body)), body, output)?;
    if rest.is_empty() {
        return Ok(());
    }
    Err(output.corrupt("there is more after the end of the compressed data"))
}

/// Whether the first two bytes are a zlib header (RFC 1950, section 2.2): method 8 and a check
/// that makes them a multiple of 31.
fn has_zlib_header(body: &[u8]) -> bool {
    match body {
        [method, flags, ..] => {
            method & 0x0f == 8 && u16::from_be_bytes([*method, *flags]).is_multiple_of(31)
        }
        _ => false,
    }
}

/// Inflates one stream to its end and returns what comes after it.
fn inflate<'b>(
    mut stream: Decompress,
    body: &'b [u8],
    output: &mut Output<'_>,
) -> Result<&'b [u8], IngestError> {
    let mut rest = body;
    loop {
        output.make_room()?;
        let (read, written) = (stream.total_in(), output.out.len());
        let status = stream
            .decompress_vec(rest, output.out, FlushDecompress::None)
            .map_err(|error| output.corrupt(error))?;
        rest = &rest[(stream.total_in() - read) as usize..];
        match status {
            Status::StreamEnd => return output.check().map(|()| rest),
            Status::Ok | Status::BufError if output.out.len() > written => {}
            Status::Ok if !rest.is_empty() => {}
            Status::Ok | Status::BufError => return Err(IngestError::Truncated(output.coding)),
        }
    }
}

fn unzstd(body: &[u8], output: &mut Output<'_>) -> Result<(), IngestError> {
    let mut decoder = zstd::stream::read::Decoder::with_buffer(body)
        .and_then(|mut decoder| {
            decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
            Ok(decoder)
        })
        .map_err(|error| output.corrupt(error))?;
    loop {
        output.make_room()?;
        let room = output.out.capacity() - output.out.len();
        let read = decoder.by_ref().take(room as u64).read_to_end(output.out);
        match read {
            Ok(0) => return output.check(),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(IngestError::Truncated(Coding::Zstd));
            }
            Err(error) => return Err(output.corrupt(error)),
        }
    }
}
