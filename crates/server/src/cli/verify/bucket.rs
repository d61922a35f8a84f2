//! The objects in the bucket, which the service reads.

use serde::Deserialize;

use super::ledger::{Entry, Service};
use super::report::{Outcome, Report};
use crate::cli::CliError;
use crate::client::ClientError;

/// A line of what the service finds.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Line {
    Batch { batch: Box<Entry>, position: String, result: String, details: Vec<String> },
    Working { bytes_read: u64 },
    Failed { error: String },
    End { next: Option<String> },
}

/// Has the service read the objects, and list the bucket where `lists` says so.
pub(super) async fn check(
    service: &Service,
    lists: bool,
    report: &mut Report,
) -> Result<(), CliError> {
    let mut patience = service.patience();
    let mut position: Option<String> = None;
    loop {
        let before = position.clone();
        match part(service, &mut position, report).await {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                if position != before {
                    patience.renew();
                }
                patience.wait_after(error).await?;
                continue;
            }
        }
        patience.renew();
    }
    if lists {
        list(service, report).await?;
    }
    Ok(())
}

/// One request's part of the work; moves `position` on, and says whether there is more.
async fn part(
    service: &Service,
    position: &mut Option<String>,
    report: &mut Report,
) -> Result<bool, ClientError> {
    let mut lines = service.verify(position.as_deref()).await?;
    while let Some(line) = lines.next().await? {
        match line {
            Line::Batch { batch, position: at, result, details } => {
                report.take(&batch, &outcome(&result, details));
                *position = Some(at);
                if report.is_hopeless() {
                    report.gave_up();
                    return Ok(false);
                }
            }
            Line::Working { bytes_read } => report.progress.reading(bytes_read),
            Line::Failed { error } => {
                let (status, retry_after) = (503, None);
                return Err(ClientError::Refused {
                    status,
                    code: None,
                    message: error,
                    retry_after,
                });
            }
            Line::End { next } => {
                let is_more = next.is_some();
                *position = next.or_else(|| position.take());
                return Ok(is_more);
            }
        }
    }
    Err(lines.interrupted("the answer ended too early".to_owned()))
}

fn outcome(result: &str, details: Vec<String>) -> Outcome {
    let why = details.first().cloned().unwrap_or_default();
    match result {
        "same" => Outcome::Same,
        "altered" => Outcome::Altered(details),
        "missing" => Outcome::Missing,
        "denied" => Outcome::Denied(why),
        "not_delivered" => Outcome::NotDelivered,
        "given_up" => Outcome::GivenUp,
        "unreadable" => Outcome::Unreadable(why),
        other => Outcome::Unreadable(format!(
            "the service says `{other}`, which this program does not know: they are of different \
             versions"
        )),
    }
}

/// Has the service look for extra objects.
async fn list(service: &Service, report: &mut Report) -> Result<(), CliError> {
    let revisions: Vec<String> = report.revisions.iter().map(ToString::to_string).collect();
    let revisions = revisions.join(",");
    let mut position: Option<String> = None;
    let mut keys = 0;
    loop {
        let part = service.extra(position.as_deref(), &revisions).await?;
        keys += part.keys;
        report.listed(part.keys);
        report.progress.listing(keys);
        for extra in part.extra {
            let key = format!("s3://{}/{}", extra.bucket, extra.key);
            report.extra(key, extra.object_bytes, extra.why);
        }
        for unlisted in part.unlisted {
            report.unlisted(&unlisted.place, &unlisted.message);
        }
        position = part.next;
        if position.is_none() {
            return Ok(());
        }
    }
}
