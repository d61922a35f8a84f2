//! Records of every dataset, from `logpush sample` through the door into the bucket, and values that
//! are hard to carry.

use std::path::Path;

use serde_json::{Value, json};

use crate::api::Answer;
use crate::cli::ran;
use crate::expected::{Fields, rfc3339_ms, unix_nano};
use crate::objects::Object;
use crate::s3::S3Server;
use crate::service::Home;
use crate::world::{BUCKET, World};

/// The built-in datasets with the kind of scope that has their records, as the repository's schemas
/// tell them.
fn datasets() -> Vec<(String, &'static str)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/datasets");
    let mut datasets: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
            let schema: Value = serde_json::from_str(&text).unwrap();
            let is_of_zones = schema["scopes"].as_array().unwrap().contains(&json!("zone"));
            let name = schema["dataset"].as_str().unwrap().to_owned();
            (name, if is_of_zones { "zones" } else { "accounts" })
        })
        .collect();
    datasets.sort();
    datasets
}

/// All fields of a dataset, as the API tells them.
async fn fields(world: &World, scope: &str, dataset: &str) -> Fields {
    let fields = world.api.read(&format!("/{scope}/logpush/datasets/{dataset}/fields")).await;
    let field = |(name, line): (&String, &Value)| {
        let line = line.as_str().unwrap();
        (name.clone(), line.split(';').next().unwrap().to_owned())
    };
    Fields(fields.as_object().unwrap().iter().map(field).collect())
}

/// A job that pushes all fields into a folder of the bucket.
async fn job(world: &World, (scope, dataset): (&str, &str), fields: &Fields, form: &str) {
    let names: Vec<&str> = fields.0.iter().map(|(name, _)| name.as_str()).collect();
    let format = if form == "csv" { "unixnano" } else { "rfc3339ms" };
    let body = json!({
        "dataset": dataset,
        "destination_conf": format!("s3://{BUCKET}/{form}/{dataset}?region=us-east-1"),
        "enabled": true,
        "output_options": {
            "field_names": names, "output_type": form, "timestamp_format": format,
        },
    });
    world.api.create(&format!("/{scope}/logpush/jobs"), &body).await;
}

async fn send(world: &World, (scope, dataset): (&str, &str), records: &str) {
    let path = format!("/ingest/v1/{scope}/{dataset}");
    let request = world.api.request(reqwest::Method::POST, &path);
    let request = request.header("content-type", "application/x-ndjson").body(records.to_owned());
    let taken = Answer::of(request).await.result();
    assert_eq!(taken["accepted"], records.lines().count(), "{dataset}: {taken}");
}

/// What the objects of a folder hold, one behind the other.
fn held(objects: &[Object], folder: &str) -> String {
    let prefix = format!("{folder}/");
    objects.iter().filter(|object| object.key.starts_with(&prefix)).map(Object::text).collect()
}

