//! Delivery against a real S3 server on loopback, with the SQLite catalogue and the journal in
//! memory.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod bucket;
mod deliver;
mod outage;
mod readers;
mod world;
