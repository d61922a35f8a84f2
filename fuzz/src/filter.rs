//! A filter that is taken can be run over any record, and takes the record or does not: the
//! same each time.

use std::sync::{Arc, LazyLock};

use model::filter::Filter;
use model::{Dataset, Datasets, Scanner};

static DATASET: LazyLock<Arc<Dataset>> =
    LazyLock::new(|| Arc::clone(Datasets::builtin().get("http_requests").expect("it is built in")));

/// The first line is the filter, the others are records.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (filter, records) = text.split_once('\n').unwrap_or((text, "{}"));
    let Ok(Some(filter)) = Filter::parse(filter, &DATASET) else { return };
    let mut scanner = Scanner::new(Arc::clone(&DATASET), filter.fields());
    for line in records.lines() {
        let line = line.as_bytes();
        if scanner.scan(line).is_err() {
            continue;
        }
        let matches = || filter.matches(|field| scanner.value(line, field));
        assert_eq!(matches(), matches());
    }
}
