//! From the text of a schema to a `Dataset`: the shape of the files and the rules on their content.

use std::collections::HashMap;

use serde::Deserialize;

use super::{
    DATASET_FIELDS_MAX, Dataset, FIELD_NAME_BYTES_MAX, Field, FieldType, Mistake, nearest,
};
use crate::{ScopeKind, limits};

/// A schema as it is written, in JSON or TOML.
#[derive(Debug, Deserialize)]
pub(super) struct Schema {
    dataset: String,
    scopes: Vec<String>,
    timestamp_field: String,
    host_field: Option<String>,
    fields: Vec<SchemaField>,
}

/// A field of a schema as it is written.
#[derive(Debug, Deserialize)]
struct SchemaField {
    name: String,
    #[serde(rename = "type")]
    field_type: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    deprecated: bool,
}

impl Schema {
    /// The keys of a schema.
    pub(super) const KEYS: [&str; 5] =
        ["dataset", "scopes", "timestamp_field", "host_field", "fields"];
    /// The keys of a field of a schema.
    pub(super) const FIELD_KEYS: [&str; 4] = ["name", "type", "description", "deprecated"];

    /// The dataset that the schema describes.
    pub(super) fn into_dataset(self) -> Result<Dataset, Mistake> {
        if !is_dataset_name(&self.dataset) {
            return Err(Mistake::Name(self.dataset));
        }
        let scopes = scopes(&self.scopes)?;
        if self.fields.is_empty() || self.fields.len() > DATASET_FIELDS_MAX {
            return Err(Mistake::FieldCount(self.fields.len()));
        }
        let fields: Vec<Field> =
            self.fields.into_iter().map(field).collect::<Result<_, Mistake>>()?;
        let mut index = HashMap::with_capacity(fields.len());
        for (at, field) in fields.iter().enumerate() {
            if index.insert(field.name.clone(), at).is_some() {
                return Err(Mistake::DuplicateField(field.name.clone()));
            }
        }
        let dataset = Dataset {
            name: self.dataset,
            scopes,
            timestamp_field: self.timestamp_field,
            host_field: self.host_field,
            fields,
            index,
        };
        check_roles(&dataset)?;
        Ok(dataset)
    }
}

fn is_dataset_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=limits::DATASET_NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(allowed)
}

fn is_field_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.@-".contains(&byte);
    (1..=FIELD_NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(allowed)
}

fn scopes(names: &[String]) -> Result<Vec<ScopeKind>, Mistake> {
    let mut scopes = Vec::new();
    for name in names {
        let kind = ScopeKind::from_name(name).ok_or_else(|| Mistake::UnknownScope {
            scope: name.clone(),
            nearest: nearest(name, ["account", "zone"]).map(str::to_owned),
        })?;
        if !scopes.contains(&kind) {
            scopes.push(kind);
        }
    }
    if scopes.is_empty() { Err(Mistake::NoScope) } else { Ok(scopes) }
}

fn field(written: SchemaField) -> Result<Field, Mistake> {
    if !is_field_name(&written.name) {
        return Err(Mistake::FieldName(written.name));
    }
    let Some(field_type) = FieldType::from_name(&written.field_type) else {
        let names = FieldType::ALL.map(FieldType::name);
        return Err(Mistake::UnknownType {
            nearest: nearest(&written.field_type, names).map(str::to_owned),
            field: written.name,
            found: written.field_type,
        });
    };
    let SchemaField { name, description, deprecated, .. } = written;
    Ok(Field { name, field_type, description, deprecated })
}

/// Checks that the fields with a role exist and have a type that can play it.
fn check_roles(dataset: &Dataset) -> Result<(), Mistake> {
    check_role(
        dataset,
        ("timestamp_field", &dataset.timestamp_field),
        (&[FieldType::Timestamp, FieldType::Int], "`timestamp` or `int`"),
    )?;
    if let Some(host_field) = &dataset.host_field {
        check_role(dataset, ("host_field", host_field), (&[FieldType::String], "`string`"))?;
    }
    Ok(())
}

fn check_role(
    dataset: &Dataset,
    (key, name): (&'static str, &str),
    (fitting, allowed): (&[FieldType], &'static str),
) -> Result<(), Mistake> {
    let Some(field) = dataset.field(name) else {
        return Err(Mistake::NoSuchField {
            key,
            value: name.to_owned(),
            nearest: dataset.nearest_field(name).map(str::to_owned),
        });
    };
    if fitting.contains(&field.field_type) {
        return Ok(());
    }
    Err(Mistake::UnfitField { key, value: name.to_owned(), found: field.field_type, allowed })
}
