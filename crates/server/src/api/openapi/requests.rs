//! What requests may send. Handlers read bodies member by member; these types say the same to the
//! world, and a test holds their members against those that the handlers know.

#![expect(dead_code, reason = "the types describe; handlers read members one by one")]

use std::borrow::Cow;
use std::ops::RangeInclusive;

use model::TimestampFormat;
use model::compiled_job::{BATCH_BYTES, BATCH_RECORDS, BATCH_SECONDS};
use model::filter::FILTER_BYTES_MAX;
use model::output::{Compression, OPTION_NAMES, OutputType};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

/// A destination.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct DestinationOnly {
    /// Such as `s3://BUCKET/PATH?region=REGION`.
    #[schemars(length(min = 1))]
    destination_conf: String,
}

/// A destination that documents are asked for.
#[derive(JsonSchema)]
#[schemars(rename = "DestinationPolicyRequest", deny_unknown_fields)]
pub(super) struct Policy {
    /// Such as `s3://BUCKET/PATH?region=REGION`.
    #[schemars(length(min = 1))]
    destination_conf: String,
    /// Whether aborting uploads is to be granted too; without it there is a lifecycle rule.
    abort: Option<bool>,
}

/// A destination that documents are asked for, and for whom.
#[derive(JsonSchema)]
#[schemars(rename = "OperatorPolicyRequest", deny_unknown_fields)]
pub(super) struct PolicyOfOperator {
    /// Such as `s3://BUCKET/PATH?region=REGION`.
    #[schemars(length(min = 1))]
    destination_conf: String,
    /// Whether aborting uploads is to be granted too; without it there is a lifecycle rule.
    abort: Option<bool>,
    /// The account whose external id a role is to ask for.
    account_id: Option<String>,
}

/// Logpull options, and the dataset that they are for.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Origin {
    /// Such as `fields=RayID&timestamps=rfc3339`.
    logpull_options: Option<String>,
    /// `http_requests` where there is none.
    dataset: Option<String>,
}

/// A destination and what proves it.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Challenge {
    /// Such as `s3://BUCKET/PATH?region=REGION`.
    #[schemars(length(min = 1))]
    destination_conf: String,
    /// What the challenge file in the bucket holds.
    #[schemars(length(min = 1))]
    ownership_challenge: String,
}

/// A new account.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct NewAccount {
    #[schemars(length(min = 1, max = 256))]
    name: String,
    r#type: Option<String>,
}

/// A new zone.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct NewZone {
    /// A domain.
    #[schemars(length(min = 1, max = 254))]
    name: String,
    account: NewZoneAccount,
    r#type: Value,
    jump_start: Value,
}

/// The account of a new zone.
#[derive(JsonSchema)]
struct NewZoneAccount {
    #[schemars(regex(pattern = r"^[0-9a-f]{32}$"))]
    id: String,
}

/// A new token.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct NewToken {
    #[schemars(length(max = 120))]
    name: Option<String>,
    #[schemars(schema_with = "permissions")]
    permissions: Vec<String>,
    /// Binds the token to an account and its zones.
    account_id: Option<String>,
    /// Binds the token to a zone.
    zone_id: Option<String>,
    /// RFC 3339; without it the token does not expire.
    expires_on: Option<String>,
}

fn permissions(_: &mut SchemaGenerator) -> Schema {
    let names = catalog::Permission::ALL.map(catalog::Permission::name);
    json_schema!({"type": "array", "minItems": 1, "items": {"enum": names}})
}

