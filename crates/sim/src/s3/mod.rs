//! An S3 server that misbehaves: real HTTP on loopback, signatures checked, bucket policies
//! enforced, and faults by rule. Any test of any room may use it.
//!
//! ```text
//!  client ──TCP──► connection ──► rules ──► s3s ──► gate ──► backend ──► buckets
//!                  cuts, stalls,  which     HTTP,   keys,    objects,    what stands, and what
//!                  truncates      request   XML,    region,  uploads     ever stood
//!                                 meets     SigV4   policy
//!                                 which
//!                                 fault
//! ```
//!
//! It remembers what real stores forget: every write of an object, so that one with other bytes
//! is seen, every request, and every upload in parts that was left open.
//!
//! Where S3 lets a store choose, it is the harder choice: a second completion of an upload finds
//! no upload, and work goes on after its client has given up.

mod backend;
mod buckets;
mod checksum;
mod connection;
mod fault;
mod gate;
mod operation;
mod policy;
mod rule;
mod server;

pub use buckets::{BucketSettings, Conditions, Object, Upload, WrongRegion};
pub use fault::{Fault, Refusal};
pub use gate::User;
pub use operation::Operation;
pub use policy::{Decision, Policy, PolicyError, Question};
pub use rule::Rule;
pub use server::{ACCESS_KEY, ACCOUNT, PRINCIPAL, Request, S3Server, SECRET_KEY};
