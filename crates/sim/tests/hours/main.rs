//! The delivery room in virtual time, for hours and without chance: what it does when one thing goes
//! wrong for long.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod doubt;
mod outage;
mod world;
