//! What is wrong with a job: one finding of its validation.
//!
//! Validation collects every finding of a job before it answers, so that a customer mends all of
//! them at once. A message tells the value, what is allowed, and the nearest known name. It never
//! holds a secret.

use crate::spelling::nearest;

/// Findings of one kind after which no more are looked for: each costs a search for the name that
/// was meant, and nobody mends more at a time.
pub const ISSUES_MAX: usize = 100;

/// One thing to mend in a job.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{pointer}`: {message}")]
pub struct Issue {
    /// The JSON pointer (RFC 6901) of the value within the job, such as
    /// `/output_options/field_names/3`. Pointers go on inside `filter`, which is JSON in a string:
    /// `/filter/where/and/0/key`.
    pub pointer: String,
    /// What is wrong with the value and what is allowed: lower-case, no full stop.
    pub message: String,
}

impl Issue {
    /// A finding about the value at `pointer`.
    pub fn new(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), message: message.into() }
    }
}

/// The pointer of the member `key` of the object at `pointer`.
pub fn member(pointer: &str, key: &str) -> String {
    format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// The pointer of the element `index` of the array at `pointer`.
pub fn element(pointer: &str, index: usize) -> String {
    format!("{pointer}/{index}")
}

/// The names as a list for a message: `` `a`, `b`, `c` ``.
pub(crate) fn listed<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// A hint at the known name that is nearest to `name`: `` (did you mean `x`?)`` behind a space, or
/// nothing where none is near.
pub(crate) fn did_you_mean<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> String {
    nearest(name, known).map_or_else(String::new, |near| format!(" (did you mean `{near}`?)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_are_escaped() {
        assert_eq!(member("/output_options", "a/b~c"), "/output_options/a~1b~0c");
        assert_eq!(element("/filter/where/and", 3), "/filter/where/and/3");
    }
}
