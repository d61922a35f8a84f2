//! The newest objects of a job, and what happened to it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use catalog::{BatchRecord, BatchState, Job, JobEvent, Page};
use model::Revision;
use model::destination::Destination;

use crate::api::ApiError;
use crate::app::App;
use crate::cli::megabytes;
use crate::dashboard::text::{Instant, count};

/// Objects and events that the page shows.
const SHOWN: Page = Page { number: 1, size: 20 };

/// An object, or a batch that will be one.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) id: String,
    pub(super) key: String,
    pub(super) state: &'static str,
    /// As it is in the bucket.
    pub(super) size: Option<String>,
    pub(super) raw: String,
    pub(super) lines: String,
    /// Arrival of its first and its last lines.
    pub(super) first: Instant,
    pub(super) last: Instant,
    pub(super) at: Instant,
    /// What copies it from the bucket.
    pub(super) command: Option<String>,
}

/// The newest objects of a job.
pub(super) async fn objects(app: &App, job: &Job) -> Result<Vec<Object>, ApiError> {
    let found = app.catalog.batches(job.id, SHOWN).await?;
    // A batch lies where the destination of its own revision said.
    let mut places: BTreeMap<u32, Option<Destination>> = BTreeMap::new();
    let mut objects = Vec::with_capacity(found.items.len());
    for (number, record) in found.items.into_iter().enumerate() {
        let revision = record.batch.revision;
        let place = match places.entry(revision.0) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(place(app, job, revision).await?),
        };
        objects.push(object(number, record, place.as_ref()));
    }
    Ok(objects)
}

async fn place(app: &App, job: &Job, revision: Revision) -> Result<Option<Destination>, ApiError> {
    if revision == job.revision {
        return Ok(Destination::parse(&job.spec.destination).ok());
    }
    let then = app.catalog.revision(job.id, revision).await?;
    Ok(Destination::parse(&then.spec.destination).ok())
}

fn object(number: usize, record: BatchRecord, place: Option<&Destination>) -> Object {
    let BatchRecord { batch, sealed_at, state } = record;
    let (word, delivered) = match state {
        BatchState::Sealed => ("Waiting", None),
        BatchState::Delivered(delivered) => ("Delivered", Some(delivered)),
        BatchState::Lost => ("Dropped", None),
    };
    let at = delivered.as_ref().map_or(sealed_at, |delivered| delivered.at);
    let is_there = delivered.is_some();
    Object {
        id: format!("object-{number}"),
        command: place.filter(|_| is_there).map(|place| copy_command(place, &batch.key)),
        key: batch.key,
        state: word,
        size: delivered.map(|delivered| megabytes(delivered.object_bytes)),
        raw: megabytes(batch.raw_bytes),
        lines: count(batch.records),
        first: Instant(batch.start),
        last: Instant(batch.end),
        at: Instant(at),
    }
}

/// The command that copies an object into the folder where one is.
/// <https://docs.aws.amazon.com/cli/latest/reference/s3/cp.html>
fn copy_command(place: &Destination, key: &str) -> String {
    let object = quoted(&format!("s3://{}/{key}", place.bucket));
    let mut command = format!("aws s3 cp {object} .");
    if !place.region.is_empty() {
        command.extend([" --region ", &quoted(&place.region)]);
    }
    if let Some(endpoint) = &place.endpoint {
        command.extend([" --endpoint-url ", &quoted(&endpoint.to_string())]);
    }
    command
}

/// A word of a shell's command line, whatever it holds.
pub(super) fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/:._-=+,@".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Something that happened.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) at: Instant,
    /// Instant it happened first, where it did more than once.
    pub(super) since: Option<Instant>,
    pub(super) kind: String,
    pub(super) status: Option<u16>,
    pub(super) count: String,
    pub(super) message: String,
}

/// What happened to a job, newest first.
pub(super) async fn events(app: &App, job: &Job) -> Result<Vec<Event>, ApiError> {
    let found = app.catalog.events(job.id, SHOWN).await?;
    Ok(found.items.into_iter().map(event).collect())
}

fn event(event: JobEvent) -> Event {
    Event {
        at: Instant(event.at),
        since: (event.count > 1).then_some(Instant(event.since)),
        kind: event.kind.replace('_', " "),
        status: event.status,
        count: count(event.count),
        message: event.message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_names_the_store_and_holds_no_secrets() {
        let plain = Destination::parse("s3://burritobot/logs?region=us-west-2").unwrap();
        let command = copy_command(&plain, "logs/20261124/a.log.gz");
        let expected = "aws s3 cp s3://burritobot/logs/20261124/a.log.gz . --region us-west-2";
        assert_eq!(command, expected);
        let keyed = "s3://b-1/logs?region=eu-1&access-key-id=K&secret-access-key=verysecret\
                     &endpoint=https://s3.example.com";
        let command = copy_command(&Destination::parse(keyed).unwrap(), "it's here.log.gz");
        assert!(command.contains("--endpoint-url https://s3.example.com"), "{command}");
        assert!(command.starts_with(r"aws s3 cp 's3://b-1/it'\''s here.log.gz' ."), "{command}");
        assert!(!command.contains("verysecret"), "{command}");
    }
}
