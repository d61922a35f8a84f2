//! Records are read as serde_json reads them, and told apart as RFC 8259 says.

mod agreement;
mod checker;
mod scanner;
mod written;

use std::sync::Arc;

use crate::{Dataset, Datasets};

/// A dataset with a field of each type.
fn every_type() -> Arc<Dataset> {
    let mut text =
        "dataset = \"every_type\"\nscopes = [\"zone\"]\ntimestamp_field = \"Time\"\n".to_owned();
    for (name, field_type) in [
        ("Text", "string"),
        ("Count", "int"),
        ("Share", "float"),
        ("Flag", "bool"),
        ("Time", "timestamp"),
        ("Map", "object"),
        ("Texts", "array[string]"),
        ("Counts", "array[int]"),
        ("Maps", "array[object]"),
    ] {
        text += &format!("[[fields]]\nname = \"{name}\"\ntype = \"{field_type}\"\n");
    }
    let files = [("every_type.toml".to_owned(), text)];
    let datasets = Datasets::builtin().with_user_defined(files).unwrap();
    Arc::clone(datasets.get("every_type").unwrap())
}
