//! Delivery against a real S3 server on loopback, with the SQLite catalogue and the journal in
//! memory.

mod bucket;
mod deliver;
mod world;
