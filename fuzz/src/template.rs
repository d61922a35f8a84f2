//! Output options that are taken, a template among them, encode any record without panic, the
//! same each time.

use std::sync::{Arc, LazyLock};

use model::output::{Encoder, OutputOptions};
use model::{Dataset, Datasets, Scanner};
use serde_json::json;

static DATASET: LazyLock<Arc<Dataset>> =
    LazyLock::new(|| Arc::clone(Datasets::builtin().get("http_requests").expect("it is built in")));

/// The first line is a template or the JSON of output options, the others are records.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (head, records) = text.split_once('\n').unwrap_or((text, "{}"));
    let as_template = json!({
        "field_names": ["ClientIP", "EdgeStartTimestamp", "RayID"],
        "record_template": head,
    });
    for options in [head, &as_template.to_string()] {
        let Ok(options) = OutputOptions::parse(options, &DATASET) else { continue };
        let encoder = Encoder::new(&options, &DATASET);
        let mut scanner = Scanner::new(Arc::clone(&DATASET), encoder.fields());
        for line in records.lines() {
            let line = line.as_bytes();
            if scanner.scan(line).is_err() {
                continue;
            }
            let encode = || {
                let mut out = Vec::new();
                encoder.record(|field| scanner.value(line, field), true, &mut out);
                out
            };
            assert_eq!(encode(), encode());
        }
    }
}
