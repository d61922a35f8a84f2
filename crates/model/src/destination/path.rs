//! The path within the bucket, with its placeholders.
//!
//! A path cannot climb out of its own prefix: segments are never empty, `.` or `..`, whatever way
//! they were written and whatever the placeholders stand for. Braces belong to placeholders only.

use std::fmt;

use super::{Boundary, redacted};
use crate::issue::{did_you_mean, listed};
use crate::time::{self, Civil};
use crate::{JobId, UnixNanos, limits};

/// What a path may leave open until an object is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Placeholder {
    /// `{DATE}`: the UTC day as `YYYYMMDD`.
    Date,
    /// `{YYYY}`: the year, four digits.
    Year,
    /// `{MM}`: the month, two digits.
    Month,
    /// `{DD}`: the day of the month, two digits.
    Day,
    /// `{HH}`: the hour, two digits.
    Hour,
    /// `{DATASET}`: the dataset's name.
    Dataset,
    /// `{ZONE}`: the zone's name.
    Zone,
    /// `{JOB}`: the job's number.
    Job,
}

impl Placeholder {
    /// All placeholders.
    pub const ALL: [Self; 8] = [
        Self::Date,
        Self::Year,
        Self::Month,
        Self::Day,
        Self::Hour,
        Self::Dataset,
        Self::Zone,
        Self::Job,
    ];

    /// How a path writes it.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Date => "{DATE}",
            Self::Year => "{YYYY}",
            Self::Month => "{MM}",
            Self::Day => "{DD}",
            Self::Hour => "{HH}",
            Self::Dataset => "{DATASET}",
            Self::Zone => "{ZONE}",
            Self::Job => "{JOB}",
        }
    }

    /// The time that a path with it tells apart.
    const fn boundary(self) -> Boundary {
        match self {
            Self::Year => Boundary::Year,
            Self::Month => Boundary::Month,
            Self::Date | Self::Day => Boundary::Day,
            Self::Hour => Boundary::Hour,
            Self::Dataset | Self::Zone | Self::Job => Boundary::None,
        }
    }

    /// Most bytes that it can stand for.
    const fn bytes_max(self) -> usize {
        match self {
            Self::Date => 8,
            // Instants end in the year 2262.
            Self::Year => 4,
            Self::Month | Self::Day | Self::Hour => 2,
            Self::Dataset => limits::DATASET_NAME_BYTES_MAX,
            Self::Zone => ZONE_NAME_BYTES_MAX,
            // The decimal digits of a `u64`.
            Self::Job => 20,
        }
    }

    fn value(self, values: &PathValues<'_>) -> String {
        let Civil { year, month, day, hour, .. } = Civil::from_unix(values.at);
        match self {
            Self::Date => time::day(values.at),
            Self::Year => format!("{year:04}"),
            Self::Month => format!("{month:02}"),
            Self::Day => format!("{day:02}"),
            Self::Hour => format!("{hour:02}"),
            Self::Dataset => as_word(values.dataset.unwrap_or("dataset")),
            Self::Zone => as_word(values.zone.unwrap_or("zone")),
            Self::Job => values.job.map_or_else(|| "job".to_owned(), |job| job.to_string()),
        }
    }
}

/// Longest name of a zone, in bytes: a DNS name (RFC 1035, section 2.3.4).
const ZONE_NAME_BYTES_MAX: usize = 253;

/// A name as part of a segment: what could end the segment, or climb out of it, is replaced.
fn as_word(name: &str) -> String {
    let kept = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' };
    let word: String = name.chars().take(ZONE_NAME_BYTES_MAX).map(kept).collect();
    if word.trim_matches('.').is_empty() { "_".to_owned() } else { word }
}

