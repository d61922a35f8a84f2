//! The delivery ledger as the API tells it, and the patience to ask for it.

use std::time::Duration;

use model::UnixNanos;
use reqwest::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::progress::Progress;
use crate::cli::CliError;
use crate::client::{Client, ClientError, Lines};
use crate::instant::rfc3339_ns;

/// Failures in a row after which no further attempt is made.
const FAILURES_MAX: u32 = 10;
/// The wait after the first failure, doubled each time up to the longest.
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(15);

/// What the ledger says of the job as a whole.
#[derive(Debug, Deserialize)]
pub(super) struct Summary {
    pub(super) installation_id: String,
    pub(super) cursors: Vec<Cursor>,
    pub(super) losses: Vec<Loss>,
    pub(super) totals: Totals,
}

#[derive(Debug, Deserialize)]
pub(super) struct Cursor {
    pub(super) partition: u16,
    pub(super) next_frame: u64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Loss {
    pub(super) partition: u16,
    pub(super) first_frame: u64,
    pub(super) next_frame: u64,
    pub(super) records: u64,
}

/// Sums over delivered batches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Totals {
    pub(super) objects: u64,
    pub(super) records: u64,
    pub(super) raw_bytes: u64,
    pub(super) object_bytes: u64,
}

/// A batch.
#[derive(Debug, Deserialize)]
pub(super) struct Entry {
    pub(super) partition: u16,
    pub(super) first_frame: u64,
    pub(super) next_frame: u64,
    pub(super) previous_next_frame: Option<u64>,
    pub(super) revision: u32,
    pub(super) key: String,
    pub(super) records: u64,
    pub(super) state: String,
    pub(super) object_bytes: Option<u64>,
    pub(super) checksum: Option<String>,
    pub(super) raw_bytes: u64,
    pub(super) newlines: Option<u64>,
    pub(super) newlines_in_quotes: bool,
}

/// A part of the ledger.
#[derive(Debug, Deserialize)]
pub(super) struct Entries {
    pub(super) batches: Vec<Entry>,
    pub(super) next: Option<String>,
}

/// A part of what was found by listing.
#[derive(Debug, Deserialize)]
pub(super) struct ExtraObjects {
    pub(super) keys: u64,
    pub(super) extra: Vec<ExtraObject>,
    pub(super) unlisted: Vec<Unlisted>,
    pub(super) next: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ExtraObject {
    pub(super) bucket: String,
    pub(super) key: String,
    pub(super) object_bytes: u64,
    pub(super) why: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Unlisted {
    pub(super) place: String,
    pub(super) message: String,
}

/// The service, asked about one job.
#[derive(Debug)]
pub(super) struct Service {
    client: Client,
    /// The job's path in the API.
    path: String,
    span: Vec<(&'static str, String)>,
    progress: Progress,
}

impl Service {
    pub(super) fn new(
        client: Client,
        path: String,
        (from, to): (Option<UnixNanos>, Option<UnixNanos>),
        progress: Progress,
    ) -> Self {
        let bounds = [("from", from), ("to", to)];
        let span = bounds.into_iter().filter_map(|(name, at)| Some((name, rfc3339_ns(at?))));
        Self { client, path, span: span.collect(), progress }
    }

    /// What the ledger says of the job as a whole, now.
    pub(super) async fn summary(&self) -> Result<Summary, CliError> {
        self.ask(Method::GET, "ledger", &[]).await
    }

    /// Batches behind that position.
    pub(super) async fn entries(&self, after: Option<&str>) -> Result<Entries, CliError> {
        let query = after.map(|after| ("after", after.to_owned()));
        let query: Vec<_> = query.into_iter().chain(self.span.iter().cloned()).collect();
        self.ask(Method::GET, "ledger/batches", &query).await
    }

    /// Extra objects, listed behind that position where batches of these revisions went.
    pub(super) async fn extra(
        &self,
        after: Option<&str>,
        revisions: &str,
    ) -> Result<ExtraObjects, CliError> {
        let given = [("after", after.unwrap_or_default()), ("revisions", revisions)];
        let given = given.into_iter().filter(|(_, value)| !value.is_empty());
        let given = given.map(|(name, value)| (name, value.to_owned()));
        let query: Vec<_> = given.chain(self.span.iter().cloned()).collect();
        self.ask(Method::POST, "verify/extra", &query).await
    }

    /// What the service finds as it reads the objects of batches behind that position.
    pub(super) async fn verify(&self, after: Option<&str>) -> Result<Lines, ClientError> {
        let after = after.map(|after| ("after", after));
        let span = self.span.iter().map(|(name, value)| (*name, value.as_str()));
        let query: Vec<_> = after.into_iter().chain(span).collect();
        self.client.lines(&format!("{}/verify", self.path), &query).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        what: &str,
        query: &[(&'static str, String)],
    ) -> Result<T, CliError> {
        let path = format!("{}/{what}", self.path);
        let query: Vec<_> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let mut patience = self.patience();
        loop {
            match self.client.ask(method.clone(), &path, &query).await {
                Ok(answer) => return Ok(answer),
                Err(error) => patience.wait_after(error).await?,
            }
        }
    }

    /// Patience with what fails.
    pub(super) fn patience(&self) -> Patience {
        Patience { failures: 0, progress: self.progress.clone() }
    }
}

/// How long something is tried again.
#[derive(Debug)]
pub(super) struct Patience {
    failures: u32,
    progress: Progress,
}

impl Patience {
    /// Something succeeded.
    pub(super) fn renew(&mut self) {
        self.failures = 0;
    }

    /// Waits before another attempt; gives the error back where none makes sense.
    pub(super) async fn wait_after(&mut self, error: ClientError) -> Result<(), CliError> {
        self.failures += 1;
        if !error.may_pass() || self.failures >= FAILURES_MAX {
            return Err(error.into());
        }
        let wait = FIRST_WAIT.saturating_mul(1 << self.failures.min(10)).min(LONGEST_WAIT);
        let wait = wait.max(error.retry_after().unwrap_or_default());
        self.progress.waiting(&error, wait);
        tokio::time::sleep(wait).await;
        Ok(())
    }
}
