//! Numbers, spans and instants as people read them, and the text of strangers.

use std::fmt::{self, Write};
use std::time::Duration;

use model::UnixNanos;
use model::time::NANOS_PER_SECOND;

pub(crate) use crate::cli::{count, megabytes as bytes};
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

/// A text of strangers, made harmless to look at: what has no shape of its own, changes the
/// direction of others or moves the cursor is shown by its code, and no more than `max`
/// characters. Escaping for HTML is the template's part.
pub(crate) fn visible(text: &str, max: usize) -> String {
    let mut shown = String::with_capacity(text.len().min(max * 2));
    for (index, c) in text.chars().enumerate() {
        if index == max {
            shown.push('…');
            break;
        }
        if is_invisible(c) {
            write!(shown, "⟨U+{:04X}⟩", u32::from(c)).expect("writing to memory cannot fail");
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Control characters, and those of Unicode's format characters that hide or reorder text.
/// <https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters>
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{fff9}'..='\u{fffb}')
        || matches!(c, '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_readable_without_scripts() {
        let text = Instant(UnixNanos(1_506_700_104_433_000_000)).to_string();
        assert!(text.contains("datetime=\"2017-09-29T15:48:24Z\""), "{text}");
        assert!(text.contains(">2017-09-29 15:48:24 UTC<"), "{text}");
    }

    #[test]
    fn what_hides_or_reorders_text_is_shown_by_its_code() {
        assert_eq!(visible("a\0b\u{202e}c\u{7}", 9), "a⟨U+0000⟩b⟨U+202E⟩c⟨U+0007⟩");
        assert_eq!(visible("naïve 🌯 عربي", 20), "naïve 🌯 عربي");
        assert_eq!(visible("abcdef", 3), "abc…");
    }
}
