//! The path within the bucket, with its placeholder for the day.
//!
//! A path cannot climb out of its own prefix: segments are never empty, `.` or `..`, whatever way
//! they were written. `{DATE}` is the only placeholder.

use std::fmt;

use super::redacted;
use crate::UnixNanos;
use crate::time;

/// The folder of a job's objects: a path without slashes at its ends, perhaps empty, in which
/// `{DATE}` stands for a UTC day, `YYYYMMDD`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct PathTemplate(String);

impl PathTemplate {
    /// The placeholder for the day.
    pub const DATE: &str = "{DATE}";
    /// Longest path in bytes, its days filled in: an S3 key has at most 1,024 bytes, and the
    /// object's name needs up to 120 of them.
    pub const BYTES_MAX: usize = 900;

    /// The path written as `text`, decoded, without a leading slash. One trailing slash is
    /// dropped. The error says what is wrong, what is allowed, and is lower-case.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let path = text.strip_suffix('/').unwrap_or(text);
        // Behind a `?` that was forgotten stand secrets.
        let shown = redacted(text);
        if let Some(forbidden) = path.chars().find(|&c| c == '\\' || c.is_control()) {
            return Err(format!(
                "the path holds the character `{}`; backslashes and control characters are not \
                 allowed",
                forbidden.escape_default()
            ));
        }
        for segment in path.split('/') {
            match segment {
                "" => {
                    return Err(format!(
                        "the path `{shown}` has an empty segment; write one slash between segments"
                    ));
                }
                "." | ".." => {
                    return Err(format!(
                        "the path `{shown}` has the segment `{segment}`; a path cannot leave its \
                         own prefix"
                    ));
                }
                _ => {}
            }
        }
        if path.replace(Self::DATE, "").contains(['{', '}']) {
            return Err(format!(
                "the path `{shown}` has a brace that is not part of `{}`, the only placeholder",
                Self::DATE
            ));
        }
        let template = Self(path.to_owned());
        let bytes = template.resolve(UnixNanos(0)).len();
        if bytes > Self::BYTES_MAX {
            return Err(format!(
                "the path has {bytes} bytes; at most {} are allowed",
                Self::BYTES_MAX
            ));
        }
        Ok(template)
    }

    /// The path as it was written, decoded.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether objects stand at the root of the bucket.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the path has a `{DATE}`.
    pub fn names_day(&self) -> bool {
        self.0.contains(Self::DATE)
    }

    /// The path with the UTC day of `at` in the place of each `{DATE}`.
    pub fn resolve(&self, at: UnixNanos) -> String {
        if self.names_day() { self.0.replace(Self::DATE, &time::day(at)) } else { self.0.clone() }
    }
}

impl fmt::Display for PathTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
