//! The real delivery room, with the journal and the catalogue on the disk, against an S3 server
//! that misbehaves over real HTTP. Whatever it does, every acknowledged record is in the bucket
//! once, no object changes, and no upload in parts is left open that could be aborted.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod access;
mod alone;
mod mixed;
mod requests;
mod verify;
mod world;
