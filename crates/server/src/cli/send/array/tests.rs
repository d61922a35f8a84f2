//! The splitter against serde_json, and its errors one by one.

use std::io::BufReader;

use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn split(input: &[u8], buffer: usize) -> Result<Vec<String>, CutError> {
    let mut elements = ArrayElements::new(BufReader::with_capacity(buffer, input));
    let mut all = Vec::new();
    loop {
        let mut line = Vec::new();
        if !elements.next_line(&mut line)? {
            return Ok(all);
        }
        all.push(String::from_utf8(line).unwrap());
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<i16>().prop_map(|eighths| Value::from(f64::from(eighths) / 8.0)),
        any::<String>().prop_map(Value::from),
        "[\\[\\]{}\",\\\\\n \u{e9}]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn every_array_comes_apart_into_its_elements(
        elements in prop::collection::vec(any_json(), 0..6),
        pretty in any::<bool>(),
        buffer in 1_usize..40,
    ) {
        let array = Value::from(elements.clone());
        let text = if pretty { format!("\u{feff}\r\n{array:#}\n ") } else { array.to_string() };
        // A byte order mark is only looked for where a whole one is at hand.
        let buffer = if pretty { buffer + 2 } else { buffer };
        let lines = split(text.as_bytes(), buffer).unwrap();
        prop_assert_eq!(lines.len(), elements.len());
        for (line, element) in lines.iter().zip(&elements) {
            prop_assert_eq!(line.matches(['\n', '\r']).count(), 1);
            let parsed: Value = serde_json::from_str(line).unwrap();
            prop_assert_eq!(&parsed, element);
            if !pretty {
                prop_assert_eq!(line.trim_end(), element.to_string());
            }
        }
    }

    #[test]
    fn no_input_makes_it_panic(input in "[\\[\\]{}\",\\\\0-9a \n]{0,40}", buffer in 1_usize..9) {
        let once = split(input.as_bytes(), buffer).map_err(|error| error.to_string());
        let whole = split(input.as_bytes(), 1 << 16).map_err(|error| error.to_string());
        prop_assert_eq!(&once, &whole);
        if serde_json::from_str::<Vec<Value>>(&input).is_ok() {
            prop_assert!(once.is_ok());
        }
    }
}

#[test]
fn bytes_of_elements_stay_as_they_are() {
    let lines = split(br#"[ {"a" : 1e5,"b":"x\u0041\"]" } , -0.0,"t", [ ] ]"#, 7).unwrap();
    assert_eq!(lines, ["{\"a\" : 1e5,\"b\":\"x\\u0041\\\"]\" }\n", "-0.0\n", "\"t\"\n", "[ ]\n"]);
}

#[test]
fn line_breaks_between_tokens_become_one_space() {
    let lines = split(b"[\n  {\n    \"a\": 1,\r\n\t\"b\":  2\n  }\n]\n", 5).unwrap();
    assert_eq!(lines, ["{ \"a\": 1, \"b\":  2 }\n"]);
    // Two numbers do not become one good one.
    assert_eq!(split(b"[{\"a\":1\n2}]", 64).unwrap(), ["{\"a\":1 2}\n"]);
}

#[test]
fn an_element_that_is_bad_json_is_left_to_the_service() {
    assert_eq!(split(b"[{nonsense},{\"a\":1]]", 64).unwrap(), ["{nonsense}\n", "{\"a\":1]\n"]);
}

#[test]
fn what_is_not_an_array_is_refused_with_its_place() {
    for (input, expected) in [
        ("", "the input is empty at byte 0"),
        ("  ", "the input is empty at byte 2"),
        ("{}", "no `[` at byte 0"),
        ("[", "the input ends before the array does at byte 1"),
        ("[{}", "the input ends before the array does at byte 3"),
        ("[{},", "the input ends before the array does at byte 4"),
        ("[{\"a\":1", "the input ends within an element at byte 7"),
        ("[,]", "a comma without an element at byte 1"),
        ("[{},]", "a comma without an element at byte 4"),
        ("[{}{}]", "no comma after an element at byte 3"),
        ("[1 2]", "no comma after an element at byte 3"),
        ("[] x", "more after the array's end at byte 3"),
        ("[{\"a\":\"x\ny\"}]", "a line break within a string at byte 8"),
    ] {
        let error = split(input.as_bytes(), 4).unwrap_err().to_string();
        assert_eq!(error, format!("not a JSON array: {expected}"), "{input}");
    }
}

#[test]
fn an_element_without_end_is_refused() {
    let mut input = b"[{}, \"".to_vec();
    input.resize(LINE_BYTES_MAX + 100_000, b'x');
    let error = split(&input, 1 << 16).unwrap_err().to_string();
    assert!(error.starts_with("element 2 of the array is longer"), "{error}");
}
