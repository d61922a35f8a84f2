//! What a record of each kind may hold: datasets, their fields and the fields' types.
//!
//! - The 37 built-in datasets are compiled in from `crates/model/datasets/`, one JSON file each.
//! - User-defined datasets have the same shape in TOML and keep the same rules. They may add
//!   names, but never replace a built-in.
//! - A dataset can only be made through `Datasets`, so what holds for one holds for all: field
//!   names are unique and need no escape in JSON, `timestamp_field` and `host_field` exist.

mod builtin;
mod error;
mod field;
mod registry;
mod schema;
#[cfg(test)]
mod tests;
mod user_defined;

use std::collections::HashMap;

pub use error::{DatasetError, Mistake, NoSuchDataset};
pub use field::{ElementType, Field, FieldType};
pub use registry::Datasets;

use crate::ScopeKind;
use crate::spelling::nearest;

/// Longest name of a field, in bytes.
pub const FIELD_NAME_BYTES_MAX: usize = 128;
/// Most fields in a dataset.
pub const DATASET_FIELDS_MAX: usize = 1_000;

/// One kind of record: its name, whose it is, and its fields in documented order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dataset {
    /// Its name, `[a-z0-9_]` and at most 64 bytes.
    pub name: String,
    /// Whether accounts, zones or both have such records. Never empty.
    pub scopes: Vec<ScopeKind>,
    /// The name of the field that holds a record's time: a timestamp or an int.
    pub timestamp_field: String,
    /// The name of the field whose host tells a record's zone, where there is one.
    pub host_field: Option<String>,
    /// The fields in documented order.
    pub fields: Vec<Field>,
    index: HashMap<String, usize>,
}

impl Dataset {
    /// The index in `fields` of the field of that name.
    pub fn field_index(&self, name: &str) -> Option<usize> {
        self.index.get(name).copied()
    }

    /// The field of that name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.get(self.field_index(name)?)
    }

    /// Whether scopes of that kind have such records.
    pub fn allows(&self, kind: ScopeKind) -> bool {
        self.scopes.contains(&kind)
    }

    /// The fields of a job that names none: all that are not deprecated, in order.
    pub fn default_fields(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(|field| !field.deprecated)
    }

    /// The field that was probably meant by a name that is no field's.
    pub fn nearest_field(&self, name: &str) -> Option<&str> {
        nearest(name, self.fields.iter().map(|field| field.name.as_str()))
    }
}
