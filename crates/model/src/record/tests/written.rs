//! Strategies for records: JSON as others may write it, and the same with damage.

use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Whitespace between tokens: mostly none.
fn whitespace() -> impl Strategy<Value = String> {
    prop_oneof![8 => Just(String::new()), 1 => "[ \t\r\n]{1,3}"]
}

/// The text of a JSON string, with brackets, escapes and text beyond ASCII in it.
fn string() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => "[ -!#-\\[\\]-~]{0,12}",
        1 => "\\\\[\"\\\\/bfnrt]",
        1 => "\\\\u[0-9a-fA-D][0-9a-fA-F]{3}",
        1 => select(vec!["é", "€", "😀", "\u{7f}", "}", "]", ",", ":"]).prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..4).prop_map(|pieces| format!("\"{}\"", pieces.concat()))
}

fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "-?(0|[1-9][0-9]{0,3})",
        1 => "-?(0|[1-9][0-9]{0,40})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,4})?",
    ]
}

fn scalar() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => string(),
        3 => number(),
        1 => select(vec!["true", "false", "null"]).prop_map(str::to_owned),
        1 => select(vec!["1506702504", "\"2017-09-29T15:48:24Z\"", "1506702504.433", "\"now\""])
            .prop_map(str::to_owned),
    ]
}

fn array(element: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    (prop::collection::vec(spaced(element), 0..4), whitespace()).prop_map(|(elements, space)| {
        if elements.is_empty() { format!("[{space}]") } else { format!("[{}]", elements.join(",")) }
    })
}

fn spaced(value: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    (whitespace(), value, whitespace()).prop_map(|(before, value, after)| before + &value + &after)
}

fn object(
    key: impl Strategy<Value = String>,
    value: impl Strategy<Value = String>,
    members: usize,
) -> impl Strategy<Value = String> {
    let member = (spaced(key), spaced(value)).prop_map(|(key, value)| format!("{key}:{value}"));
    (prop::collection::vec(member, 0..members), whitespace()).prop_map(|(members, space)| {
        if members.is_empty() {
            format!("{{{space}}}")
        } else {
            format!("{{{}}}", members.join(","))
        }
    })
}

fn value() -> impl Strategy<Value = String> {
    scalar().prop_recursive(3, 12, 4, |inner| {
        prop_oneof![array(inner.clone()), object(string(), inner, 4)]
    })
}

/// A key: a field's name, the same with an escape in it, or another.
fn key(names: Vec<String>) -> impl Strategy<Value = String> {
    prop_oneof![
        8 => select(names.clone()).prop_map(|name| format!("\"{name}\"")),
        1 => (select(names), any::<Index>()).prop_map(|(name, at)| {
            let (before, rest) = name.split_at(at.index(name.len()));
            let (letter, after) = rest.split_at(1);
            format!("\"{before}\\u{:04x}{after}\"", letter.as_bytes()[0])
        }),
        1 => string(),
    ]
}

/// A record whose keys are mostly those of the fields named.
pub(super) fn record(names: Vec<String>) -> impl Strategy<Value = String> {
    spaced(object(key(names), value(), 9))
}

/// A record with a few bytes changed, left out, put in or cut off.
pub(super) fn damaged_record(names: Vec<String>) -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        4 => select(b"{}[]\",:\\/0123456789-+.eEtrufalsn \t\r\n\x00\x1f\x7f".to_vec()),
        1 => any::<u8>(),
    ];
    let damage = (0..4_u8, any::<Index>(), byte);
    (record(names), prop::collection::vec(damage, 1..3)).prop_map(|(record, damages)| {
        let mut bytes = record.into_bytes();
        for (kind, at, byte) in damages {
            let at = at.index(bytes.len().max(1));
            match kind {
                _ if bytes.is_empty() => {}
                0 => bytes[at] = byte,
                1 => drop(bytes.remove(at)),
                2 => bytes.insert(at, byte),
                _ => bytes.truncate(at),
            }
        }
        bytes
    })
}
