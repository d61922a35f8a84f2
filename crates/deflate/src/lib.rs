//! A gzip encoder for log lines.
//!
//! Lines of one dataset have the same fields in the same order, and most values come again. The
//! encoder knows that, which makes it faster than one for any text at the same ratio, with little
//! effort as with much. It takes any text all the same, and noise becomes only a few bytes longer.
//!
//! The parts, in the order of the work: `finder` finds matches, or, where more effort is wanted,
//! `parser` chooses them by `prices` among what `index` tells of the places that are `marks`. `plan`
//! keeps and counts the matches of a block, `block` writes it with the codes of `huffman`.
//!
//! **Rules of this room.** The same text becomes the same bytes, whatever came before. No unsafe
//! code: a mistake may cost speed or stop the program, but it never reads or writes elsewhere.

#![allow(clippy::inline_always, reason = "the hot loop is one function made of small ones")]

mod bits;
mod block;
mod finder;
mod header;
mod huffman;
mod index;
mod marks;
mod parser;
mod plan;
mod prices;
mod symbols;
mod text;

use crc_fast::CrcAlgorithm;

use crate::bits::Rest;
use crate::finder::Finder;
use crate::parser::Parser;
use crate::plan::Plan;

/// How much is done for a small member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// As little as makes sense, with about 300 KiB of tables.
    Fast,
    /// Matches are chosen among many by what they cost, with about 600 KiB of tables.
    Dense,
}

#[derive(Debug)]
enum Way {
    Fast(Box<finder::Memory>),
    Dense(Box<parser::Memory>),
}

/// Makes gzip members, one after the other.
#[derive(Debug)]
pub struct Encoder {
    way: Way,
    plan: Plan,
}

impl Default for Encoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Encoder {
    /// The fast encoder.
    pub fn new() -> Self {
        Self::with_effort(Effort::Fast)
    }

    /// An encoder that makes this effort.
    pub fn with_effort(effort: Effort) -> Self {
        let way = match effort {
            Effort::Fast => Way::Fast(finder::Memory::new()),
            Effort::Dense => Way::Dense(parser::Memory::new()),
        };
        Self { way, plan: Plan::new() }
    }

    /// Appends `text` as one gzip member (RFC 1952, section 2.3): without a name, a time or the
    /// name of a system.
    pub fn gzip_member(&mut self, text: &[u8], out: &mut Vec<u8>) {
        // Deflate, no flags, no time, what is told of the effort, no known system.
        let effort = match &self.way {
            Way::Fast(_) => 4,
            Way::Dense(_) => 0,
        };
        out.extend_from_slice(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, effort, 0xff]);
        match &mut self.way {
            Way::Fast(memory) => {
                memory.clear();
                let mut finder = Finder::new(text, memory);
                let fill = |plan: &mut Plan| {
                    finder.fill(plan);
                    finder.is_done()
                };
                deflate(text, &mut self.plan, fill, out);
            }
            Way::Dense(memory) => {
                memory.clear();
                let mut parser = Parser::new(text, memory);
                let fill = |plan: &mut Plan| {
                    parser.fill(plan);
                    parser.is_done()
                };
                deflate(text, &mut self.plan, fill, out);
            }
        }
        let checksum = crc_fast::checksum(CrcAlgorithm::Crc32IsoHdlc, text) as u32;
        out.extend_from_slice(&checksum.to_le_bytes());
        out.extend_from_slice(&(text.len() as u32).to_le_bytes());
    }
}

/// Appends the blocks of `text`. `fill` fills the plan of the next one, and tells whether it is the
/// last.
fn deflate(
    text: &[u8],
    plan: &mut Plan,
    mut fill: impl FnMut(&mut Plan) -> bool,
    out: &mut Vec<u8>,
) {
    let mut rest = Rest::default();
    let mut begin = 0;
    loop {
        plan.clear();
        let is_last = fill(plan);
        let end = begin + plan.text_bytes;
        rest = block::write(plan, &text[begin..end], is_last, rest, out);
        begin = end;
        if is_last {
            break;
        }
    }
    if rest.count > 0 {
        out.push(rest.bits as u8);
    }
}
