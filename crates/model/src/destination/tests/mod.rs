//! What destination strings mean, what is refused, and that secrets stay hidden.

mod documentation;
mod meaning;
mod refusal;
mod secrets;

use super::*;

/// The example keys of Amazon's documentation; the secret holds all that URLs treat specially.
const KEYS: &str =
    "access-key-id=AKIAIOSFODNN7EXAMPLE&secret-access-key=wJalrXUtnFEMI/K7MDENG+bPx=";

#[track_caller]
fn parsed(text: &str) -> Destination {
    Destination::parse(text).unwrap_or_else(|issues| panic!("{text}: {issues:?}"))
}

/// Checks that exactly the findings are made that hold these texts, in their order.
#[track_caller]
fn refused(text: &str, expected: &[&str]) {
    let issues = Destination::parse(text).expect_err(text);
    let messages: Vec<&str> = issues.iter().map(|issue| issue.message.as_str()).collect();
    assert_eq!(messages.len(), expected.len(), "{text}: {messages:#?}");
    for (message, expected) in messages.iter().zip(expected) {
        assert!(message.contains(expected), "{text}: `{message}` lacks `{expected}`");
    }
    assert!(issues.iter().all(|issue| issue.pointer == "/destination_conf"));
}
