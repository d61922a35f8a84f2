//! The text of strangers, made harmless to look at: what has no shape of its own, changes the
//! direction of others or moves the cursor is shown by its code. A tenant calls a job what they
//! like, and an operator's terminal must not obey it.

use std::borrow::Cow;
use std::fmt::Write;

/// One line of text, of no more than `max` characters.
pub(crate) fn visible(text: &str, max: usize) -> String {
    let mut shown = String::with_capacity(text.len().min(max.saturating_mul(2)));
    for (index, c) in text.chars().enumerate() {
        if index == max {
            shown.push('…');
            break;
        }
        show(c, &mut shown);
    }
    shown
}

/// Text of several lines, which stay lines.
pub fn visible_lines(text: &str) -> Cow<'_, str> {
    let stays = |c: char| matches!(c, '\n' | '\t') || !is_invisible(c);
    if text.chars().all(stays) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if stays(c) { shown.push(c) } else { show(c, &mut shown) }
    }
    Cow::Owned(shown)
}

fn show(c: char, shown: &mut String) {
    if is_invisible(c) {
        write!(shown, "⟨U+{:04X}⟩", u32::from(c)).expect("writing to memory cannot fail");
    } else {
        shown.push(c);
    }
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
    fn what_hides_or_reorders_text_is_shown_by_its_code() {
        assert_eq!(visible("a\0b\u{202e}c\u{7}", 9), "a⟨U+0000⟩b⟨U+202E⟩c⟨U+0007⟩");
        assert_eq!(visible("naïve 🌯 عربي", 20), "naïve 🌯 عربي");
        assert_eq!(visible("abcdef", 3), "abc…");
        assert_eq!(visible("a\nb", usize::MAX), "a⟨U+000A⟩b");
    }

    #[test]
    fn lines_stay_lines() {
        assert!(matches!(visible_lines("a\tb\nnaïve 🌯"), Cow::Borrowed(_)));
        assert_eq!(visible_lines("a\n\u{1b}[2Jb\u{9b}2Jc\r"), "a\n⟨U+001B⟩[2Jb⟨U+009B⟩2Jc⟨U+000D⟩");
    }
}
