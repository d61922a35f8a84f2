//! What became of the lines that were sent.

use std::time::Duration;

use serde::Serialize;

use crate::cli::print::{count, megabytes, span};
use crate::cli::{CliError, line, print};
use crate::client::Receipt;

/// Reasons that are shown; all are counted.
const REASONS_MAX: usize = 10;

/// Counts of lines. Once everything is acknowledged, `lines` is the sum of `accepted`,
/// `quarantined` and `already_there`.
#[derive(Debug, Default, Serialize)]
pub(super) struct Report {
    /// Lines that were sent and acknowledged, blank ones aside.
    pub(super) lines: u64,
    /// Bytes of them.
    pub(super) bytes: u64,
    /// Taken as new records.
    pub(super) accepted: u64,
    /// Put into quarantine.
    pub(super) quarantined: u64,
    /// Taken by an earlier run.
    pub(super) already_there: u64,
    /// Why the first lines were put into quarantine.
    pub(super) reasons: Vec<BadLine>,
    /// How long it took.
    pub(super) seconds: f64,
}

/// Why a line was put into quarantine.
#[derive(Debug, Serialize, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct BadLine {
    file: String,
    line: u64,
    reason: String,
}

impl Report {
    /// Adds what the service said of a request from `file`.
    pub(super) fn add(&mut self, file: &str, lines: u64, bytes: u64, receipt: Receipt) {
        self.lines += lines;
        self.bytes += bytes;
        self.quarantined += receipt.quarantined;
        let taken = if receipt.repeated { &mut self.already_there } else { &mut self.accepted };
        *taken += receipt.accepted;
        self.reasons.extend(receipt.errors.into_iter().map(|error| BadLine {
            file: file.to_owned(),
            line: error.line,
            reason: error.reason,
        }));
        // Requests are answered in any order; the first lines are what a person looks for.
        self.reasons.sort();
        self.reasons.truncate(REASONS_MAX);
    }

    /// Prints it. `unit` is what the numbers of bad lines count.
    pub(super) fn print(&self, as_json: bool, unit: &str) -> Result<(), CliError> {
        if as_json { print::json(self) } else { line(self.text(unit)) }
    }

    fn text(&self, unit: &str) -> String {
        let Self { lines, accepted, quarantined, already_there, .. } = self;
        let took = span(Duration::try_from_secs_f64(self.seconds).unwrap_or_default());
        let rows = [
            ("accepted", *accepted),
            ("already there", *already_there),
            ("quarantined", *quarantined),
        ];
        let width = rows.iter().map(|(_, number)| count(*number).len()).max().unwrap_or(0);
        let noun = if *lines == 1 { "line" } else { "lines" };
        let (sent, bytes) = (count(*lines), megabytes(self.bytes));
        let mut text = vec![format!("acknowledged {sent} {noun}, {bytes} in {took}")];
        for (name, number) in rows.into_iter().filter(|(name, n)| *n > 0 || *name == "accepted") {
            text.push(format!("  {name:<13}  {:>width$}", count(number)));
        }
        for BadLine { file, line, reason } in &self.reasons {
            text.push(format!("    {file}, {unit} {line}: {reason}"));
        }
        let told = self.reasons.len() as u64;
        if *quarantined > told && told > 0 {
            text.push(format!("    and {} more", count(quarantined - told)));
        }
        text.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::LineError;

    fn error(line: u64) -> LineError {
        LineError { line, reason: "not JSON".into() }
    }

    #[test]
    fn a_report_adds_up_and_tells_the_first_reasons() {
        let mut report = Report { seconds: 2.0, ..Report::default() };
        let late = Receipt {
            accepted: 900,
            quarantined: 2,
            errors: vec![error(70), error(71)],
            repeated: false,
        };
        let early =
            Receipt { accepted: 99, quarantined: 1, errors: vec![error(3)], repeated: true };
        report.add("a.log", 902, 1_000_000, late);
        report.add("a.log", 100, 500_000, early);
        assert_eq!(report.lines, report.accepted + report.quarantined + report.already_there);
        assert_eq!(
            report.text("line"),
            "acknowledged 1,002 lines, 1.5 MB in 2.0 s\n\
             \x20 accepted       900\n\
             \x20 already there   99\n\
             \x20 quarantined      3\n\
             \x20   a.log, line 3: not JSON\n\
             \x20   a.log, line 70: not JSON\n\
             \x20   a.log, line 71: not JSON"
        );
    }

    #[test]
    fn only_the_first_reasons_are_kept() {
        let mut report = Report::default();
        for line in (1..=30).rev() {
            report.add(
                "a",
                1,
                9,
                Receipt { quarantined: 1, errors: vec![error(line)], ..Receipt::default() },
            );
        }
        assert!(
            report.text("line").ends_with("a, line 10: not JSON\n    and 20 more"),
            "{}",
            report.text("line")
        );
    }
}
