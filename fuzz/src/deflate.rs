//! Any text comes out of a gzip member of either effort as it went in, and a used encoder makes the
//! same member as a fresh one. The input's pieces, repeated by its first bytes, are such a text too.

use std::io::Read;

use ::deflate::{Effort, Encoder};

/// Tries these bytes.
pub fn run(data: &[u8]) {
    for effort in [Effort::Fast, Effort::Dense] {
        let mut encoder = Encoder::with_effort(effort);
        let plain = member(&mut encoder, data);
        member(&mut encoder, &repeated(data));
        assert!(member(&mut encoder, data) == plain);
    }
}

fn member(encoder: &mut Encoder, text: &[u8]) -> Vec<u8> {
    let mut member = Vec::new();
    encoder.gzip_member(text, &mut member);
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(&member[..]).read_to_end(&mut unpacked).unwrap();
    assert!(unpacked == text);
    assert!(member.len() <= text.len() + text.len() / 4096 + 32);
    member
}

/// Up to 64 pieces of the data: each of the first bytes tells where one begins and how long it is.
fn repeated(data: &[u8]) -> Vec<u8> {
    let pieces = data.iter().take(64).flat_map(|&byte| {
        let begin = usize::from(byte >> 4) * data.len() / 16;
        let length = 1 << (byte & 15);
        &data[begin..data.len().min(begin + length)]
    });
    pieces.copied().collect()
}
