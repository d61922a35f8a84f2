//! What has to hold of every byte that comes from outside, one function a kind.
//!
//! `cargo fuzz` calls them with bytes that it makes up; `crates/server/tests/it/corpus.rs`, which
//! takes this file in, calls them with every file of the corpora.

pub mod body;
pub mod challenge;
pub mod deflate;
pub mod destination;
pub mod filter;
pub mod journal;
pub mod lines;
pub mod record;
pub mod template;
pub mod timestamp;

/// A kind, and what looks at it.
pub type Kind = (&'static str, fn(&[u8]));

/// All kinds.
pub const KINDS: [Kind; 10] = [
    ("body", body::run),
    ("challenge", challenge::run),
    ("deflate", deflate::run),
    ("destination", destination::run),
    ("filter", filter::run),
    ("journal", journal::run),
    ("lines", lines::run),
    ("record", record::run),
    ("template", template::run),
    ("timestamp", timestamp::run),
];
