//! A field of a dataset and the type of its values.

use std::fmt;

/// What a field's value is, besides `null`, which every field may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FieldType {
    /// A JSON string.
    String,
    /// A JSON number that is whole, of any size and in any notation: `1000`, `1e3`, `1000.0`.
    Int,
    /// Any JSON number.
    Float,
    /// `true` or `false`.
    Bool,
    /// An instant in any form that `time::parse_json_record_time` reads.
    Timestamp,
    /// A JSON object.
    Object,
    /// A JSON array; its elements are of that type or `null`.
    Array(ElementType),
}

/// What an array's elements are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ElementType {
    /// JSON strings.
    String,
    /// JSON numbers that are whole, as those of [`FieldType::Int`].
    Int,
    /// JSON objects.
    Object,
}

impl FieldType {
    /// Every type, in the order in which messages list them.
    pub const ALL: [Self; 9] = [
        Self::String,
        Self::Int,
        Self::Float,
        Self::Bool,
        Self::Timestamp,
        Self::Object,
        Self::Array(ElementType::String),
        Self::Array(ElementType::Int),
        Self::Array(ElementType::Object),
    ];

    /// The type's name in schemas, such as `int` or `array[string]`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Int => "int",
            Self::Float => "float",
            Self::Bool => "bool",
            Self::Timestamp => "timestamp",
            Self::Object => "object",
            Self::Array(ElementType::String) => "array[string]",
            Self::Array(ElementType::Int) => "array[int]",
            Self::Array(ElementType::Object) => "array[object]",
        }
    }

    /// The type of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field_type| field_type.name() == name)
    }
}

impl fmt::Display for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One field of a dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name, `[A-Za-z0-9_.@-]`: the same bytes within JSON quotes as without.
    pub name: String,
    /// The type of its values.
    pub field_type: FieldType,
    /// One line for people; may be empty.
    pub description: String,
    /// Whether it is kept for old jobs only.
    pub deprecated: bool,
}
