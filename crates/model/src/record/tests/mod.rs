//! Records are read as serde_json reads them, and told apart as RFC 8259 says.

mod agreement;
mod checker;
mod scanner;
mod written;

use std::sync::Arc;

use crate::{Dataset, Datasets};

/// A dataset with a field of each type.
fn every_type() -> Arc<Dataset> {
    let head = "dataset = \"every_type\"\nscopes = [\"zone\"]\ntimestamp_field = \"Time\"\n";
    let fields = [
        ("Text", "string"),
        ("Count", "int"),
        ("Share", "float"),
        ("Flag", "bool"),
        ("Time", "timestamp"),
        ("Map", "object"),
        ("Texts", "array[string]"),
        ("Counts", "array[int]"),
        ("Maps", "array[object]"),
    ]
    .map(|(name, kind)| format!("[[fields]]\nname = \"{name}\"\ntype = \"{kind}\"\n"));
    let text = head.to_owned() + &fields.concat();
    let files = [("every_type.toml".to_owned(), text)];
    let datasets = Datasets::builtin().with_user_defined(files).unwrap();
    Arc::clone(datasets.get("every_type").unwrap())
}
