//! `logpush verify`: whether the bucket holds what the delivery ledger says.
//!
//! ```text
//!              ┌─► bucket: the service reads the objects ─┐
//!  service ────┤                                          ├─► report ─► what differs, and a verdict
//!   (ledger)   └─► folder: they are read here, of a copy ─┘
//! ```
//!
//! **Rules.** It says OK only where it has read everything. What could not be read is named, with
//! what is needed to read it.

mod bucket;
mod folder;
mod ledger;
mod progress;
mod ranges;
mod report;
mod shown;

use std::path::PathBuf;

use clap::Parser;
use delivery::verify::Window;
use model::UnixNanos;
use model::time::parse_timestamp;

use super::CliError;
use super::connection::Common;
use super::job::find;
use super::scope::OptionalScopeArgs;
use ledger::Service;
use progress::Progress;
use report::Report;

/// Compare the objects that a job has delivered with the delivery ledger: which are missing,
/// altered, or should not be there.
#[derive(Debug, Parser)]
#[command(after_help = "\
The service reads the objects with the job's identity, which needs s3:GetObject on them and
s3:ListBucket on the bucket; delivering needs neither. Without them, copy the objects (such as by
`aws s3 sync s3://BUCKET DIR`) and give the folder with --objects.

Exit codes: 0 all is well and all was read, 1 something differs or could not be read, 2 wrong
usage.")]
pub(super) struct Args {
    /// The job's number.
    #[arg(long, value_name = "ID")]
    job: u64,

    /// Only objects with records that arrived from this time on, such as 2026-11-23T20:00:00Z.
    #[arg(long, value_name = "TIME", value_parser = time)]
    from: Option<UnixNanos>,

    /// Only objects with records that arrived before this time.
    #[arg(long, value_name = "TIME", value_parser = time)]
    to: Option<UnixNanos>,

    /// Read the objects here, from a copy of the bucket in this folder.
    #[arg(long, value_name = "DIR")]
    objects: Option<PathBuf>,

    /// Do not look for objects that the ledger does not know.
    #[arg(long)]
    without_list: bool,

    #[command(flatten)]
    scope: OptionalScopeArgs,

    #[command(flatten)]
    common: Common,
}

fn time(text: &str) -> Result<UnixNanos, String> {
    let wrong = |_| format!("`{text}` is not a time: expected one such as 2026-11-23T20:00:00Z");
    parse_timestamp(text.as_bytes()).map_err(wrong)
}

pub(super) async fn run(args: Args) -> Result<(), CliError> {
    if args.from.zip(args.to).is_some_and(|(from, to)| from >= to) {
        return Err(CliError::Usage("--from has to lie before --to".to_owned()));
    }
    let window = Window::new(args.from, args.to);
    if let Some(dir) = &args.objects {
        folder::check_is_there(dir)?;
    }
    let client = args.common.client()?;
    let path = find::path(&client, &args.scope, args.job).await?;
    let progress = Progress::new();
    let service = Service::new(client, path, (args.from, args.to), progress.clone());
    let before = service.summary().await?;
    progress.expect((!window.is_bounded()).then_some(before.totals.objects));
    let mut report = Report::new(args.job, window.is_bounded(), args.common.json, progress.clone());
    match &args.objects {
        None => bucket::check(&service, !args.without_list, &mut report).await?,
        Some(dir) => {
            let folder = folder::Folder { dir, window, installation: &before.installation_id };
            folder.check(&service, !args.without_list, &mut report).await?;
        }
    }
    let after = service.summary().await?;
    report.close(&before, &after)?;
    progress.finish();
    shown::print(&report)?;
    report.verdict()
}