/// What a job is to be. `null` unsets.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct JobMembers {
    /// Fixed once the job exists.
    dataset: Option<String>,
    /// Such as `s3://BUCKET/PATH?region=REGION`. Another one than before has to be proven.
    destination_conf: Option<String>,
    /// What the challenge file in the bucket holds, where the destination asks for proof.
    #[schemars(length(max = 4096))]
    ownership_challenge: Option<String>,
    /// Whether it pushes.
    enabled: Option<bool>,
    #[schemars(length(max = 512))]
    name: Option<String>,
    /// Fixed once the job exists.
    #[schemars(schema_with = "kind")]
    kind: Option<String>,
    /// Which records: JSON in a string.
    #[schemars(length(max = FILTER_BYTES_MAX))]
    filter: Option<String>,
    /// Replaced as a whole.
    output_options: Option<OutputOptions>,
    /// The older way to write output options, which win over it.
    logpull_options: Option<String>,
    #[schemars(schema_with = "frequency")]
    frequency: Option<String>,
    #[schemars(schema_with = "upload_bytes")]
    max_upload_bytes: Option<u64>,
    #[schemars(schema_with = "upload_seconds")]
    max_upload_interval_seconds: Option<u64>,
    #[schemars(schema_with = "upload_records")]
    max_upload_records: Option<u64>,
    /// Leaves out records of DDoS attacks.
    filter_attack_traffic: Option<bool>,
    /// Not looked at.
    id: Value,
    /// Not looked at.
    last_complete: Value,
    /// Not looked at.
    last_error: Value,
    /// Not looked at.
    error_message: Value,
}

fn kind(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"enum": ["", "edge", null]})
}

fn frequency(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"enum": ["high", "low", "", null]})
}

fn bound(allowed: &RangeInclusive<u64>) -> Schema {
    json_schema!({"anyOf": [
        {"type": "null"},
        {"const": 0},
        {"type": "integer", "minimum": allowed.start(), "maximum": allowed.end()},
    ]})
}

fn upload_bytes(_: &mut SchemaGenerator) -> Schema {
    bound(&BATCH_BYTES)
}

fn upload_seconds(_: &mut SchemaGenerator) -> Schema {
    bound(&BATCH_SECONDS)
}

fn upload_records(_: &mut SchemaGenerator) -> Schema {
    bound(&BATCH_RECORDS)
}

/// A job to change: what is absent stays.
pub(super) fn job_to_change(generator: &mut SchemaGenerator) -> Schema {
    let mut schema = JobMembers::json_schema(generator);
    schema.remove("required");
    schema
}

/// A job to create.
pub(super) fn new_job(generator: &mut SchemaGenerator) -> Schema {
    let mut schema = job_to_change(generator);
    let required = ["dataset", "destination_conf"];
    schema.insert("required".to_owned(), json!(required));
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        for name in required {
            properties[name] = json!({"type": "string", "minLength": 1});
        }
    }
    schema
}

/// A job's `output_options`, made from what the model allows.
pub(in crate::api) struct OutputOptions;

impl JsonSchema for OutputOptions {
    fn schema_name() -> Cow<'static, str> {
        "OutputOptions".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let options = OPTION_NAMES.map(|name| (name.to_owned(), option(name)));
        json_schema!({
            "type": "object",
            "description": "Which fields, of which records, in what form.",
            "properties": serde_json::Map::from_iter(options),
            "additionalProperties": false,
        })
    }
}

fn option(name: &str) -> Value {
    let word = |names: &[&str]| {
        json!({
            "type": ["string", "null"],
            "description": format!("One of `{}`, in any case.", names.join("`, `")),
            "examples": names,
        })
    };
    match name {
        "field_names" => json!({
            "type": ["array", "null"],
            "items": {"type": "string"},
            "description": "The fields in the order of the output.",
        }),
        "output_type" => word(&OutputType::ALL.map(OutputType::name)),
        "timestamp_format" => word(&TimestampFormat::ALL.map(TimestampFormat::name)),
        "compression" => word(&Compression::ALL.map(Compression::name)),
        "sample_rate" => json!({
            "type": ["number", "null"], "exclusiveMinimum": 0, "maximum": 1,
            "description": "The share of the records that is pushed.",
        }),
        "CVE-2021-44228" => json!({
            "type": ["boolean", "null"],
            "description": "Whether each `${` becomes `x{`.",
        }),
        "merge_subrequests" => json!({
            "type": ["boolean", "null"],
            "description": "Whether subrequests are joined to the requests that caused them; for \
                            `http_requests` alone.",
        }),
        _ => json!({"type": ["string", "null"]}),
    }
}