/// What the placeholders of a path stand for. Where a value is not known, as before there is a
/// job, the placeholder's name in lower case stands for it, so that the path keeps its shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PathValues<'v> {
    /// The instant that the placeholders of time name, in UTC.
    pub at: UnixNanos,
    /// The dataset's name.
    pub dataset: Option<&'v str>,
    /// The zone's name.
    pub zone: Option<&'v str>,
    /// The job.
    pub job: Option<JobId>,
}

/// The folder of a job's objects: a path without slashes at its ends, perhaps empty, perhaps with
/// placeholders.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct PathTemplate(String);

impl PathTemplate {
    /// Longest path in bytes, each placeholder as long as it can become: an S3 key has at most
    /// 1,024 bytes, and the object's name needs up to 120 of them.
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
        check_braces(path, &shown)?;
        let template = Self(path.to_owned());
        let bytes = template.bytes_max();
        if bytes > Self::BYTES_MAX {
            return Err(format!(
                "the path has {bytes} bytes, its placeholders filled in; at most {} are allowed",
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

    /// Whether the path has that placeholder.
    pub fn names(&self, placeholder: Placeholder) -> bool {
        self.0.contains(placeholder.text())
    }

    /// The smallest span of time that the path names: a batch lies within one.
    pub fn boundary(&self) -> Boundary {
        self.placeholders().map(Placeholder::boundary).max().unwrap_or_default()
    }

    /// The path with its placeholders filled in.
    pub fn resolve(&self, values: &PathValues<'_>) -> String {
        self.fill(|placeholder| placeholder.value(values))
    }

    /// The path with `*` in the place of each placeholder, as policies name resources. What else
    /// policies would read as a pattern is written as the character itself.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>
    pub(super) fn wildcards(&self) -> String {
        let literal = |c: char| match c {
            '*' | '?' | '$' => format!("${{{c}}}"),
            _ => c.to_string(),
        };
        let escaped = Self(self.0.chars().map(literal).collect());
        escaped.fill(|_| "*".to_owned())
    }

    /// What stands before the first placeholder, and for certain before all keys: a path without
    /// one ends with its slash.
    pub fn fixed_prefix(&self) -> String {
        match self.0.split_once('{') {
            Some((fixed, _)) => fixed.to_owned(),
            None if self.is_empty() => String::new(),
            None => format!("{}/", self.0),
        }
    }

    fn placeholders(&self) -> impl Iterator<Item = Placeholder> {
        Placeholder::ALL.into_iter().filter(|&placeholder| self.names(placeholder))
    }

    /// No value can hold a brace, so that replacing one placeholder never makes another.
    fn fill(&self, value: impl Fn(Placeholder) -> String) -> String {
        self.placeholders().fold(self.0.clone(), |path, placeholder| {
            path.replace(placeholder.text(), &value(placeholder))
        })
    }

    fn bytes_max(&self) -> usize {
        self.fill(|placeholder| "x".repeat(placeholder.bytes_max())).len()
    }
}

/// Braces stand around placeholders that are known, and nowhere else.
fn check_braces(path: &str, shown: &str) -> Result<(), String> {
    let known = || Placeholder::ALL.map(Placeholder::text);
    let mut rest = path;
    while let Some(open) = rest.find(['{', '}']) {
        rest = &rest[open..];
        if let Some(text) = known().into_iter().find(|text| rest.starts_with(text)) {
            rest = &rest[text.len()..];
            continue;
        }
        let name = rest.find('}').filter(|_| rest.starts_with('{')).map(|close| &rest[..=close]);
        return Err(match name {
            // Its text may be a secret that stands behind a forgotten `?`: a short one is a name.
            Some(name) if name.len() <= 12 && shown.contains(name) => format!(
                "the path `{shown}` has the placeholder `{name}`, which is not known{}; known are {}",
                did_you_mean(name, known()),
                listed(known())
            ),
            _ => format!(
                "the path `{shown}` has a brace that belongs to no placeholder; known are {}",
                listed(known())
            ),
        });
    }
    Ok(())
}

impl fmt::Display for PathTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
