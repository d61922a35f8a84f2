//! The members of a JSON object in a request's body, read one by one, so that all that is wrong
//! with them is told at once.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};

use model::Issue;
use model::issue::{ISSUES_MAX, member};
use model::spelling::nearest;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::twice::named_twice;
use super::{ApiError, Code};

/// The members of an object, and what is wrong with them so far.
#[derive(Debug)]
pub(crate) struct Fields {
    members: BTreeMap<String, Box<RawValue>>,
    issues: Vec<Issue>,
}

/// What a member holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Given<T> {
    /// There is no such member.
    Absent,
    /// It is `null`.
    Null,
    /// A value.
    Value(T),
}

impl<T> Given<T> {
    /// The value turned into another, where there is one.
    pub(crate) fn map<U>(self, turn: impl FnOnce(T) -> U) -> Given<U> {
        match self {
            Self::Absent => Given::Absent,
            Self::Null => Given::Null,
            Self::Value(value) => Given::Value(turn(value)),
        }
    }

    /// The value, where there is one.
    pub(crate) fn value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    /// What is now, when it was `before`: absent leaves it, `null` makes it `unset`.
    pub(crate) fn or(self, before: T, unset: T) -> T {
        match self {
            Self::Absent => before,
            Self::Null => unset,
            Self::Value(value) => value,
        }
    }
}

impl Fields {
    /// The members of the object in `body`, which may have those of `known` only.
    pub(crate) fn parse(body: &[u8], known: &[&str]) -> Result<Self, ApiError> {
        let members: BTreeMap<String, Box<RawValue>> =
            serde_json::from_slice(body).map_err(|error| {
                let message = format!("the body is not a JSON object: {error}");
                ApiError::new(Code::BadRequest, message)
            })?;
        let unknown = members.keys().filter(|key| !known.contains(&key.as_str()));
        let unknown = unknown.take(ISSUES_MAX).map(|key| {
            let hint = match nearest(key, known.iter().copied()) {
                Some(near) => format!("; did you mean `{near}`?"),
                None => format!("; known are {}", known.join(", ")),
            };
            let shown: String = key.chars().take(64).collect();
            Issue::new(member("", &shown), format!("unknown key{hint}"))
        });
        Ok(Self { issues: unknown.chain(doubled(body, "")).collect(), members })
    }

    /// A text.
    pub(crate) fn text(&mut self, key: &str) -> Given<String> {
        self.read(key, "a string")
    }

    /// A text that holds JSON.
    pub(crate) fn json_text(&mut self, key: &str) -> Given<String> {
        let expected = "a string that holds the JSON, its quotes escaped by backslashes";
        let given: Given<String> = self.read(key, expected);
        if let Given::Value(text) = &given {
            self.issues.extend(doubled(text.as_bytes(), &member("", key)));
        }
        given
    }

    /// A text that has to be there and hold something; empty where it does not.
    pub(crate) fn required_text(&mut self, key: &str) -> String {
        match self.text(key) {
            Given::Value(text) if !text.is_empty() => text,
            _ => {
                self.refuse_missing(key, "is required");
                String::new()
            }
        }
    }

    /// `true` or `false`.
    pub(crate) fn flag(&mut self, key: &str) -> Given<bool> {
        self.read(key, "`true` or `false`")
    }

    /// A whole number that is not negative.
    pub(crate) fn count(&mut self, key: &str) -> Given<u64> {
        self.read(key, "a whole number")
    }

    /// Texts.
    pub(crate) fn texts(&mut self, key: &str) -> Given<Vec<String>> {
        self.read(key, "an array of strings")
    }

    /// An object, as it is written.
    pub(crate) fn object(&mut self, key: &str) -> Given<String> {
        match self.members.get(key).map(|value| value.get()) {
            None => Given::Absent,
            Some("null") => Given::Null,
            Some(text) if text.starts_with('{') => Given::Value(text.to_owned()),
            Some(other) => {
                let message = format!("expected an object, found {}", shown(other));
                self.refuse(key, message);
                Given::Absent
            }
        }
    }

    /// Adds a finding about the member.
    pub(crate) fn refuse(&mut self, key: &str, message: impl Into<String>) {
        self.issues.push(Issue::new(format!("/{key}"), message));
    }

    /// Adds the finding that the member is missing, unless it is there and was refused already.
    pub(crate) fn refuse_missing(&mut self, key: &str, message: impl Into<String>) {
        self.refuse_more(vec![Issue::new(member("", key), message)]);
    }

    /// Adds findings about values of which nothing is told yet: what was not read has a default,
    /// and there is no use in telling what is wrong with that.
    pub(crate) fn refuse_more(&mut self, issues: Vec<Issue>) {
        let told: HashSet<String> = self.issues.iter().map(|issue| issue.pointer.clone()).collect();
        self.issues.extend(issues.into_iter().filter(|issue| !told.contains(&issue.pointer)));
    }

    /// Adds findings.
    pub(crate) fn refuse_all(&mut self, issues: Vec<Issue>) {
        self.issues.extend(issues);
    }

    /// All findings, of which there is one at least.
    pub(crate) fn into_error(self) -> ApiError {
        self.issues.into()
    }

    /// All findings, or that there is none.
    pub(crate) fn finish(self) -> Result<(), ApiError> {
        if self.issues.is_empty() { Ok(()) } else { Err(self.issues.into()) }
    }

    fn read<T: DeserializeOwned>(&mut self, key: &str, expected: &str) -> Given<T> {
        let Some(raw) = self.members.get(key) else { return Given::Absent };
        if raw.get() == "null" {
            return Given::Null;
        }
        match serde_json::from_str(raw.get()) {
            Ok(value) => Given::Value(value),
            Err(_) => {
                let message = format!("expected {expected}, found {}", shown(raw.get()));
                self.refuse(key, message);
                Given::Absent
            }
        }
    }
}

/// Findings about members that stand twice in an object of `json`, which is the value at `pointer`.
fn doubled(json: &[u8], pointer: &str) -> impl Iterator<Item = Issue> {
    let pointers = named_twice(json, pointer).into_iter();
    pointers.map(|pointer| Issue::new(pointer, "stands twice in its object: which one counts?"))
}

/// What a value is, in words. A text, which may be a secret, is not repeated.
fn shown(raw: &str) -> Cow<'_, str> {
    const SHOWN_BYTES_MAX: usize = 40;
    Cow::Borrowed(match raw.as_bytes().first() {
        Some(b'"') if serde_json::from_str::<String>(raw).is_err() => {
            "a string with half a surrogate pair"
        }
        Some(b'"') => "a string",
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        _ if raw.len() > SHOWN_BYTES_MAX => "a number",
        _ => return Cow::Owned(format!("`{raw}`")),
    })
}
