//! What comes out is what went in, by two decoders that were written by others.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod golden;
mod round_trips;
mod texts;

use std::io::Read;

use deflate::{Effort, Encoder};

/// Compresses a text, asks both decoders for it again, and gives the member.
#[track_caller]
fn round_trip(encoder: &mut Encoder, text: &[u8]) -> Vec<u8> {
    let mut member = b"before".to_vec();
    encoder.gzip_member(text, &mut member);
    assert!(member.starts_with(b"before"));
    let member = member.split_off(6);
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(&member[..]).read_to_end(&mut unpacked).unwrap();
    assert!(unpacked == text, "flate2 finds something else");
    let mut room = vec![0; text.len() + 1];
    let length = libdeflater::Decompressor::new().gzip_decompress(&member, &mut room).unwrap();
    assert!(room[..length] == *text, "libdeflate finds something else");
    // What cannot be compressed is stored: five bytes a block, of 32 KiB at least.
    assert!(member.len() <= text.len() + text.len() / 4096 + 32, "{}", member.len());
    member
}

/// An encoder of each kind.
fn encoders() -> [Encoder; 2] {
    [Effort::Fast, Effort::Dense].map(Encoder::with_effort)
}

/// The same with fresh encoders of each kind.
#[track_caller]
fn round_trips(text: &[u8]) {
    for mut encoder in encoders() {
        round_trip(&mut encoder, text);
    }
}
