//! What can be said of a route, and the words to say it in.

use schemars::{JsonSchema, Schema, SchemaGenerator};

use crate::api::envelope::Done;
use crate::api::error::Code;

/// Makes a schema.
pub(super) type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// What is said of a route. Its method and path are those of the table of routes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Operation {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) tag: &'static str,
    /// What clients' generators call it.
    pub(super) name: &'static str,
    pub(super) summary: &'static str,
    pub(super) query: &'static [Parameter],
    pub(super) body: Body,
    pub(super) answer: Answer,
    /// Codes besides those that follow from who may ask and what is sent.
    pub(super) fails: &'static [Code],
}

/// A parameter of the query.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Text,
    /// From 1 to the second; without it the first.
    Number(u32, u32),
}

/// What a request sends.
#[derive(Debug, Clone, Copy)]
pub(super) enum Body {
    None,
    /// An object, and one as an example.
    Json(SchemaOf, &'static str),
    /// Records, in any form that the door takes.
    Records,
}

/// What a success answers.
#[derive(Debug, Clone, Copy)]
pub(super) enum Answer {
    /// The envelope.
    Envelope(SchemaOf),
    /// JSON without it, also with this other status.
    Bare(SchemaOf, Option<u16>),
    /// Another type of content.
    Content(&'static str),
}

impl Operation {
    pub(super) const fn query(self, query: &'static [Parameter]) -> Self {
        Self { query, ..self }
    }

    pub(super) const fn json(self, schema: SchemaOf, example: &'static str) -> Self {
        Self { body: Body::Json(schema, example), ..self }
    }

    pub(super) const fn body<T: JsonSchema>(self, example: &'static str) -> Self {
        self.json(schema_of::<T>, example)
    }

    pub(super) const fn records(self) -> Self {
        Self { body: Body::Records, ..self }
    }

    pub(super) const fn result<T: JsonSchema>(self) -> Self {
        Self { answer: Answer::Envelope(schema_of::<Done<T>>), ..self }
    }

    pub(super) const fn list<T: JsonSchema>(self) -> Self {
        Self { answer: Answer::Envelope(list_of::<T>), ..self }
    }

    pub(super) const fn bare<T: JsonSchema>(self, also: Option<u16>) -> Self {
        Self { answer: Answer::Bare(schema_of::<T>, also), ..self }
    }

    pub(super) const fn content(self, content_type: &'static str) -> Self {
        Self { answer: Answer::Content(content_type), ..self }
    }

    pub(super) const fn fails(self, fails: &'static [Code]) -> Self {
        Self { fails, ..self }
    }
}

fn schema_of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

fn list_of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    let mut schema = generator.subschema_for::<Done<Vec<T>>>();
    if let Some(serde_json::Value::Array(required)) = schema.get_mut("required") {
        required.push("result_info".into());
    }
    schema
}

pub(super) const fn text(name: &'static str, about: &'static str) -> Parameter {
    Parameter { name, about, kind: Kind::Text }
}

pub(super) const fn get(
    path: &'static str,
    tag: &'static str,
    name: &'static str,
    summary: &'static str,
) -> Operation {
    Operation {
        method: "GET",
        path,
        tag,
        name,
        summary,
        query: &[],
        body: Body::None,
        answer: Answer::Content("text/plain"),
        fails: &[],
    }
}

pub(super) const fn post(
    path: &'static str,
    tag: &'static str,
    name: &'static str,
    summary: &'static str,
) -> Operation {
    Operation { method: "POST", ..get(path, tag, name, summary) }
}

pub(super) const fn put(
    path: &'static str,
    tag: &'static str,
    name: &'static str,
    summary: &'static str,
) -> Operation {
    Operation { method: "PUT", ..get(path, tag, name, summary) }
}

pub(super) const fn delete(
    path: &'static str,
    tag: &'static str,
    name: &'static str,
    summary: &'static str,
) -> Operation {
    Operation { method: "DELETE", ..get(path, tag, name, summary) }
}
