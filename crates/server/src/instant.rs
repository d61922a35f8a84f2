//! Instants as people and programs read them in answers.

use model::UnixNanos;
use model::time::TimestampFormat;

/// `at` as RFC 3339 in whole seconds: `2017-09-29T15:48:24Z`.
pub(crate) fn rfc3339(at: UnixNanos) -> String {
    TimestampFormat::Rfc3339.text(at)
}

/// `at` as RFC 3339 with milliseconds: `2017-09-29T15:48:24.433Z`.
pub(crate) fn rfc3339_ms(at: UnixNanos) -> String {
    TimestampFormat::Rfc3339Ms.text(at)
}

/// `at` as RFC 3339 with nanoseconds: `2017-09-29T15:48:24.433000200Z`.
pub(crate) fn rfc3339_ns(at: UnixNanos) -> String {
    TimestampFormat::Rfc3339Ns.text(at)
}
