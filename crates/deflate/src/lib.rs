//! A gzip encoder for log lines.
//!
//! Lines of one dataset have the same fields in the same order, and most values come again. The
//! encoder knows that, which makes it faster than one for any text, at the ratio of a fast level.
//! It takes any text all the same, and noise becomes only a few bytes longer.
//!
//! The parts, in the order of the work: `finder` finds matches, `plan` keeps and counts those of a
//! block, `block` writes it with the codes of `huffman`.
//!
//! **Rules of this room.** The same text becomes the same bytes, whatever came before. No unsafe
//! code: a mistake may cost speed or stop the program, but it never reads or writes elsewhere.

#![allow(clippy::inline_always, reason = "the hot loop is one function made of small ones")]

mod bits;
mod block;
mod finder;
mod header;
mod huffman;
mod plan;
mod symbols;
mod text;

use crc_fast::CrcAlgorithm;

use crate::bits::Rest;
use crate::finder::{Finder, Memory};
use crate::plan::Plan;

/// Makes gzip members, one after the other.
#[derive(Debug)]
pub struct Encoder {
    memory: Box<Memory>,
    plan: Plan,
}

impl Default for Encoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Encoder {
    /// An encoder, with about 300 KiB of tables.
    pub fn new() -> Self {
        Self { memory: Memory::new(), plan: Plan::new() }
    }

    /// Appends `text` as one gzip member (RFC 1952, section 2.3): without a name, a time or the
    /// name of a system.
    pub fn gzip_member(&mut self, text: &[u8], out: &mut Vec<u8>) {
        // Deflate, no flags, no time, the fastest method, no known system.
        out.extend_from_slice(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 0xff]);
        self.deflate(text, out);
        let checksum = crc_fast::checksum(CrcAlgorithm::Crc32IsoHdlc, text) as u32;
        out.extend_from_slice(&checksum.to_le_bytes());
        out.extend_from_slice(&(text.len() as u32).to_le_bytes());
    }

    fn deflate(&mut self, text: &[u8], out: &mut Vec<u8>) {
        self.memory.clear();
        let mut finder = Finder::new(text, &mut self.memory);
        let mut rest = Rest::default();
        let mut begin = 0;
        loop {
            self.plan.clear();
            finder.fill(&mut self.plan);
            let end = begin + self.plan.text_bytes;
            let is_last = finder.is_done();
            rest = block::write(&self.plan, &text[begin..end], is_last, rest, out);
            begin = end;
            if is_last {
                break;
            }
        }
        if rest.count > 0 {
            out.push(rest.bits as u8);
        }
    }
}
