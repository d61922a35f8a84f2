//! The examples of `testdata/output/`: each folder has options, records, and the object that they
//! become, byte for byte, for readers of the documentation and for programs in other languages.

use std::fs;
use std::path::Path;

use super::*;

/// Options that do not show in the object before it is compressed, or that allow one value only.
const WITHOUT_EXAMPLE: [&str; 2] = ["compression", "merge_subrequests"];

fn examples() -> Vec<(String, Value, String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/output");
    let read = |path: &Path| {
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let mut examples: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let options = serde_json::from_str(&read(&entry.path().join("options.json"))).unwrap();
            let records = read(&entry.path().join("records.ndjson"));
            let object = read(&entry.path().join("object.txt"));
            (entry.file_name().into_string().unwrap(), options, records, object)
        })
        .collect();
    examples.sort_by(|one, other| one.0.cmp(&other.0));
    examples
}

#[test]
fn every_example_comes_out_byte_for_byte() {
    for (name, options, records, expected) in examples() {
        let records: Vec<&str> = records.lines().collect();
        assert_eq!(object(&options, &records), expected, "{name}");
    }
}

#[test]
fn every_option_has_an_example() {
    let examples = examples();
    let unknown = parse(&json!({ "?": 1 })).unwrap_err();
    let known = unknown[0].message.split("known are ").nth(1).unwrap().split(", ");
    let missing: Vec<&str> = known
        .map(|option| option.trim_matches('`'))
        .filter(|option| !WITHOUT_EXAMPLE.contains(option))
        .filter(|option| !examples.iter().any(|(_, options, ..)| options.get(option).is_some()))
        .collect();
    assert!(missing.is_empty(), "no example in testdata/output/ has {missing:?}");
}
