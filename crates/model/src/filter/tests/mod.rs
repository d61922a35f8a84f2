//! What filters mean, against examples and against a slow reading that is obviously right.

mod attack_traffic;
mod examples;
mod random;
mod reference;

use std::sync::{Arc, LazyLock};

use serde_json::{Value, json};

use super::*;
use crate::{Datasets, Scanner};

/// A dataset with a field of each type.
fn dataset() -> Arc<Dataset> {
    const SCHEMA: &str = r#"
        dataset = "kinds"
        scopes = ["zone"]
        timestamp_field = "Time"
        fields = [
            { name = "Text", type = "string" },
            { name = "Count", type = "int" },
            { name = "Share", type = "float" },
            { name = "Flag", type = "bool" },
            { name = "Time", type = "timestamp" },
            { name = "Tags", type = "array[string]" },
            { name = "Ids", type = "array[int]" },
            { name = "Rows", type = "array[object]" },
            { name = "Map", type = "object" },
        ]
    "#;
    static KINDS: LazyLock<Arc<Dataset>> = LazyLock::new(|| {
        let files = [("kinds.toml".to_owned(), SCHEMA.to_owned())];
        let datasets = Datasets::builtin().with_user_defined(files).unwrap();
        Arc::clone(datasets.get("kinds").unwrap())
    });
    Arc::clone(&KINDS)
}

fn parse(text: &str) -> Result<Option<Filter>, Vec<Issue>> {
    Filter::parse(text, &dataset())
}

/// Whether a filter, given without `where`, lets a record through.
fn passes(expression: &Value, record: &str) -> bool {
    let text = json!({ "where": expression }).to_string();
    let filter = parse(&text).unwrap_or_else(|issues| panic!("{text}: {issues:?}")).unwrap();
    let mut scanner = Scanner::new(dataset(), filter.fields());
    scanner.scan(record.as_bytes()).unwrap();
    filter.matches(|field| scanner.value(record.as_bytes(), field))
}
