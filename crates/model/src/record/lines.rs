//! Splitting a body of NDJSON into its lines.

/// The lines of an NDJSON body that are not blank.
///
/// Lines end with `\n` or `\r\n`; the last one may lack its end. Blank lines, which hold nothing but
/// spaces and tabs, are left out but counted.
#[derive(Debug, Clone)]
pub struct Lines<'b> {
    body: &'b [u8],
    at: usize,
    number: u64,
}

/// A line of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'b> {
    /// Its number, counted from 1.
    pub number: u64,
    /// Its bytes, without its end.
    pub bytes: &'b [u8],
    /// Where it begins in the body.
    pub at: usize,
}

impl<'b> Lines<'b> {
    /// The lines of `body`.
    pub const fn new(body: &'b [u8]) -> Self {
        Self { body, at: 0, number: 0 }
    }
}

impl<'b> Iterator for Lines<'b> {
    type Item = Line<'b>;

    fn next(&mut self) -> Option<Line<'b>> {
        while self.at < self.body.len() {
            let at = self.at;
            let rest = &self.body[at..];
            let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            self.at += end + 1;
            self.number += 1;
            let bytes = &rest[..end];
            let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
            if bytes.iter().any(|byte| !matches!(byte, b' ' | b'\t')) {
                return Some(Line { number: self.number, bytes, at });
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &str, expected: &[(u64, &str)]) {
        let lines: Vec<_> = Lines::new(body.as_bytes())
            .inspect(|line| assert!(body.as_bytes()[line.at..].starts_with(line.bytes)))
            .map(|line| (line.number, str::from_utf8(line.bytes).unwrap()))
            .collect();
        assert_eq!(lines, expected, "{body:?}");
    }

    #[test]
    fn lines_are_numbered_and_blank_ones_left_out() {
        check("", &[]);
        check("\n\r\n \t\n", &[]);
        check("a", &[(1, "a")]);
        check("a\n", &[(1, "a")]);
        check("a\r\nb\n\n c \r\n", &[(1, "a"), (2, "b"), (4, " c ")]);
        check("a\rb\n\r", &[(1, "a\rb")]);
    }
}
