//! The delivery protocol: what is decided on a record's way, apart from all that carries it out.
//!
//! ```text
//!   plan ──► seal ──► upload ──► settle        a way that a batch goes once
//!     ▲                 ▲
//!     └──── recover ────┘   follow  trim       what leads into it, and out of it
//! ```
//!
//! | part | it is told | it says |
//! |---|---|---|
//! | [`plan`] | a frame has been read; time is up; frames were passed over | close this range |
//! | [`seal`] | a batch was closed; the ledger's answer; an order; an upload has ended | seal, upload, wait, end |
//! | [`upload`] | what the store has answered, and what stands at the key | put, begin, send parts, complete, look, abandon |
//! | [`settle`] | the object is visible; the ledger's answer | abandon what is open, note, wait |
//! | [`recover`] | cursors, the journal's bounds, open seals and uploads | go on there, give up, unseal |
//! | [`follow`] | the job's revision in the catalogue | stay, start anew, stop |
//! | [`doubt`] | what the catalogue says of itself | believe it, or keep the jobs that were known |
//! | [`trim`] | what is undelivered, and what has expired | give up this range, trim up to there |
//!
//! **Rules.** No I/O, no clock, no task, no chance: each part is a value that is told what has
//! happened and says what is to be done. Time is a wait that somebody else keeps. What may have
//! happened is taken down before the action is given out that makes it possible, so that whoever
//! carries it out may die at any moment. The rest of this room carries actions out; the
//! simulator does so too, in worlds of its own.

pub mod abandon;
pub mod backoff;
pub mod cut;
pub mod doubt;
pub mod follow;
pub mod plan;
pub mod recover;
pub mod seal;
pub mod settle;
pub mod trim;
pub mod upload;