#[track_caller]
fn assert_same(found: &str, expected: &str, what: &str) {
    for (number, (found, expected)) in found.lines().zip(expected.lines()).enumerate() {
        assert_eq!(found, expected, "{what}, line {number}");
    }
    assert_eq!(found.len(), expected.len(), "{what}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_of_every_dataset_arrive_as_the_contract_says() {
    let s3 = S3Server::start(&[BUCKET]).await;
    let home = Home::new(&s3.url())
        .set("LOGPUSH_API__JOBS_PER_SCOPE_MAX", "100")
        .set("LOGPUSH_API__REQUESTS_PER_SECOND", "10000")
        .set("LOGPUSH_API__REQUESTS_BURST", "10000");
    let world = World::start_in(s3, home).await;
    let datasets = datasets();
    assert_eq!(datasets.len(), 37);
    let mut expected = Vec::new();
    for (dataset, kind) in &datasets {
        let id = if *kind == "zones" { &world.zone } else { &world.account };
        let scope = format!("{kind}/{id}");
        let fields = fields(&world, &scope, dataset).await;
        for form in ["ndjson", "csv"] {
            job(&world, (&scope, dataset), &fields, form).await;
        }
        let sample = ["sample", "--dataset", dataset, "--records", "60", "--seed", "37"];
        let sample = ran(&sample, Vec::<(&str, &str)>::new()).await;
        sample.assert_done();
        send(&world, (&scope, dataset), &sample.stdout).await;
        let records = || sample.stdout.lines();
        let ndjson: String = records().map(|one| fields.ndjson(one, rfc3339_ms)).collect();
        let csv: String = records().map(|one| fields.csv(one, unix_nano)).collect();
        expected.push((format!("ndjson/{dataset}"), ndjson));
        expected.push((format!("csv/{dataset}"), csv));
    }
    let objects = world.finish().await;
    for (folder, expected) in expected {
        assert_same(&held(&objects, &folder), &expected, &folder);
    }
}

/// JSON that a careless hand would change, for a field of its type.
const HARD: [(&str, &[&str]); 6] = [
    (
        "RayID",
        &[
            r#""""#,
            r#""\u0041\/\"\\\b\f\n\r\t\u0000\u001f\u007f""#,
            r#""é🌮\u00e9\ud83c\udf2e \u2028 𐍈""#,
            "\"\u{feff}\u{85}\u{2029}\u{fffd}\u{10ffff}\u{7f}\u{202e}\"",
            r#""${jndi:ldap://x} {{.RayID}} a,b;c""#,
        ],
    ),
    (
        "BotScore",
        &[
            "9007199254740993",
            "-9223372036854775809",
            "18446744073709551616123",
            "100000000000000000000000000000000000000000000000000000000001",
            "-0",
        ],
    ),
    (
        "EdgeResponseCompressionRatio",
        &["1.0", "1E400", "5e-324", "-0.0", "0.1000000000000000055511151231257827"],
    ),
    (
        "RequestHeaders",
        &[
            r#"{ "b" : 1.50e+1 ,	"a":{"a":[ ]} , "a" : "\u0061" , "":null }"#,
            "{}",
            "{ }",
            r#"{"n":[[[[{"x":[true,false,null,-0]}]]]],"é":"\ud83c\udf2e"}"#,
            r#"{"}":"]","\"":"{"}"#,
        ],
    ),
    ("BotTags", &["[]", r#"[ "a" , null ]"#, r#"["\u005d","]"]"#, r#"[","]"#, "[ ]"]),
    ("BotDetectionIDs", &["[9007199254740993,-0]", "[]", "[ 1 ,2 ]", "[null]", "[0]"]),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_that_are_hard_to_carry_arrive_byte_for_byte() {
    let world = World::start().await;
    let scope = format!("zones/{}", world.zone);
    let kind = |name: &str| (name.to_owned(), String::new());
    let fields = Fields(HARD.iter().map(|(name, _)| kind(name)).collect());
    for form in ["ndjson", "csv"] {
        job(&world, (&scope, "http_requests"), &fields, form).await;
    }
    let record = |number: usize| {
        let member = |(name, values): &(&str, &[&str])| format!("\"{name}\" : {}", values[number]);
        format!("{{{}}}", HARD.iter().map(member).collect::<Vec<_>>().join(" , "))
    };
    let records: Vec<String> = (0..5).map(record).collect();
    send(&world, (&scope, "http_requests"), &records.join("\n")).await;
    let objects = world.finish().await;
    let line = |number: usize| {
        let member = |(name, values): &(&str, &[&str])| format!("\"{name}\":{}", values[number]);
        format!("{{{}}}\n", HARD.iter().map(member).collect::<Vec<_>>().join(","))
    };
    let ndjson = [0, 1, 2, 3, 4].map(line).concat();
    assert_same(&held(&objects, "ndjson/http_requests"), &ndjson, "ndjson");
    let csv: String = records.iter().map(|record| fields.csv(record, unix_nano)).collect();
    assert_same(&held(&objects, "csv/http_requests"), &csv, "csv");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn times_of_any_year_and_whole_numbers_in_any_notation_arrive() {
    let world = World::start().await;
    let scope = format!("zones/{}", world.zone);
    let path = format!("/{scope}/logpush/jobs");
    for format in ["unixnano", "rfc3339"] {
        let options = json!({
            "field_names": ["EdgeStartTimestamp", "EdgeResponseStatus"], "timestamp_format": format,
        });
        let body = json!({
            "dataset": "http_requests",
            "destination_conf": format!("s3://{BUCKET}/{format}?region=us-east-1"),
            "enabled": true,
            "output_options": options,
            "filter": r#"{"where":{"key":"EdgeResponseStatus","operator":"eq","value":200}}"#,
        });
        world.api.create(&path, &body).await;
    }
    let records = [
        r#"{"EdgeStartTimestamp":"0001-01-01T00:00:00Z","EdgeResponseStatus":2e2}"#,
        r#"{"EdgeStartTimestamp":"9999-12-31T23:59:59.5Z","EdgeResponseStatus":200.0}"#,
        r#"{"EdgeStartTimestamp":-62135596800,"EdgeResponseStatus":200}"#,
        r#"{"EdgeStartTimestamp":"0001-01-01T00:00:00Z","EdgeResponseStatus":2e3}"#,
    ];
    send(&world, (&scope, "http_requests"), &records.join("\n")).await;
    let objects = world.finish().await;
    let lines = |times: [&str; 3]| -> String {
        let statuses = ["2e2", "200.0", "200"];
        let line = |(time, status): (&str, &str)| {
            format!("{{\"EdgeStartTimestamp\":{time},\"EdgeResponseStatus\":{status}}}\n")
        };
        times.into_iter().zip(statuses).map(line).collect()
    };
    let nanos = ["-62135596800000000000", "253402300799500000000", "-62135596800000000000"];
    assert_same(&held(&objects, "unixnano"), &lines(nanos), "unixnano");
    let dates =
        ["\"0001-01-01T00:00:00Z\"", "\"9999-12-31T23:59:59Z\"", "\"0001-01-01T00:00:00Z\""];
    assert_same(&held(&objects, "rfc3339"), &lines(dates), "rfc3339");
}
