//! Delivery against a real S3 server on loopback, with the SQLite catalogue and the journal in
//! memory; and the client of S3 against another server, and against single answers on the wire.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod access;
mod answers;
mod bucket;
mod deliver;
mod moto;
mod outage;
mod readers;
mod wire;
mod world;
