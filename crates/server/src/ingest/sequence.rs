//! Finding the elements of a JSON array, or of objects one after another, without building a tree.
//!
//! Only boundaries are found here: brackets are counted and strings skipped. Whether an element is
//! good JSON is the checker's question, so that one bad element does not spoil the others.

use memchr::memchr2;

/// The elements of a body, each without the whitespace around it.
#[derive(Debug)]
pub(super) struct Elements<'b> {
    body: &'b [u8],
    at: usize,
    number: u64,
    inside_array: bool,
    /// Whether an element has to come next: at the beginning and after a comma.
    after_comma: bool,
    done: bool,
}

/// An element and its number, counted from 1.
pub(super) type Element<'b> = (u64, &'b [u8]);

/// How a body of JSON holds its records.
#[derive(Debug)]
pub(super) enum Shape<'b> {
    /// A record a line.
    Lines,
    /// Elements of an array, or objects one after another.
    Elements(Elements<'b>),
}

impl<'b> Shape<'b> {
    /// Tells the shape by the first byte; where that is `{`, by whether the first line holds a
    /// whole object, and else whether the whole body holds whole objects.
    ///
    /// # Errors
    /// In words, what is wrong with a body that can hold no records.
    pub(super) fn of(body: &'b [u8]) -> Result<Self, String> {
        let start = skip_whitespace(body, 0);
        match body.get(start) {
            None => Ok(Self::Lines),
            Some(b'[') => Ok(Self::Elements(Elements::new(body, start + 1, true))),
            Some(b'{') => {
                let line_end =
                    memchr::memchr(b'\n', &body[start..]).map_or(body.len(), |at| start + at);
                let first = value_end(&body[..line_end], start);
                let alone =
                    first.is_some_and(|end| skip_whitespace(&body[..line_end], end) == line_end);
                let objects = || Elements::new(body, start, false);
                if alone || objects().any(|object| object.is_err()) {
                    return Ok(Self::Lines);
                }
                Ok(Self::Elements(objects()))
            }
            Some(_) => {
                Err("it begins with neither `[` nor `{`; send NDJSON as `application/x-ndjson`"
                    .to_owned())
            }
        }
    }
}

impl<'b> Elements<'b> {
    const fn new(body: &'b [u8], at: usize, inside_array: bool) -> Self {
        Self { body, at, number: 0, inside_array, after_comma: false, done: false }
    }

    fn step(&mut self) -> Result<Option<Element<'b>>, String> {
        self.at = skip_whitespace(self.body, self.at);
        let Some(&byte) = self.body.get(self.at) else {
            if self.inside_array {
                return Err(format!("the array ends after {} elements without `]`", self.number));
            }
            return Ok(None);
        };
        if self.inside_array && byte == b']' && !self.after_comma {
            let end = skip_whitespace(self.body, self.at + 1);
            if end < self.body.len() {
                return Err(format!("there is more after the array, at byte {end}"));
            }
            return Ok(None);
        }
        if matches!(byte, b',' | b']' | b'}') {
            let (at, found) = (self.at, char::from(byte));
            return Err(format!("expected an element at byte {at}, found `{found}`"));
        }
        let end = value_end(self.body, self.at)
            .ok_or_else(|| format!("the element that begins at byte {} is not whole", self.at))?;
        let element = &self.body[self.at..end];
        self.number += 1;
        self.at = if self.inside_array { self.after_element(end)? } else { end };
        Ok(Some((self.number, element)))
    }

    /// Where the next element may begin: behind a comma, or at the closing bracket.
    fn after_element(&mut self, end: usize) -> Result<usize, String> {
        let at = skip_whitespace(self.body, end);
        match self.body.get(at) {
            Some(b',') => {
                self.after_comma = true;
                Ok(at + 1)
            }
            Some(b']') | None => {
                self.after_comma = false;
                Ok(at)
            }
            Some(_) => Err(format!("expected `,` or `]` at byte {at}")),
        }
    }
}

impl<'b> Iterator for Elements<'b> {
    type Item = Result<Element<'b>, String>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let step = self.step();
        self.done = !matches!(step, Ok(Some(_)));
        step.transpose()
    }
}

fn skip_whitespace(body: &[u8], at: usize) -> usize {
    let rest = body.get(at..).unwrap_or_default();
    let blanks = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
    at + blanks.count()
}

