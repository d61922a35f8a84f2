//! What is joined, and what a merged record looks like.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::limits::SUBREQUESTS_MAX;
use crate::output::tests::pushed;
use crate::{Datasets, ElementType, FieldType, JobSpec};

fn spec(more: &Value) -> JobSpec {
    let mut options = json!({ "field_names": ["RayID"], "merge_subrequests": true });
    options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    JobSpec {
        dataset: DATASET.to_owned(),
        output_options: Some(options.to_string()),
        ..JobSpec::default()
    }
}

/// The line of a record with that id and cause.
fn line(own: &str, parent: &str) -> String {
    json!({ "RayID": own, "ParentRayID": parent }).to_string()
}

/// What becomes of records with these ids and causes: the ids of each that comes out, its own and
/// those of its subrequests.
fn joined(records: &[(&str, &str)]) -> Vec<Vec<String>> {
    let lines: Vec<String> = records.iter().map(|(own, parent)| line(own, parent)).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let (object, records) = pushed(&spec(&json!({})), &lines);
    assert_eq!(object.lines().count(), records);
    object.lines().map(ids).collect()
}

fn ids(line: &str) -> Vec<String> {
    let record: Value = serde_json::from_str(line).unwrap();
    let id = |record: &Value| record["RayID"].as_str().unwrap().to_owned();
    let subrequests = record["Subrequests"].as_array().unwrap();
    std::iter::once(&record).chain(subrequests).map(id).collect()
}

#[track_caller]
fn check(records: &[(&str, &str)], expected: &[&[&str]]) {
    assert_eq!(joined(records), expected, "{records:?}");
}

#[test]
fn subrequests_are_joined_to_the_request_that_caused_them() {
    check(&[], &[]);
    check(&[("a", "00")], &[&["a"]]);
    check(&[("a", "00"), ("b", "a")], &[&["a", "b"]]);
    check(&[("b", "a"), ("a", ""), ("c", "a")], &[&["a", "b", "c"]]);
    check(
        &[("a", "00"), ("b", "00"), ("c", "b"), ("d", "a"), ("e", "b"), ("f", "00")],
        &[&["a", "d"], &["b", "c", "e"], &["f"]],
    );
}

#[test]
fn one_whose_request_is_not_there_stays_as_it_is() {
    check(&[("b", "a"), ("c", "00")], &[&["b"], &["c"]]);
    check(&[("b", "A"), ("a", "00")], &[&["b"], &["a"]]);
    check(&[("00", "00"), ("a", "00")], &[&["00"], &["a"]]);
}

#[test]
fn what_subrequests_cause_is_joined_to_the_first_request() {
    check(&[("a", "00"), ("b", "a"), ("c", "b"), ("d", "c")], &[&["a", "b", "c", "d"]]);
    check(&[("d", "c"), ("c", "b"), ("b", "a")], &[&["b", "d", "c"]]);
}

#[test]
fn of_several_requests_with_one_id_the_first_is_meant() {
    check(&[("a", "00"), ("a", "00"), ("b", "a")], &[&["a", "b"], &["a"]]);
    // One that has the id of its cause is not its own cause.
    check(&[("a", "a"), ("a", "00"), ("b", "a")], &[&["a", "a", "b"]]);
}

#[test]
fn causes_that_go_in_circles_join_nothing() {
    check(&[("a", "a")], &[&["a"]]);
    check(&[("a", "a"), ("b", "a")], &[&["a"], &["b"]]);
    check(
        &[("a", "b"), ("b", "a"), ("c", "b"), ("d", "00"), ("e", "d")],
        &[&["a"], &["b"], &["c"], &["d", "e"]],
    );
}

#[test]
fn a_request_takes_so_many_and_no_more() {
    let names: Vec<String> = (0..SUBREQUESTS_MAX + 2).map(|number| format!("s{number}")).collect();
    let mut records: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "a")).collect();
    records.insert(7, ("a", "00"));
    let found = joined(&records);
    let mut first = vec!["a".to_owned()];
    first.extend_from_slice(&names[..SUBREQUESTS_MAX]);
    let rest = names[SUBREQUESTS_MAX..].iter().map(|name| vec![name.clone()]);
    let expected: Vec<Vec<String>> = std::iter::once(first).chain(rest).collect();
    assert_eq!(found, expected);
}

