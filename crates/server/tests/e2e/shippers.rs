//! What the shippers that people have send, request for request: `docs/shippers.md` tells how they
//! are set up. Each shape is taken from the shipper's own source: path and query, headers, framing,
//! compression.

use std::io::Write as _;
use std::process::Stdio;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::process::Command;
use tokio::time::sleep;

use crate::api::Answer;
use crate::records::{assert_each_once, body, delivered, ids};
use crate::tools::programs;
use crate::world::World;

/// A request as one shipper makes it.
struct Shape {
    shipper: &'static str,
    query: &'static str,
    headers: &'static [(&'static str, &'static str)],
    framing: Framing,
    is_gzipped: bool,
}

/// How records become a body.
enum Framing {
    /// A record a line, each with a newline.
    Lines,
    /// The same without a newline after the last.
    LinesWithoutEnd,
    /// An array.
    Array,
    /// Objects without anything between them.
    Stream,
}

const CONTENT: &str = "?idempotency=content";

const SHAPES: &[Shape] = &[
    // https://github.com/vectordotdev/vector: src/sinks/http/{config,encoder}.rs
    Shape {
        shipper: "vector, newline_delimited",
        query: CONTENT,
        headers: &[("content-type", "application/x-ndjson"), ("user-agent", "Vector/0.50.0")],
        framing: Framing::LinesWithoutEnd,
        is_gzipped: true,
    },
    Shape {
        shipper: "vector, the framing of JSON that it has by itself",
        query: "",
        headers: &[
            ("content-type", "application/json"),
            ("accept-encoding", "zstd,gzip,deflate,br"),
        ],
        framing: Framing::Array,
        is_gzipped: false,
    },
    // https://github.com/fluent/fluent-bit: plugins/out_http/http.c
    Shape {
        shipper: "fluent bit, json_lines",
        query: CONTENT,
        headers: &[("content-type", "application/x-ndjson"), ("user-agent", "Fluent-Bit")],
        framing: Framing::Lines,
        is_gzipped: true,
    },
    Shape {
        shipper: "fluent bit, json",
        query: "",
        headers: &[("content-type", "application/json"), ("user-agent", "Fluent-Bit")],
        framing: Framing::Array,
        is_gzipped: false,
    },
    Shape {
        shipper: "fluent bit, json_stream",
        query: "",
        headers: &[("content-type", "application/json"), ("user-agent", "Fluent-Bit")],
        framing: Framing::Stream,
        is_gzipped: false,
    },
    // https://github.com/rsyslog/rsyslog: contrib/omhttp/omhttp.c
    Shape {
        shipper: "rsyslog omhttp, newline",
        query: CONTENT,
        headers: &[("content-type", "application/json; charset=utf-8"), ("expect", "")],
        framing: Framing::LinesWithoutEnd,
        is_gzipped: true,
    },
    Shape {
        shipper: "rsyslog omhttp, jsonarray",
        query: "",
        headers: &[("content-type", "application/json; charset=utf-8")],
        framing: Framing::Array,
        is_gzipped: false,
    },
    // https://github.com/logstash-plugins/logstash-output-http: lib/logstash/outputs/http.rb
    Shape {
        shipper: "logstash, json_batch",
        query: CONTENT,
        headers: &[("content-type", "application/json"), ("user-agent", "Manticore 0.9.1")],
        framing: Framing::Array,
        is_gzipped: false,
    },
    // https://github.com/syslog-ng/syslog-ng: modules/http
    Shape {
        shipper: "syslog-ng http(), delimiter(\"\\n\")",
        query: CONTENT,
        headers: &[("content-type", "application/x-ndjson"), ("user-agent", "syslog-ng 4.8.0")],
        framing: Framing::LinesWithoutEnd,
        is_gzipped: false,
    },
    Shape {
        shipper: "curl --data-binary",
        query: "",
        headers: &[
            ("content-type", "application/x-www-form-urlencoded"),
            ("user-agent", "curl/8.5"),
        ],
        framing: Framing::Lines,
        is_gzipped: false,
    },
];

fn framed(framing: &Framing, lines: &str) -> String {
    let lines: Vec<&str> = lines.lines().collect();
    match framing {
        Framing::Lines => lines.join("\n") + "\n",
        Framing::LinesWithoutEnd => lines.join("\n"),
        Framing::Array => format!("[{}]", lines.join(",")),
        Framing::Stream => lines.concat(),
    }
}

