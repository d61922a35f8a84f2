//! Splitting a body of NDJSON into its lines.

/// The lines of an NDJSON body that are not blank.
///
/// Lines end with `\n` or `\r\n`; the last one may lack its end. Blank lines, which hold nothing but
/// spaces and tabs, are left out but counted.
#[derive(Debug, Clone)]
pub struct Lines<'b> {
    rest: &'b [u8],
    number: u64,
}

/// A line of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'b> {
    /// Its number, counted from 1.
    pub number: u64,
    /// Its bytes, without its end.
    pub bytes: &'b [u8],
}

impl<'b> Lines<'b> {
    /// The lines of `body`.
    pub const fn new(body: &'b [u8]) -> Self {
        Self { rest: body, number: 0 }
    }
}

impl<'b> Iterator for Lines<'b> {
    type Item = Line<'b>;

    fn next(&mut self) -> Option<Line<'b>> {
        while !self.rest.is_empty() {
            let bytes = match memchr::memchr(b'\n', self.rest) {
                Some(end) => {
                    let bytes = &self.rest[..end];
                    self.rest = &self.rest[end + 1..];
                    bytes
                }
                None => std::mem::take(&mut self.rest),
            };
            self.number += 1;
            let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
            if bytes.iter().any(|byte| !matches!(byte, b' ' | b'\t')) {
                return Some(Line { number: self.number, bytes });
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
