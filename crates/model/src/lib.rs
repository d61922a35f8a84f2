//! What things are.
//!
//! The values of the system and the pure functions on them: scopes, datasets, records, output,
//! destinations, object keys, positions and batches. Everything above speaks in these words.
//!
//! **Rules of this room.** No async, no clock, no randomness, no disk, no network, no SQL, no
//! HTTP: what comes in decides what goes out. Types here do not derive wire formats; the edges
//! (`server::api`, the journal's frames, the catalogue's rows) translate.

pub mod batch;
pub mod compiled_job;
pub mod dataset;
pub mod destination;
pub mod filter;
pub mod issue;
pub mod job;
mod json_number;
mod json_text;
pub mod limits;
pub mod merge;
pub mod object_key;
pub mod output;
pub mod position;
pub mod record;
pub mod sample;
pub mod scope;
pub mod spelling;
pub mod synthetic;
pub mod time;

pub use batch::{Batch, BatchLimits};
pub use compiled_job::CompiledJob;
pub use dataset::{Dataset, Datasets, ElementType, Field, FieldType};
pub use destination::Destination;
pub use issue::Issue;
pub use job::{Frequency, InstallationId, JobId, JobSpec, Revision};
pub use position::{Offset, OffsetRange, Partition};
pub use record::{Checker, Refusal, Scanner};
pub use scope::{AccountId, Id, Scope, ScopeKind, ZoneId};
pub use time::{TimestampFormat, UnixNanos};