#[test]
fn ids_are_compared_by_what_they_mean() {
    let lines = [r#"{"RayID":"a\u002f1"}"#, r#"{"\u0050arentRayID":"\u0061\/1","RayID":"b"}"#];
    let (object, _) = pushed(&spec(&json!({})), &lines);
    assert_eq!(object, "{\"RayID\":\"a\\u002f1\",\"Subrequests\":[{\"RayID\":\"b\"}]}\n");
}

#[test]
fn what_has_no_id_is_left_alone() {
    let lines = [
        "{}",
        " { } ",
        r#"{"RayID":null,"ParentRayID":null}"#,
        r#"{"RayID":""}"#,
        r#"{"ParentRayID":""}"#,
    ];
    let (object, records) = pushed(&spec(&json!({})), &lines);
    assert_eq!(records, lines.len());
    let ids = ["null", "null", "null", "\"\"", "null"];
    let expected = ids.map(|id| format!("{{\"RayID\":{id},\"Subrequests\":[]}}\n")).concat();
    assert_eq!(object, expected);
}

#[test]
fn subrequests_that_a_record_came_with_stay_as_they_are() {
    let lines = [
        r#"{"Subrequests":[1],"RayID":"a","Subrequests":[ {"x" : "y"} , {} ]}"#,
        r#"{"RayID":"b","ParentRayID":"a","Subrequests":[]}"#,
        r#"{"RayID":"c","ParentRayID":"b","Subrequests":[{"RayID":"d"}]}"#,
        r#"{"RayID":"e","ParentRayID":"a","Subrequests":null}"#,
        r#"{"RayID":"f","Subrequests":[{"RayID":"g"}]}"#,
        r#"{"RayID":"h","ParentRayID":"i"}"#,
        r#"{"RayID":"i","Subrequests":[ ]}"#,
    ];
    let (object, _) = pushed(&spec(&json!({})), &lines);
    let expected = concat!(
        r#"{"RayID":"a","Subrequests":[{"x" : "y"} , {},{"RayID":"b"},{"RayID":"c"},{"RayID":"d"},{"RayID":"e"}]}"#,
        "\n",
        r#"{"RayID":"f","Subrequests":[{"RayID":"g"}]}"#,
        "\n",
        r#"{"RayID":"i","Subrequests":[{"RayID":"h"}]}"#,
        "\n",
    );
    assert_eq!(object, expected);
    // Where nothing is merged they are a field like any other.
    let as_they_are = json!({ "field_names": ["Subrequests"], "merge_subrequests": false });
    let (object, _) = pushed(&spec(&as_they_are), &lines[..3]);
    assert_eq!(
        object,
        "{\"Subrequests\":[ {\"x\" : \"y\"} , {} ]}\n{\"Subrequests\":[]}\n{\"Subrequests\":[{\"RayID\":\"d\"}]}\n"
    );
}

const FAMILY: [&str; 3] = [
    r#"{"RayID":"a","ParentRayID":"00","EdgeResponseStatus":200,"ClientIP":"${x","EdgeStartTimestamp":1506702504433000200}"#,
    r#"{"RayID":"b","ParentRayID":"a","EdgeResponseStatus":503,"ClientIP":"$\u007by","EdgeStartTimestamp":"2017-09-29T16:28:24.4Z"}"#,
    r#"{"RayID":"c","ParentRayID":"00","EdgeResponseStatus":404,"ClientIP":"z\""}"#,
];

#[test]
fn subrequests_have_the_fields_of_the_job_in_its_form() {
    let options = json!({
        "field_names": ["EdgeStartTimestamp", "Subrequests", "ClientIP"],
        "timestamp_format": "rfc3339", "field_delimiter": " ; ",
    });
    let (object, _) = pushed(&spec(&options), &FAMILY);
    let expected = concat!(
        r#"{"EdgeStartTimestamp":"2017-09-29T16:28:24Z" ; "Subrequests":[{"EdgeStartTimestamp":"2017-09-29T16:28:24Z","ClientIP":"$\u007by"}] ; "ClientIP":"${x"}"#,
        "\n",
        r#"{"EdgeStartTimestamp":null ; "Subrequests":[] ; "ClientIP":"z\""}"#,
        "\n",
    );
    assert_eq!(object, expected);
}

#[test]
fn in_csv_subrequests_are_quoted_json() {
    let options = json!({ "field_names": ["RayID", "ClientIP"], "output_type": "csv" });
    let (object, _) = pushed(&spec(&options), &FAMILY);
    let expected = concat!(
        r#""a","${x","[{""RayID"":""b"",""ClientIP"":""$\u007by""}]""#,
        "\n",
        r#""c","z""","[]""#,
        "\n",
    );
    assert_eq!(object, expected);
}

#[test]
fn a_template_places_subrequests() {
    let options = json!({
        "field_names": ["RayID", "EdgeResponseStatus"],
        "record_template": r#""id":{{.RayID}},"by":{{.Subrequests}}"#,
    });
    let (object, _) = pushed(&spec(&options), &FAMILY);
    let expected = concat!(
        r#"{"id":"a","by":[{"RayID":"b","EdgeResponseStatus":503}]}"#,
        "\n",
        r#"{"id":"c","by":[]}"#,
        "\n",
    );
    assert_eq!(object, expected);
}

#[test]
fn lookups_are_redacted_in_subrequests_as_well() {
    for (output_type, quote) in [("ndjson", "\""), ("csv", "\"\"")] {
        let options = json!({ "field_names": ["ClientIP"], "CVE-2021-44228": true, "output_type": output_type });
        let (object, _) = pushed(&spec(&options), &FAMILY);
        assert!(object.contains("x{x"), "{object}");
        assert!(object.contains(&format!("{quote}x\\u007by{quote}")), "{object}");
    }
}

#[test]
fn filter_and_sample_look_at_the_request_and_subrequests_go_with_it() {
    let pass = |filter: &str| {
        let spec = JobSpec { filter: filter.to_owned(), ..spec(&json!({})) };
        pushed(&spec, &FAMILY).0.lines().map(ids).collect::<Vec<_>>()
    };
    let status = |operator: &str, status: u16| {
        json!({"where": {"key": "EdgeResponseStatus", "operator": operator, "value": status}})
            .to_string()
    };
    assert_eq!(pass(&status("eq", 200)), [["a", "b"]]);
    // A subrequest that would pass is left out with its request.
    assert!(pass(&status("eq", 503)).is_empty());
    assert_eq!(pass(&status("eq", 404)), [["c"]]);

    let lines: Vec<String> = (0..400)
        .map(|n| {
            line(&n.to_string(), &if n % 2 == 0 { "00".to_owned() } else { (n - 1).to_string() })
        })
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let sampled = |merges: bool| -> Vec<String> {
        let options = json!({ "sample_rate": 0.5, "merge_subrequests": merges });
        let (object, _) = pushed(&spec(&options), &lines);
        let first_id = |line: &str| -> String {
            let record: Value = serde_json::from_str(line).unwrap();
            record["RayID"].as_str().unwrap().to_owned()
        };
        object.lines().map(first_id).filter(|id| id.parse::<u32>().unwrap() % 2 == 0).collect()
    };
    // The place of the request in the frame decides, as it does where nothing is merged.
    assert_eq!(sampled(true), sampled(false));
    assert!((50..150).contains(&sampled(true).len()));
}

#[test]
fn a_line_that_cannot_be_read_is_told_and_hurts_no_other() {
    let datasets = Datasets::builtin();
    let dataset = datasets.get(DATASET).unwrap();
    let options = r#"{"field_names":["RayID"],"merge_subrequests":true}"#;
    let options = OutputOptions::parse(options, dataset).unwrap();
    let mut merger = Merger::new(&options, dataset, std::iter::empty()).unwrap();
    let lines = [line("a", "00"), "{".to_owned(), line("b", "a"), String::new(), line("c", "00")];
    let mut places = Vec::new();
    let lines = lines.iter().map(String::as_bytes);
    let unread = merger.merge(lines, |_, line, place| {
        places.push((place, ids(std::str::from_utf8(line).unwrap()).len()));
    });
    assert_eq!(unread.iter().map(|(place, _)| *place).collect::<Vec<_>>(), [1, 3]);
    assert_eq!(places, [(0, 2), (4, 1)]);
}

#[test]
fn the_dataset_has_what_is_needed() {
    let datasets = Datasets::builtin();
    let dataset = datasets.get(DATASET).unwrap();
    let type_of = |name| dataset.field(name).unwrap().field_type;
    assert_eq!([OWN_ID, PARENT_ID].map(type_of), [FieldType::String; 2]);
    assert_eq!(type_of(SUBREQUESTS), FieldType::Array(ElementType::Object));
}

/// Who goes with whom, by going over all records again and again until nothing changes.
fn expected_families(records: &[(u8, u8)]) -> Vec<Vec<usize>> {
    let cause = |place: usize| {
        let (_, parent) = records[place];
        let is_it = |other: &usize| {
            let (own, parent_of_other) = records[*other];
            parent != 0 && own == parent && parent_of_other != own
        };
        (0..records.len()).find(is_it)
    };
    let mut first: Vec<Option<usize>> =
        (0..records.len()).map(|place| cause(place).is_none().then_some(place)).collect();
    for _ in 0..records.len() {
        for place in 0..records.len() {
            if let (None, Some(cause)) = (first[place], cause(place)) {
                first[place] = first[cause];
            }
        }
    }
    let mut families: Vec<Vec<usize>> = (0..records.len()).map(|place| vec![place]).collect();
    for place in 0..records.len() {
        match first[place] {
            Some(of) if of != place && families[of].len() <= SUBREQUESTS_MAX => {
                families[of].push(place);
                families[place].clear();
            }
            _ => {}
        }
    }
    families.into_iter().filter(|family| !family.is_empty()).collect()
}

proptest! {
    #[test]
    fn any_frame_is_joined_as_the_reference_says(
        // Few ids, so that many records belong together; 0 stands for `00`, which nobody has.
        records in prop::collection::vec((1..12_u8, 0..12_u8), 0..130),
    ) {
        let lines: Vec<String> = records
            .iter()
            .enumerate()
            .map(|(place, (own, parent))| {
                let ids = (format!("{own:02}"), format!("{parent:02}"));
                json!({ "RayID": ids.0, "ParentRayID": ids.1, "OriginIP": place.to_string() }).to_string()
            })
            .collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let (object, _) = pushed(&spec(&json!({ "field_names": ["OriginIP"] })), &lines);
        let place = |record: &Value| -> usize { record["OriginIP"].as_str().unwrap().parse().unwrap() };
        let found: Vec<Vec<usize>> = object
            .lines()
            .map(|line| {
                let record: Value = serde_json::from_str(line).unwrap();
                let members = record["Subrequests"].as_array().unwrap();
                std::iter::once(&record).chain(members).map(place).collect()
            })
            .collect();
        prop_assert_eq!(found, expected_families(&records));
    }
}
