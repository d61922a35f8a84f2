//! The storm: everything that can go wrong, decided by one seed, and an oracle that counts what
//! arrived. For tests only: no program uses it.
//!
//! ```text
//!  seed ─► plan ─► world ─────────────────────────────────────► oracle ─► violations
//!                   clients ─► journal ─► delivery ─► store         ▲
//!                   customers ─► catalogue ◄──┘ (dies, restarts)    │ what lasts
//! ```
//!
//! The real delivery room runs in it, on one thread and virtual time; the journal, the catalogue
//! and the store are stand-ins that keep their promises in a rough way. In [`bare`] what delivery
//! decides runs alone, in [`local`] the real journal on a disk that forgets. `docs/simulation.md`
//! tells how to run many histories and how to repeat one. Apart from them stands [`s3`]: a server
//! over real HTTP that misbehaves, for tests of the real store and of the real program.
//!
//! **Rules of this room.** A seed decides everything: no chance, no clock, no file from outside.
//! The oracle knows nothing of how delivery works.

mod oracle;

pub mod bare;
pub mod catalog;
pub mod clock;
pub mod crash;
pub mod flaw;
pub mod history;
pub mod journal;
pub mod local;
pub mod rng;
pub mod s3;
pub mod store;
pub mod storm;
pub mod trace;
pub mod violation;
pub mod world;

pub use flaw::Flaw;
pub use violation::{Rule, Violation};
pub use world::{Options, Report, run};
