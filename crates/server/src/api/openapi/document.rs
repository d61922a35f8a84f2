//! The document, put together from routes, operations and types.

use schemars::SchemaGenerator;
use schemars::generate::{Contract, SchemaSettings};
use serde_json::{Map, Value, json};

use super::examples::EXAMPLES;
use super::failures;
use super::operation::{Answer, Body, Kind, Operation};
use super::operations::OPERATIONS;
use crate::api::error::Failure;
use crate::api::routes::expand_path;
use crate::api::{Access, routes};

/// The description of the API.
pub(super) fn document() -> Value {
    let mut schemas = Schemas::new();
    let mut paths: Map<String, Value> = Map::new();
    for operation in OPERATIONS {
        for (kind, path) in expand_path(operation.path) {
            let access = routes()
                .into_iter()
                .find(|route| route.method == operation.method && route.path == path)
                .map_or(Access::Operator, |route| route.access);
            let described = describe(operation, kind, &path, access, &mut schemas);
            paths.entry(path).or_insert_with(|| json!({}))[operation.method.to_lowercase()] =
                described;
        }
    }
    schemas.answers.subschema_for::<Failure<'_>>();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "logpush",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Log push as a service: jobs that deliver log records to the customer's bucket.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": [{"token": []}, {"email": [], "key": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "email": {"type": "apiKey", "in": "header", "name": "X-Auth-Email",
                    "description": "Any address; it goes with `X-Auth-Key`."},
                "key": {"type": "apiKey", "in": "header", "name": "X-Auth-Key",
                    "description": "The token."},
            },
            "responses": failures::responses(),
            "schemas": schemas.definitions(),
        },
    })
}

/// The types of requests and of answers; a member that may be absent is told differently in each.
struct Schemas {
    requests: SchemaGenerator,
    answers: SchemaGenerator,
}

impl Schemas {
    fn new() -> Self {
        let of = |contract| {
            let mut settings = SchemaSettings::draft2020_12();
            settings.contract = contract;
            settings.meta_schema = None;
            settings.definitions_path = "/components/schemas".into();
            settings.into_generator()
        };
        Self { requests: of(Contract::Deserialize), answers: of(Contract::Serialize) }
    }

    fn definitions(mut self) -> Map<String, Value> {
        let mut all = self.requests.take_definitions(true);
        all.extend(self.answers.take_definitions(true));
        for (name, example) in EXAMPLES {
            let example: Value = serde_json::from_str(example).unwrap_or_default();
            if let Some(schema) = all.get_mut(*name) {
                schema["examples"] = json!([example]);
            }
        }
        all
    }
}

fn describe(
    operation: &Operation,
    kind: &str,
    path: &str,
    access: Access,
    schemas: &mut Schemas,
) -> Value {
    let id = if kind.is_empty() {
        operation.name.to_owned()
    } else {
        format!("{kind}_{}", operation.name)
    };
    let mut described = json!({
        "operationId": id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": needed(access),
        "parameters": parameters(operation, path),
        "responses": responses(operation, access, schemas),
    });
    if access == Access::Public {
        // Where it matters whose token it is, a token may come along.
        let may_ask = json!([{}, {"token": []}]);
        described["security"] = if operation.fails.is_empty() { json!([]) } else { may_ask };
    }
    if let Some(body) = body(operation, schemas) {
        described["requestBody"] = body;
    }
    described
}

fn needed(access: Access) -> String {
    match access {
        Access::Public => "Needs no token.".to_owned(),
        Access::AnyToken => "Needs a valid token; shows what it covers.".to_owned(),
        Access::InScope(permission) => {
            format!("Needs `{}` in the account or zone of the path.", permission.name())
        }
        Access::InGrant(permission) => {
            format!("Needs `{}`; keeps within what the token is bound to.", permission.name())
        }
        Access::Operator => "Needs `admin` for the whole installation.".to_owned(),
    }
}

fn parameters(operation: &Operation, path: &str) -> Vec<Value> {
    let in_path = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let in_path = in_path.map(|name| {
        let schema = match name {
            "job_id" => json!({"type": "integer", "minimum": 1}),
            id if id.ends_with("_id") => json!({"type": "string", "pattern": "^[0-9a-f]{32}$"}),
            _ => json!({"type": "string", "pattern": "^[a-z0-9_]{1,64}$"}),
        };
        json!({"name": name, "in": "path", "required": true, "schema": schema})
    });
    let in_query = operation.query.iter().map(|parameter| {
        let schema = match parameter.kind {
            Kind::Text => json!({"type": "string"}),
            Kind::Number(default, max) => {
                json!({"type": "integer", "minimum": 1, "maximum": max, "default": default})
            }
        };
        json!({
            "name": parameter.name,
            "in": "query",
            "description": parameter.about,
            "schema": schema,
        })
    });
    let mut parameters: Vec<Value> = in_path.chain(in_query).collect();
    if matches!(operation.body, Body::Records) {
        parameters.push(json!({
            "name": "Idempotency-Key",
            "in": "header",
            "description": "A request that is repeated with its key within 24 hours is stored once.",
            "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
        }));
        parameters.push(json!({
            "name": "idempotency",
            "in": "query",
            "description": "Without the header: the same content within 24 hours is stored once.",
            "schema": {"type": "string", "enum": ["content"]},
        }));
    }
    parameters
}

fn body(operation: &Operation, schemas: &mut Schemas) -> Option<Value> {
    let content = match operation.body {
        Body::None => return None,
        Body::Json(schema, example) => {
            let example: Value = serde_json::from_str(example).unwrap_or_default();
            let schema = schema(&mut schemas.requests);
            json!({"application/json": {"schema": schema, "example": example}})
        }
        Body::Records => json!({
            "application/json": {
                "schema": {"type": "array", "items": {"type": "object"}},
                "example": [{"RayID": "3a6050bcbe121a87", "EdgeResponseStatus": 200}],
            },
            "application/x-ndjson": {
                "schema": {"type": "string"},
                "example": "{\"RayID\":\"3a6050bcbe121a87\",\"EdgeResponseStatus\":200}\n",
            },
        }),
    };
    Some(json!({"required": true, "content": content}))
}

fn responses(operation: &Operation, access: Access, schemas: &mut Schemas) -> Map<String, Value> {
    let mut responses = Map::new();
    let json = |schema| json!({"application/json": {"schema": schema}});
    let (content, also) = match operation.answer {
        Answer::Envelope(schema) => (json(schema(&mut schemas.answers)), None),
        Answer::Bare(schema, also) => (json(schema(&mut schemas.answers)), also),
        Answer::Content(content_type) => {
            let schema = if content_type == "application/json" { "object" } else { "string" };
            (json!({content_type: {"schema": {"type": schema}}}), None)
        }
    };
    for status in failures::statuses(operation, access) {
        let reference = format!("#/components/responses/{}", failures::name(status));
        responses.insert(status.to_string(), json!({"$ref": reference}));
    }
    for status in also.into_iter().chain([200]) {
        let done = json!({"description": operation.summary, "content": content});
        responses.insert(status.to_string(), done);
    }
    responses
}
