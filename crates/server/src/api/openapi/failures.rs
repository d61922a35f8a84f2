//! The failures that an operation can answer, by status, with what each code means.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::operation::{Body, Operation};
use crate::api::Access;
use crate::api::error::Code;

/// What a code means: the words of docs/errors.md.
pub(super) const fn meaning(code: Code) -> &'static str {
    match code {
        Code::InvalidToken => "`/user/tokens/verify` was asked with a token that is not valid",
        Code::NotFound => {
            "no such account, zone, job, token or dataset, or none that the token covers"
        }
        Code::BadRequest => "the request cannot be understood",
        Code::InvalidField => "a value in the body cannot be",
        Code::QuotaExceeded => "more jobs than are allowed",
        Code::TimedOut => "the body came in too slowly",
        Code::Conflict => "it contradicts what is there, such as a zone's name that is taken",
        Code::TooLarge => "the body is too large, as received or decompressed",
        Code::UnsupportedMedia => "a content type or content encoding that is not taken",
        Code::KeyReused => "the `Idempotency-Key` was used with another body within 24 hours",
        Code::TooManyRequests => {
            "the token makes more requests, the account sends more, or one address has more \
             connections open than it may"
        }
        Code::Internal => "the service failed",
        Code::Overloaded => "too much is under way at a time",
        Code::Unavailable => "the log or the catalogue cannot take more now",
        Code::MethodNotAllowed => "the route has other methods",
        Code::NoRoute => "no such route, or an id in it that can be none",
        Code::Forbidden => "the token may not do this, or is bound to another account or zone",
        Code::Unauthenticated => "no credentials, or an unknown, expired or revoked token",
    }
}

/// The statuses of the failures that an operation can answer.
pub(super) fn statuses(operation: &Operation, access: Access) -> BTreeSet<u16> {
    let mut codes = vec![Code::Internal, Code::Unavailable];
    codes.extend(operation.fails);
    match access {
        Access::Public => {}
        Access::AnyToken | Access::InGrant(_) | Access::Operator | Access::InScope(_) => {
            codes.extend([Code::Unauthenticated, Code::Forbidden, Code::TooManyRequests]);
        }
    }
    if operation.path.contains("_id}") || operation.path.contains("{scope}") {
        codes.push(Code::NoRoute);
    }
    if operation.path.contains("{dataset}") {
        codes.push(Code::NotFound);
    }
    if !operation.query.is_empty() {
        codes.push(Code::BadRequest);
    }
    if !matches!(operation.body, Body::None) {
        codes.extend([Code::BadRequest, Code::InvalidField, Code::TooLarge, Code::TimedOut]);
    }
    codes.into_iter().map(|code| code.status().as_u16()).collect()
}

/// What the responses of a status are called among the components.
pub(super) fn name(status: u16) -> String {
    format!("Failure{status}")
}

/// Every failure, by its status.
pub(super) fn responses() -> Map<String, Value> {
    let statuses: BTreeSet<u16> = Code::ALL.iter().map(|code| code.status().as_u16()).collect();
    statuses.into_iter().map(|status| (name(status), response(status))).collect()
}

fn response(status: u16) -> Value {
    let codes: Vec<Code> =
        Code::ALL.into_iter().filter(|code| code.status().as_u16() == status).collect();
    let lines: Vec<String> =
        codes.iter().map(|&code| format!("- {}: {}", code.number(), meaning(code))).collect();
    let example = json!({
        "success": false,
        "errors": [{"code": codes[0].number(), "message": meaning(codes[0])}],
        "messages": [],
        "result": null,
    });
    let mut response = json!({
        "description": lines.join("\n"),
        "content": {"application/json": {
            "schema": {"$ref": "#/components/schemas/Failure"},
            "example": example,
        }},
    });
    if matches!(status, 429 | 503) {
        response["headers"] = json!({"Retry-After": {
            "description": "Seconds to wait before the request is repeated.",
            "schema": {"type": "integer", "minimum": 0},
        }});
    }
    response
}
