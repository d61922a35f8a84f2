//! A request at the door is taken or refused, within bounds. What it is decoded to is what other
//! decoders find; what is cut off is refused; and every line of it is in one frame, once.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use journal::{FrameDraft, FrameKind};
use model::limits::{FRAME_BYTES_MAX, FRAME_RECORDS_MAX};
use server::untrusted::{Apart, Bounds, take_apart};

const BOUNDS: Bounds = Bounds {
    decoded_bytes_max: 256 << 10,
    memory_bytes_max: 4 << 20,
    quarantine_bytes_max: 64 << 10,
};

/// The first line says, with `|` between them: coding, type, key, first line and source. The rest
/// is the body.
pub fn run(data: &[u8]) {
    let (head, body) = split(data);
    let said: Vec<&[u8]> = head.split(|&byte| byte == b'|').collect();
    let said = |at: usize| said.get(at).copied().unwrap_or_default();
    let names = ["content-encoding", "content-type", "idempotency-key"];
    let headers: Vec<_> = names.into_iter().zip(0..).map(|(name, at)| (name, said(at))).collect();
    // An empty key is refused; a request without one has no such header.
    let headers: Vec<_> = headers.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    let query = [("first_line", said(3)), ("source", said(4))];
    let query: Vec<_> = query
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name.to_owned(), String::from_utf8_lossy(value).into_owned()))
        .collect();
    let taken = take_apart(&headers, &query, body, BOUNDS);
    assert_eq!(take_apart(&headers, &query, body, BOUNDS), taken, "the same each time");
    if let Ok(apart) = taken {
        let coding = String::from_utf8_lossy(said(0)).trim().to_ascii_lowercase();
        check_decoded(&coding, body, &apart.decoded);
        check_frames(&apart);
    }
    check_codings(body, data.len());
}

fn split(data: &[u8]) -> (&[u8], &[u8]) {
    match data.iter().position(|&byte| byte == b'\n') {
        Some(at) => (&data[..at], &data[at + 1..]),
        None => (data, b""),
    }
}

/// What was decoded is what the libraries' own decoders find.
fn check_decoded(coding: &str, body: &[u8], decoded: &[u8]) {
    assert!(decoded.len() as u64 <= BOUNDS.decoded_bytes_max);
    let expected = match coding {
        _ if body.is_empty() => Vec::new(),
        "gzip" | "x-gzip" => read(MultiGzDecoder::new(body)),
        "zstd" => zstd::decode_all(body).expect("what was decoded is whole"),
        "deflate" => {
            let zlib = read_to_end(ZlibDecoder::new(body)).ok();
            let zlib = zlib.filter(|found| found == decoded);
            zlib.unwrap_or_else(|| read(DeflateDecoder::new(body)))
        }
        _ => body.to_vec(),
    };
    assert!(expected == decoded, "`{coding}` is decoded to something else");
}

fn read(decoder: impl Read) -> Vec<u8> {
    read_to_end(decoder).expect("what was decoded is whole")
}

fn read_to_end(mut decoder: impl Read) -> std::io::Result<Vec<u8>> {
    let mut content = Vec::new();
    decoder.read_to_end(&mut content)?;
    Ok(content)
}

/// Frames keep to their bounds and hold as many lines as were counted.
fn check_frames(apart: &Apart) {
    let Ok(frames) = &apart.frames else { return };
    let count = |kind: FrameKind| -> u64 {
        let mine = frames.iter().filter(|frame| frame.kind == kind);
        mine.map(|frame| u64::from(frame.records)).sum()
    };
    assert_eq!(count(FrameKind::Records), apart.accepted);
    assert_eq!(count(FrameKind::Quarantine), apart.quarantined);
    for FrameDraft { kind, records, payload, .. } in frames {
        assert!(!payload.is_empty() && payload.len() <= FRAME_BYTES_MAX);
        assert!(*records as usize <= FRAME_RECORDS_MAX);
        let lines: Vec<&[u8]> = payload.split_inclusive(|&byte| byte == b'\n').collect();
        assert_eq!(lines.len(), *records as usize);
        for line in lines {
            assert_eq!(line.last(), Some(&b'\n'));
            let raw: &serde_json::value::RawValue =
                serde_json::from_slice(line).expect("what is kept is JSON, of either kind");
            assert!(raw.get().starts_with('{'), "{kind:?}: {raw}");
        }
    }
}

/// What is encoded is decoded to the same; what is cut off is refused.
fn check_codings(plain: &[u8], seed: usize) {
    if plain.is_empty() || plain.len() as u64 > BOUNDS.decoded_bytes_max {
        return;
    }
    for (coding, encoded) in encoded(plain) {
        let decode = |body: &[u8]| {
            let headers = [("content-encoding", coding.as_bytes())];
            take_apart(&headers, &[], body, BOUNDS).map(|apart| apart.decoded)
        };
        assert_eq!(decode(&encoded).as_deref(), Ok(plain), "{coding}");
        let cut = &encoded[..=seed % (encoded.len() - 1)];
        assert!(decode(cut).is_err(), "{coding}: {} of {} bytes", cut.len(), encoded.len());
    }
}

fn encoded(plain: &[u8]) -> [(&'static str, Vec<u8>); 4] {
    let level = Compression::fast();
    let (mut gzip, mut zlib, mut bare) = (
        GzEncoder::new(Vec::new(), level),
        ZlibEncoder::new(Vec::new(), level),
        DeflateEncoder::new(Vec::new(), level),
    );
    let writers: [&mut dyn Write; 3] = [&mut gzip, &mut zlib, &mut bare];
    for writer in writers {
        writer.write_all(plain).expect("memory takes everything");
    }
    [
        ("gzip", gzip.finish().expect("memory takes everything")),
        ("deflate", zlib.finish().expect("memory takes everything")),
        ("deflate", bare.finish().expect("memory takes everything")),
        ("zstd", zstd::encode_all(plain, 1).expect("memory takes everything")),
    ]
}
