//! The product from outside: the real binary as a process of its own, real HTTP, a real S3 server.
//!
//! - Nothing here knows the inside of the house: what is checked is what a customer, a sender and
//!   an operator see.
//! - What the bucket holds is read by code that shares nothing with delivery.
//! - A service's log must be free of errors where a test does not expect them.
//! - A check of thousands of records tells how many differ, and shows the first few.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod access_line;
mod access_log;
mod api;
mod batches;
mod browser;
mod catalog_file;
mod catalog_starts;
mod cli;
mod datasets;
mod demo;
mod destinations;
mod disk_faults;
mod doubt;
mod expected;
mod flood;
mod full_disk;
mod health;
mod jobs;
mod keys;
mod killed;
mod large;
mod merged;
mod moto;
mod objects;
mod prepared;
mod pressure;
mod records;
mod refused_requests;
mod refused_starts;
mod reloaded;
mod restored;
mod retention;
mod s3;
mod schema;
mod sdks;
mod senders;
mod sent;
mod service;
mod shippers;
mod stopped;
mod tools;
mod torture;
mod unreachable;
mod verified;
mod walkthrough;
mod world;
mod wrong_usage;
