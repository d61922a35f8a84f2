//! Members that stand twice in an object. Parsers take one of them and drop the other without a word
//! (RFC 8259, section 4), so that who wrote both would be told that all is well.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use model::issue::{ISSUES_MAX, element, member};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// The JSON pointers, below `pointer`, of members of `json` that have the name of one before them
/// in their object. Where the text is no JSON, of those until then: its own parser tells the rest.
pub(super) fn named_twice(json: &[u8], pointer: &str) -> Vec<String> {
    let mut found = Vec::new();
    let look = Look { pointer: pointer.to_owned(), found: &mut found };
    let _ = look.deserialize(&mut serde_json::Deserializer::from_slice(json));
    found
}

/// Looks at a value and all that is in it.
struct Look<'f> {
    pointer: String,
    found: &'f mut Vec<String>,
}

impl<'de> DeserializeSeed<'de> for Look<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<(), D::Error> {
        value.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Look<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut names = HashSet::new();
        while let Some(name) = members.next_key::<Cow<'de, str>>()? {
            let pointer = member(&self.pointer, &name);
            if !names.insert(name) {
                self.found.push(pointer.clone());
            }
            if self.found.len() >= ISSUES_MAX {
                return Err(A::Error::custom("enough"));
            }
            members.next_value_seed(Look { pointer, found: self.found })?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let mut number = 0;
        while let Some(()) = elements.next_element_seed(Look {
            pointer: element(&self.pointer, number),
            found: self.found,
        })? {
            number += 1;
        }
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, expected: &[&str]) {
        assert_eq!(named_twice(json.as_bytes(), ""), expected, "{json}");
    }

    #[test]
    fn a_name_that_comes_again_is_found_at_any_depth() {
        check(r#"{"a":1,"b":[1,"a",null,true,-1.5]}"#, &[]);
        check(r#"{"a":{"x":1},"b":{"x":2},"c":[{"x":3},{"x":4}]}"#, &[]);
        check(r#"{"a":1,"b":2,"a":3,"a":4}"#, &["/a", "/a"]);
        check(r#"{"a":1,"\u0061":2}"#, &["/a"]);
        check(r#"{"o":[{},{"k/~":1,"k/~":{"z":1,"z":2}}]}"#, &["/o/1/k~1~0", "/o/1/k~1~0/z"]);
        check(r#"{"a":1,"a":2,"#, &["/a"]);
        check("", &[]);
    }

    #[test]
    fn no_more_is_found_than_anybody_mends_at_a_time() {
        let json = format!("{{{}\"a\":1}}", r#""a":1,"#.repeat(10_000));
        assert_eq!(named_twice(json.as_bytes(), "/x").len(), ISSUES_MAX);
        assert!(named_twice("[".repeat(100_000).as_bytes(), "").is_empty());
    }
}
