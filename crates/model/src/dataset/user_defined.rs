//! Datasets that an installation adds: TOML files of the same shape as the built-in schemas.
//!
//! ```toml
//! dataset = "shop_orders"
//! scopes = ["zone"]
//! timestamp_field = "PlacedAt"
//!
//! [[fields]]
//! name = "PlacedAt"
//! type = "timestamp"
//! description = "When the order was placed"
//! ```

use toml::{Table, Value};

use super::schema::Schema;
use super::{Dataset, Mistake};
use crate::spelling::nearest;

/// The dataset that `text` describes.
pub(super) fn parse(text: &str) -> Result<Dataset, Mistake> {
    let table: Table = toml::from_str(text).map_err(|error| shape(&error))?;
    check_keys(&table)?;
    // Read from the text, not from the table: only so the message says line and column.
    let schema: Schema = toml::from_str(text).map_err(|error| shape(&error))?;
    schema.into_dataset()
}

fn shape(error: &toml::de::Error) -> Mistake {
    Mistake::Shape(error.to_string().trim_end().to_owned())
}

fn check_keys(table: &Table) -> Result<(), Mistake> {
    const ALLOWED: &str = "`dataset`, `scopes`, `timestamp_field`, `host_field` and `fields`";
    const ALLOWED_IN_FIELD: &str = "`name`, `type`, `description` and `deprecated`";

    check_keys_of(table, &Schema::KEYS, || ("the file".to_owned(), ALLOWED))?;
    let fields = table.get("fields").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    for (i, field) in fields.iter().enumerate() {
        let Some(field) = field.as_table() else {
            continue;
        };
        check_keys_of(field, &Schema::FIELD_KEYS, || {
            let name = field.get("name").and_then(Value::as_str);
            let place = name.map_or_else(
                || format!("the field at place {}", i + 1),
                |name| format!("field `{name}`"),
            );
            (place, ALLOWED_IN_FIELD)
        })?;
    }
    Ok(())
}

fn check_keys_of(
    table: &Table,
    known: &[&'static str],
    place: impl Fn() -> (String, &'static str),
) -> Result<(), Mistake> {
    let Some(key) = table.keys().find(|key| !known.contains(&key.as_str())) else {
        return Ok(());
    };
    let (place, allowed) = place();
    let nearest = nearest(key, known.iter().copied()).map(str::to_owned);
    Err(Mistake::UnknownKey { key: key.clone(), place, allowed, nearest })
}
