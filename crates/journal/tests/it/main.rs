//! The journal as its users see it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod conformance;
mod crash;
mod damage;
mod faults;
mod fixture;
mod group_commit;
mod random;
mod restart;
mod setup;
mod trim;
