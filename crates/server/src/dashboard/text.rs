//! Numbers, spans and instants as people read them.

use std::fmt;
use std::time::Duration;

use model::UnixNanos;
use model::time::NANOS_PER_SECOND;

pub(crate) use crate::cli::{count, megabytes as bytes};
pub(crate) use crate::harmless::visible;
use crate::instant::rfc3339;

/// A span for people, of a number of seconds; none where it is negative.
pub(crate) fn span(seconds: f64) -> String {
    crate::cli::span(Duration::try_from_secs_f64(seconds).unwrap_or_default())
}

/// The span between two instants; none where the second is not later.
pub(crate) fn between(from: UnixNanos, to: UnixNanos) -> f64 {
    to.0.saturating_sub(from.0).max(0) as f64 / NANOS_PER_SECOND as f64
}

/// An instant for a template: `<time datetime="…">`, in UTC, which the browser turns into the
/// viewer's zone where it runs scripts. It needs no escaping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Instant(pub(crate) UnixNanos);

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exact = rfc3339(self.0);
        let shown = exact.replace('T', " ").replace('Z', " UTC");
        write!(f, "<time datetime=\"{exact}\" title=\"{shown}\">{shown}</time>")
    }
}

impl askama::filters::HtmlSafe for Instant {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_readable_without_scripts() {
        let text = Instant(UnixNanos(1_506_700_104_433_000_000)).to_string();
        assert!(text.contains("datetime=\"2017-09-29T15:48:24Z\""), "{text}");
        assert!(text.contains(">2017-09-29 15:48:24 UTC<"), "{text}");
    }
}
