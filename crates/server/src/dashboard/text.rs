//! Numbers, sizes, spans and instants as people read them.

use std::fmt;

use model::UnixNanos;
use model::time::NANOS_PER_SECOND;

use crate::instant::rfc3339;

/// A number with commas between thousands: `1,234,567`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A size in the decimal units that stores bill by: `1.4 MB`.
pub(crate) fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if bytes < 1_000 {
        return format!("{bytes} B");
    }
    let (mut size, mut unit) = (bytes as f64 / 1e3, 0);
    // What would be rounded up to 1000 belongs to the next unit.
    while size >= 999.5 && unit + 1 < UNITS.len() {
        (size, unit) = (size / 1e3, unit + 1);
    }
    let decimals = usize::from(size < 9.95);
    format!("{size:.decimals$} {}", UNITS[unit])
}

/// A span in its two largest units: `2 h 5 min`, `3 d`, `12 s`; `< 1 s` for what is less.
pub(crate) fn span(seconds: f64) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let whole = seconds.max(0.0) as u64;
    let Some(first) = UNITS.iter().position(|(unit, _)| whole >= *unit) else {
        return "< 1 s".to_owned();
    };
    let (unit, name) = UNITS[first];
    let mut text = format!("{} {name}", whole / unit);
    if let Some((smaller, name)) = UNITS.get(first + 1) {
        let rest = whole % unit / smaller;
        if rest > 0 {
            text += &format!(" {rest} {name}");
        }
    }
    text
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
            shown += &format!("⟨U+{:04X}⟩", u32::from(c));
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
    fn numbers_sizes_and_spans_read_well() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        let sizes = [0, 999, 1_000, 1_449, 9_949, 9_951, 999_499, 999_500, 5_000_000_000];
        let expected =
            ["0 B", "999 B", "1.0 kB", "1.4 kB", "9.9 kB", "10 kB", "999 kB", "1.0 MB", "5.0 GB"];
        assert_eq!(sizes.map(bytes), expected);
        let spans = [0.0, 0.9, 12.3, 60.0, 3_725.0, 259_200.0, -5.0];
        let expected = ["< 1 s", "< 1 s", "12 s", "1 min", "1 h 2 min", "3 d", "< 1 s"];
        assert_eq!(spans.map(span), expected);
    }

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