/// The end of the value that begins at `start`; `None` where it is cut off or there is none.
fn value_end(body: &[u8], start: usize) -> Option<usize> {
    match body.get(start)? {
        b'{' | b'[' => container_end(body, start),
        b'"' => string_end(body, start),
        b',' | b']' | b'}' => None,
        _ => {
            let is_end = |b: &u8| matches!(b, b',' | b']' | b'}' | b' ' | b'\t' | b'\n' | b'\r');
            let length = body[start..].iter().position(is_end);
            Some(length.map_or(body.len(), |length| start + length))
        }
    }
}

fn container_end(body: &[u8], start: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = start;
    loop {
        match body.get(at)? {
            b'"' => {
                at = string_end(body, at)?;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
        at += 1;
    }
}

/// The end of the string whose opening quote stands at `start`.
fn string_end(body: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        at += memchr2(b'"', b'\\', body.get(at..)?)?;
        match body[at] {
            b'"' => return Some(at + 1),
            _ => at += 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::value::RawValue;

    use super::*;

    fn elements(body: &str) -> Result<Option<Vec<String>>, String> {
        match Shape::of(body.as_bytes())? {
            Shape::Lines => Ok(None),
            Shape::Elements(elements) => elements
                .map(|element| Ok(String::from_utf8_lossy(element?.1).into_owned()))
                .collect::<Result<_, String>>()
                .map(Some),
        }
    }

    #[track_caller]
    fn check(body: &str, expected: &[&str]) {
        let expected = expected.iter().map(|&text| text.to_owned()).collect();
        assert_eq!(elements(body), Ok(Some(expected)), "{body}");
    }

    #[test]
    fn elements_of_an_array_are_found() {
        check("[]", &[]);
        check(" [ \n] \n", &[]);
        check(r#"[{"a":"}]\""},{"b":[1,{}]}]"#, &[r#"{"a":"}]\""}"#, r#"{"b":[1,{}]}"#]);
        check(
            "[\n  {\n \"a\": 1\n},\n 5 , \"x\",null\n]\n",
            &["{\n \"a\": 1\n}", "5", "\"x\"", "null"],
        );
    }

    #[test]
    fn a_bad_element_does_not_spoil_the_others() {
        check(r#"[{"a":tru},{"b":1}]"#, &[r#"{"a":tru}"#, r#"{"b":1}"#]);
    }

    #[test]
    fn objects_are_found_one_after_another_and_over_several_lines() {
        check("{\n \"a\":1\n}", &["{\n \"a\":1\n}"]);
        check("{\"a\":1}{\"b\":2}", &["{\"a\":1}", "{\"b\":2}"]);
    }

    #[test]
    fn lines_stay_lines() {
        for body in ["", "  \n", "{\"a\":1}", "{\"a\":1}\n{\"b\":2}\n", "{\"a\":\n{\"b\":1}\n"] {
            assert_eq!(elements(body), Ok(None), "{body}");
        }
    }

    #[test]
    fn a_body_that_is_not_whole_is_refused_with_the_place() {
        for (body, expected) in [
            ("[{\"a\":1}", "without `]`"),
            ("[{\"a\":1},", "without `]`"),
            ("[{\"a\":1", "at byte 1 is not whole"),
            ("[1,]", "expected an element at byte 3, found `]`"),
            ("[,1]", "expected an element at byte 1, found `,`"),
            ("[}]", "expected an element at byte 1, found `}`"),
            ("[1 2]", "expected `,` or `]` at byte 3"),
            ("[] x", "more after the array, at byte 3"),
            ("hello", "neither `[` nor `{`"),
        ] {
            let error = elements(body).unwrap_err();
            assert!(error.contains(expected), "{body}: {error}");
        }
    }

    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i32>().prop_map(Into::into),
            "[a-z\"\\\\\\]}, {\\[\n]{0,8}".prop_map(Into::into),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
                prop::collection::hash_map("[a-z\"]{0,3}", inner, 0..4)
                    .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn elements_are_those_that_serde_json_finds(
            values in prop::collection::vec(json(), 0..5),
            pretty: bool,
        ) {
            let array = serde_json::Value::Array(values);
            let body =
                if pretty { format!("{array:#}") } else { array.to_string() };
            let raw: Vec<&RawValue> = serde_json::from_str(&body).unwrap();
            let expected: Vec<_> = raw.iter().map(|value| value.get().to_owned()).collect();
            prop_assert_eq!(elements(&body), Ok(Some(expected)));
        }

        #[test]
        fn no_bytes_make_it_panic(body in prop::collection::vec(
            prop::sample::select(b"[]{},:\"\\ \n1a\xff".to_vec()), 0..40)) {
            if let Ok(Shape::Elements(elements)) = Shape::of(&body) {
                for (_, element) in elements.map_while(Result::ok) {
                    prop_assert!(!element.is_empty());
                }
            }
        }
    }
}