/// The request by which a shipper of this shape sends these records.
fn request(world: &World, shape: &Shape, lines: &str) -> RequestBuilder {
    let path = format!("/ingest/v1/zones/{}/http_requests{}", world.zone, shape.query);
    let mut request = world.api.request(Method::POST, &path);
    for (name, value) in shape.headers.iter().filter(|(_, value)| !value.is_empty()) {
        request = request.header(*name, *value);
    }
    let mut body = framed(&shape.framing, lines).into_bytes();
    if shape.is_gzipped {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(&body).unwrap();
        body = gzip.finish().unwrap();
        request = request.header("content-encoding", "gzip");
    }
    request.body(body)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_shippers_send_is_taken_as_it_is_and_what_they_repeat_is_stored_once() {
    let mut world = World::start().await;
    world.job(&world.zone, "logs", &json!({})).await;
    let mut expected = Vec::new();
    for (number, shape) in (0..).zip(SHAPES) {
        let stream = format!("shipper{number}");
        let lines = body(&stream, 0..25);
        let is_safe = !shape.query.is_empty();
        // The answer gets lost: the shipper sends the same again, here after a crash.
        let times = if is_safe { 2 } else { 1 };
        for _ in 0..times {
            let taken = Answer::of(request(&world, shape, &lines)).await.result();
            assert_eq!(taken["accepted"], 25, "{}: {taken}", shape.shipper);
            if is_safe {
                world = world.crash(&[]).await;
            }
        }
        expected.extend(ids(&stream, 0..25));
    }
    assert_each_once(&delivered(&world.finish().await), &expected);
}

/// Shippers add fields of their own: a date, a host, tags. They are no part of the dataset, are
/// kept with the record, and keep nothing from being taken.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fields_that_shippers_add_do_no_harm() {
    let world = World::start().await;
    world.job(&world.zone, "logs", &json!({})).await;
    let added = [
        json!({ "date": 1_546_300_800.25 }),
        json!({ "@timestamp": "2019-01-01T00:00:00.000Z", "@version": "1", "tags": ["a"] }),
        json!({ "timestamp": "2019-01-01T00:00:00Z", "source_type": "file", "file": "/var/log/a" }),
    ];
    let mut records = Vec::new();
    for (number, mut record) in (0..).zip(added) {
        record["RayID"] = json!(crate::records::id("a", number));
        records.push(record);
    }
    let request = world.api.ingest(&world.zone, "http_requests").header("accept", "*/*");
    let lines: Vec<String> = records.iter().map(Value::to_string).collect();
    let taken = Answer::of(request.body(lines.join("\n"))).await.result();
    assert_eq!((&taken["accepted"], &taken["quarantined"]), (&json!(3), &json!(0)), "{taken}");
    assert_each_once(&delivered(&world.finish().await), &ids("a", 0..3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_door_cannot_read_is_refused_so_that_no_shipper_takes_it_for_sent() {
    let world = World::start().await;
    let path = format!("/ingest/v1/zones/{}/http_requests", world.zone);
    let post = || world.api.request(Method::POST, &path);
    for (content_type, coding, named) in [
        // Fluent Bit, where `format` is not set; the OpenTelemetry collector; Prometheus' way.
        ("application/msgpack", None, "application/msgpack"),
        ("application/x-protobuf", None, "application/x-protobuf"),
        ("application/x-ndjson", Some("snappy"), "snappy"),
    ] {
        let mut request = post().header("content-type", content_type).body("\u{1}");
        if let Some(coding) = coding {
            request = request.header("content-encoding", coding);
        }
        Answer::of(request).await.assert_refused(415, &[named, "expected"]);
    }
    assert!(world.finish().await.is_empty());
}

/// The program itself, set up as `docs/shippers.md` says, while its service is killed under it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn syslog_ng_repeats_what_was_not_answered_and_nothing_comes_twice() {
    const RECORDS: u64 = 6_000;
    if !programs(&["syslog-ng"]).await {
        return;
    }
    let mut world = World::start().await;
    let job = world.job(&world.zone, "logs", &json!({})).await;
    let token = world.token("logs:ingest", &world.zone).await;
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let settings = format!(
        r#"@version: 3.38
source s_edge {{ file("{lines}" follow-freq(1) flags(no-parse)); }};
destination d_logpush {{
  http(
    url("{url}/ingest/v1/zones/{zone}/http_requests?idempotency=content")
    headers("Authorization: Bearer {token}", "Content-Type: application/x-ndjson")
    body("${{MESSAGE}}")
    delimiter("\n")
    batch-lines(50) batch-bytes(1048576) batch-timeout(1000)
    response-action(408 => retry, 429 => retry, 500 => retry, 503 => retry)
    retries(1000000) time-reopen(1)
  );
}};
log {{ source(s_edge); destination(d_logpush); flags(flow-control); }};
"#,
        lines = at("lines"),
        url = world.service.url(),
        zone = world.zone,
    );
    std::fs::write(at("conf"), settings).unwrap();
    std::fs::write(at("lines"), body("a", 0..RECORDS)).unwrap();
    let files = [("-f", "conf"), ("-R", "persist"), ("-c", "control"), ("-p", "pid")];
    let files: Vec<String> =
        files.iter().flat_map(|(flag, name)| [(*flag).to_owned(), at(name)]).collect();
    let mut shipper = Command::new("syslog-ng")
        .args(["--foreground", "--no-caps"])
        .args(files)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    for _ in 0..4 {
        sleep(Duration::from_millis(700)).await;
        world = world.crash_in_place().await;
    }
    let all_came = |status: &Value| {
        let number = |value: &Value| value.as_u64().unwrap();
        number(&status["totals"]["records"]) + number(&status["pending_records"]) == RECORDS
    };
    world.wait_for(job, "all records", all_came).await;
    shipper.kill().await.unwrap();
    assert_each_once(&delivered(&world.finish().await), &ids("a", 0..RECORDS));
}
