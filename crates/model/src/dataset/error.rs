//! What can be wrong with the schema of a dataset.

use std::fmt;

use thiserror::Error;

/// A schema file that cannot be taken, with its name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("dataset file `{file}`: {mistake}")]
pub struct DatasetError {
    /// The file's name, as it was given.
    pub file: String,
    /// What is wrong in it.
    pub mistake: Mistake,
}

/// A name that is no dataset's.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("no such dataset: `{name}`{}", DidYouMean(.nearest))]
pub struct NoSuchDataset {
    /// The name, or the beginning of a longer one.
    pub name: String,
    /// The one that was probably meant.
    pub nearest: Option<String>,
}

/// What is wrong in a schema file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Mistake {
    /// It is not TOML, or a value has another shape than a schema's. With the place.
    #[error("{0}")]
    Shape(String),
    /// A key that a schema does not have.
    #[error("unknown key `{key}` in {place}: expected one of {allowed}{}", DidYouMean(.nearest))]
    UnknownKey {
        /// The key.
        key: String,
        /// Where it stands.
        place: String,
        /// The keys that may stand there.
        allowed: &'static str,
        /// The one that was probably meant.
        nearest: Option<String>,
    },
    /// The dataset's name has other characters or another length than names may have.
    #[error("`{0}` is not a dataset name: expected 1 to 64 characters of a-z, 0-9 and `_`")]
    Name(String),
    /// A built-in dataset has that name.
    #[error("`{0}` is the name of a built-in dataset: choose another")]
    BuiltIn(String),
    /// Another file defines a dataset of that name.
    #[error("dataset `{name}` is already defined in `{other}`: keep one of them")]
    Twice {
        /// The dataset's name.
        name: String,
        /// The file that came first.
        other: String,
    },
    /// No scope at all.
    #[error("`scopes` is empty: expected `account`, `zone` or both")]
    NoScope,
    /// A scope that does not exist.
    #[error("unknown scope `{scope}`: expected `account` or `zone`{}", DidYouMean(.nearest))]
    UnknownScope {
        /// The scope's name.
        scope: String,
        /// The one that was probably meant.
        nearest: Option<String>,
    },
    /// No field, or more than a dataset may have.
    #[error("`fields` has {0} entries: expected 1 to {max}", max = super::DATASET_FIELDS_MAX)]
    FieldCount(usize),
    /// A field's name has other characters or another length than names may have.
    #[error(
        "`{0}` is not a field name: expected 1 to {max} characters of A-Z, a-z, 0-9, `_`, `.`, \
         `@` and `-`",
        max = super::FIELD_NAME_BYTES_MAX
    )]
    FieldName(String),
    /// Two fields of one name.
    #[error("field `{0}` is there twice: names must be unique")]
    DuplicateField(String),
    /// A type that does not exist.
    #[error(
        "field `{field}` has the unknown type `{found}`: expected one of {}{}",
        TypeNames,
        DidYouMean(.nearest)
    )]
    UnknownType {
        /// The field's name.
        field: String,
        /// The type's name.
        found: String,
        /// The one that was probably meant.
        nearest: Option<String>,
    },
    /// `timestamp_field` or `host_field` names no field.
    #[error("`{key}` names `{value}`, which is not among the fields{}", DidYouMean(.nearest))]
    NoSuchField {
        /// `timestamp_field` or `host_field`.
        key: &'static str,
        /// The name that it gives.
        value: String,
        /// The field that was probably meant.
        nearest: Option<String>,
    },
    /// `timestamp_field` or `host_field` names a field of a type that does not fit.
    #[error("`{key}` names `{value}`, which is of type {found}: expected {allowed}")]
    UnfitField {
        /// `timestamp_field` or `host_field`.
        key: &'static str,
        /// The field's name.
        value: String,
        /// Its type.
        found: super::FieldType,
        /// The types that fit.
        allowed: &'static str,
    },
}

struct DidYouMean<'a>(&'a Option<String>);

impl fmt::Display for DidYouMean<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(name) => write!(f, "; did you mean `{name}`?"),
            None => Ok(()),
        }
    }
}

struct TypeNames;

impl fmt::Display for TypeNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, field_type) in super::FieldType::ALL.into_iter().enumerate() {
            write!(f, "{}`{field_type}`", if i == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}
