//! The examples of `testdata/output/`: each folder has records, the object that they become, byte
//! for byte, and what a job says: `options.json` has its output options, `job.json` all that decides
//! what it pushes. They are for readers of the documentation and for programs in other languages.
//! The records stand in the first frame of the first partition, which decides what is sampled.

use std::fs;
use std::path::Path;

use super::*;

/// Options that do not show in the object before it is compressed.
const WITHOUT_EXAMPLE: [&str; 1] = ["compression"];

struct Example {
    name: String,
    job: Value,
    records: String,
    object: String,
}

fn examples() -> Vec<Example> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/output");
    let read = |path: &Path| {
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let example = |path: &Path| {
        let json = |name: &str| -> Option<Value> {
            let path = path.join(name);
            path.exists().then(|| serde_json::from_str(&read(&path)).unwrap())
        };
        let options = json("options.json").map(|options| json!({ "output_options": options }));
        Example {
            name: path.file_name().unwrap().to_str().unwrap().to_owned(),
            job: options.or_else(|| json("job.json")).unwrap(),
            records: read(&path.join("records.ndjson")),
            object: read(&path.join("object.txt")),
        }
    };
    let mut examples: Vec<_> =
        fs::read_dir(&folder).unwrap().map(|entry| example(&entry.unwrap().path())).collect();
    examples.sort_by(|one, other| one.name.cmp(&other.name));
    examples
}

fn spec(job: &Value) -> JobSpec {
    let text = |name: &str| job[name].as_str().unwrap_or_default().to_owned();
    let options = &job["output_options"];
    JobSpec {
        dataset: job["dataset"].as_str().unwrap_or("http_requests").to_owned(),
        output_options: (!options.is_null()).then(|| options.to_string()),
        logpull_options: text("logpull_options"),
        filter: text("filter"),
        filter_attack_traffic: job["filter_attack_traffic"] == true,
        ..JobSpec::default()
    }
}

#[test]
fn every_example_comes_out_byte_for_byte() {
    for Example { name, job, records, object } in examples() {
        let records: Vec<&str> = records.lines().collect();
        assert_eq!(pushed(&spec(&job), &records).0, object, "{name}");
    }
}

#[test]
fn every_option_has_an_example() {
    let examples = examples();
    let has = |option: &&str| {
        examples.iter().any(|example| example.job["output_options"].get(*option).is_some())
    };
    let missing: Vec<&str> = OPTION_NAMES
        .into_iter()
        .filter(|option| !WITHOUT_EXAMPLE.contains(option) && !has(option))
        .collect();
    assert!(missing.is_empty(), "no example in testdata/output/ has {missing:?}");
    for member in ["logpull_options", "filter", "filter_attack_traffic"] {
        let has = examples.iter().any(|example| example.job.get(member).is_some());
        assert!(has, "no example in testdata/output/ has `{member}`");
    }
}
