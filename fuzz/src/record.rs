//! A record that the door lets in is one for serde_json too, and delivery's scanner finds the
//! values that serde_json finds. Whatever comes in, neither panics.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use model::{Checker, Dataset, Datasets, Scanner};
use serde_json::value::RawValue;

static DATASET: LazyLock<Arc<Dataset>> =
    LazyLock::new(|| Arc::clone(Datasets::builtin().get("http_requests").expect("it is built in")));

/// Tries these bytes.
pub fn run(data: &[u8]) {
    let mut checker = Checker::new(Arc::clone(&DATASET));
    let mut scanner = Scanner::new(Arc::clone(&DATASET), 0..DATASET.fields.len());
    // Several lines one after the other: both learn the order of keys from the one before.
    for line in data.split(|&byte| byte == b'\n') {
        let checked = checker.check(line);
        let scanned = scanner.scan(line);
        if checked.is_err() {
            continue;
        }
        let raw: &RawValue = serde_json::from_slice(line).expect("checked JSON is JSON");
        assert!(raw.get().trim_start().starts_with('{'), "checked records are objects");
        scanned.expect("what was checked can be scanned");
        // A key with a lone surrogate is good JSON and no Rust string.
        let Ok(members) = serde_json::from_slice::<HashMap<String, &RawValue>>(line) else {
            continue;
        };
        for (index, field) in DATASET.fields.iter().enumerate() {
            let expected = members.get(&field.name).map(|raw| raw.get().as_bytes());
            assert_eq!(scanner.value(line, index), expected, "{}", field.name);
        }
    }
}
