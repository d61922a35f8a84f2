//! Why a request at the door stores nothing.

use journal::AppendError;
use model::dataset::NoSuchDataset;
use thiserror::Error;

use super::coding::Coding;

/// A request that stored nothing, and how to mend it.
#[derive(Debug, Error)]
pub(crate) enum IngestError {
    /// A header or parameter has a value that it cannot have.
    #[error("{name} is `{found}`: expected {expected}")]
    Parameter {
        /// Which.
        name: &'static str,
        /// Its value.
        found: String,
        /// What is allowed.
        expected: &'static str,
    },
    /// The dataset has no records of that kind of scope.
    #[error("dataset `{dataset}` has no records of {found}: send them to {allowed}")]
    WrongScope {
        /// The dataset.
        dataset: String,
        /// The kind of scope that was asked for.
        found: &'static str,
        /// Where such records go.
        allowed: &'static str,
    },
    /// There is no such dataset.
    #[error(transparent)]
    NoDataset(#[from] NoSuchDataset),
    /// A content type that the door does not take.
    #[error(
        "the content type `{0}` is not known: expected `application/x-ndjson`, \
         `application/json`, `text/plain` or `text/plain; format=combined`"
    )]
    UnknownType(String),
    /// A content coding that the door does not take.
    #[error(
        "the content encoding `{0}` is not known: expected one of `gzip`, `zstd`, `deflate` or \
         `identity`"
    )]
    UnknownCoding(String),
    /// Access log lines for a dataset that they do not fit.
    #[error(
        "lines in the combined format become records of `http_requests` of a zone; send them to \
         `/ingest/v1/zones/{{zone_id}}/http_requests`"
    )]
    CombinedElsewhere,
    /// More bytes than a body may have.
    #[error("the body has more than {max} bytes: send fewer records in a request")]
    BodyTooLarge {
        /// The bound.
        max: u64,
    },
    /// More bytes than a decompressed body may have.
    #[error("the body decompresses to more than {max} bytes: send fewer records in a request")]
    DecodedTooLarge {
        /// The bound.
        max: u64,
    },
    /// The compressed body is cut off.
    #[error("the {0} body ends in the middle of its compressed data: send it whole")]
    Truncated(Coding),
    /// The body is not what its encoding says.
    #[error("the body is not valid {coding}: {reason}")]
    Corrupt {
        /// What it should be.
        coding: Coding,
        /// What is wrong.
        reason: String,
    },
    /// The body of JSON is not one that records can be found in.
    #[error("the body is not JSON that holds records: {0}")]
    NotRecords(String),
    /// So many lines are no records that the request was surely meant otherwise.
    #[error(
        "{refused} of the first {seen} lines are no records, more than {max} bytes of them; the \
         first, line {line}: {reason}; are content type and dataset right?"
    )]
    TooManyRefused {
        /// Lines refused so far.
        refused: u64,
        /// Lines seen so far.
        seen: u64,
        /// The bound on quarantined bytes.
        max: u64,
        /// The first refused line.
        line: u64,
        /// Why it was refused.
        reason: String,
    },
    /// The connection broke while the body came in.
    #[error("the body did not arrive whole: {0}")]
    Interrupted(String),
    /// Nothing came for so many seconds.
    #[error("the body did not arrive in time: nothing came for {0} seconds")]
    Silent(u64),
    /// The body took longer than so many seconds.
    #[error("the body did not arrive in time: it may take {0} seconds")]
    TooSlow(u64),
    /// It comes too slowly, on the whole, for so many bytes a second.
    #[error("the body comes too slowly: send at least {0} bytes a second")]
    Trickling(u64),
    /// The tenant has sent more than it may.
    #[error("the account sends more than {per_second} {unit} a second; wait {wait} s")]
    TooFast {
        /// How many are allowed.
        per_second: u64,
        /// Of what.
        unit: &'static str,
        /// Seconds until something is let in again.
        wait: u64,
    },
    /// The tenant's share of the memory for requests is taken.
    #[error("too many requests of the account are under way: wait for answers before sending more")]
    Crowded,
    /// The memory for requests is taken.
    #[error("too many requests are under way: try again in a moment")]
    Overloaded,
    /// The journal did not take it.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The zones could not be read.
    #[error(transparent)]
    Catalog(catalog::CatalogError),
    /// A worker died; nothing was stored.
    #[error("the request could not be worked on: {0}")]
    Worker(String),
}

impl IngestError {
    /// The bound that was reached, for metrics; `None` where the request itself is wrong.
    pub(super) const fn pressure(&self) -> Option<&'static str> {
        match self {
            Self::TooFast { .. } => Some("tenant_rate"),
            Self::Crowded => Some("tenant_memory"),
            Self::Overloaded => Some("memory"),
            Self::Append(AppendError::Refusing(_) | AppendError::Uncertain(_)) => {
                Some("journal_refusing")
            }
            Self::Append(AppendError::Poisoned(_)) => Some("journal_poisoned"),
            Self::Silent(_) | Self::TooSlow(_) | Self::Trickling(_) => Some("slow_client"),
            _ => None,
        }
    }
}
