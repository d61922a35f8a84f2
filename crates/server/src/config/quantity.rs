//! Sizes, durations, numbers and lists as people write them, in TOML or in a variable.
//!
//! A variable is always text, so each of these is read from text as well as from its own TOML
//! type.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;
use std::time::Duration;

use serde::de::{Deserializer, Error, SeqAccess, Unexpected, Visitor};

/// A number of bytes: `67108864`, `"64MiB"`, `"1.5 GB"` is not one (whole numbers only).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ByteSize(pub(super) u64);

const BYTES_EXPECTED: &str = "a size such as `64MiB` or a number of bytes";

/// Units by name, the longest first of those that end alike.
const BYTE_UNITS: [(&str, u64); 9] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("B", 1),
];

impl FromStr for ByteSize {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let unit =
            BYTE_UNITS.iter().find_map(|(name, bytes)| Some((strip_unit(text, name)?, bytes)));
        let (number, bytes) = unit.unwrap_or((text, &1));
        let number: u64 = whole_number(number)?;
        number.checked_mul(*bytes).map(Self).ok_or(())
    }
}

/// As a person would write it: in the largest binary unit that leaves no rest.
impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = BYTE_UNITS.iter().filter(|(name, _)| name.ends_with("iB"));
        for (name, bytes) in units.filter(|_| self.0 > 0) {
            if self.0.is_multiple_of(*bytes) {
                return write!(f, "{}{name}", self.0 / bytes);
            }
        }
        write!(f, "{} bytes", self.0)
    }
}

/// A duration: `"500ms"`, `"30s"`, `"5m"`, `"12h"`, `"7d"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Period(pub(super) Duration);

const PERIOD_EXPECTED: &str = "a duration such as `500ms`, `30s`, `5m`, `12h` or `7d`";

const PERIOD_UNITS: [(&str, u64); 5] =
    [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

impl FromStr for Period {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (number, millis) = PERIOD_UNITS
            .iter()
            .find_map(|(name, millis)| Some((strip_unit(text, name)?, millis)))
            .ok_or(())?;
        let number: u64 = whole_number(number)?;
        number.checked_mul(*millis).map(|millis| Self(Duration::from_millis(millis))).ok_or(())
    }
}

/// As a person would write it: in the largest unit that leaves no rest.
impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_millis();
        for (name, each) in PERIOD_UNITS.iter().rev().filter(|_| millis > 0) {
            let each = u128::from(*each);
            if millis.is_multiple_of(each) {
                return write!(f, "{}{name}", millis / each);
            }
        }
        write!(f, "{millis}ms")
    }
}

/// A whole number, bare or as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Count(pub(super) u64);

const COUNT_EXPECTED: &str = "a whole number";

impl FromStr for Count {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        whole_number(text).map(Self)
    }
}

/// `auto`, or a whole number, bare or as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AutoOr {
    Auto,
    Number(u64),
}

const AUTO_OR_EXPECTED: &str = "`auto` or a whole number";

impl FromStr for AutoOr {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if text == "auto" { Ok(Self::Auto) } else { whole_number(text).map(Self::Number) }
    }
}

/// `true` or `false`, bare or as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Flag(pub(super) bool);

const FLAG_EXPECTED: &str = "`true` or `false`";

impl FromStr for Flag {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        text.parse().map(Self).map_err(drop)
    }
}

/// Texts: an array, or one text with commas between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct List(pub(super) Vec<String>);

fn whole_number<T: FromStr>(text: &str) -> Result<T, ()> {
    let digits = text.trim();
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    if plain { digits.parse().map_err(drop) } else { Err(()) }
}

/// The number before the unit `name`, letter case aside, where `text` ends with it.
fn strip_unit<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let text = text.trim();
    let at = text.len().checked_sub(name.len())?;
    let (number, unit) = text.split_at_checked(at)?;
    let is_number = number.trim_end().ends_with(|c: char| c.is_ascii_digit());
    (is_number && unit.eq_ignore_ascii_case(name)).then_some(number)
}

/// Reads `T` from text or, where `bare` says how, from a number or a bool.
struct Quantity<T, F> {
    expected: &'static str,
    bare: F,
    read: PhantomData<T>,
}

/// A value of TOML that is no text.
enum Bare {
    Number(u64),
    Bool(bool),
}

impl<T: FromStr, F: Fn(Bare) -> Option<T>> Visitor<'_> for Quantity<T, F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
        let refused = || E::invalid_type(Unexpected::Unsigned(number), &self);
        (self.bare)(Bare::Number(number)).ok_or_else(refused)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
        match u64::try_from(number) {
            Ok(number) => self.visit_u64(number),
            Err(_) => Err(E::invalid_value(Unexpected::Signed(number), &self)),
        }
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<T, E> {
        (self.bare)(Bare::Bool(flag)).ok_or_else(|| E::invalid_type(Unexpected::Bool(flag), &self))
    }
}

macro_rules! deserialize_quantity {
    ($name:ident, $expected:expr, $bare:expr) => {
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let read = PhantomData::<Self>;
                deserializer.deserialize_any(Quantity { expected: $expected, bare: $bare, read })
            }
        }
    };
}

deserialize_quantity!(ByteSize, BYTES_EXPECTED, |bare| match bare {
    Bare::Number(bytes) => Some(Self(bytes)),
    Bare::Bool(_) => None,
});
deserialize_quantity!(Count, COUNT_EXPECTED, |bare| match bare {
    Bare::Number(count) => Some(Self(count)),
    Bare::Bool(_) => None,
});
deserialize_quantity!(AutoOr, AUTO_OR_EXPECTED, |bare| match bare {
    Bare::Number(number) => Some(Self::Number(number)),
    Bare::Bool(_) => None,
});
deserialize_quantity!(Flag, FLAG_EXPECTED, |bare| match bare {
    Bare::Bool(flag) => Some(Self(flag)),
    Bare::Number(_) => None,
});
// A number without its unit would be a riddle.
deserialize_quantity!(Period, PERIOD_EXPECTED, |_| None);

impl<'de> serde::Deserialize<'de> for List {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Texts;

        impl<'de> Visitor<'de> for Texts {
            type Value = List;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of texts, or one text with commas between them")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<List, E> {
                let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
                Ok(List(items.map(str::to_owned).collect()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<List, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = items.next_element()? {
                    texts.push(text);
                }
                Ok(List(texts))
            }
        }

        deserializer.deserialize_any(Texts)
    }
}
