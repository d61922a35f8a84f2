//! The frame of every answer: `success`, `errors`, `messages`, `result`, and for lists
//! `result_info`.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;

use super::page::PageInfo;

#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Done<T> {
    #[schemars(extend("const" = true))]
    success: bool,
    errors: [(); 0],
    messages: [(); 0],
    result: T,
    #[serde(skip_serializing_if = "Option::is_none")]
    result_info: Option<PageInfo>,
}

/// The answer with this result.
pub(crate) fn result(result: impl Serialize) -> Response {
    success(result, None)
}

/// Whether something can be used, and why not.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Validated")]
pub(super) struct Verdict {
    valid: bool,
    message: String,
}

/// The answer of a validation, with what is wrong; an empty message where nothing is.
pub(crate) fn verdict(message: String) -> Response {
    result(Verdict { valid: message.is_empty(), message })
}

/// The answer with these items of a list.
pub(crate) fn list(items: impl Serialize, info: PageInfo) -> Response {
    success(items, Some(info))
}

fn success(result: impl Serialize, result_info: Option<PageInfo>) -> Response {
    json(StatusCode::OK, &Done { success: true, errors: [], messages: [], result, result_info })
}

/// An answer of JSON.
pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    let text = serde_json::to_vec(body).expect("answers have text keys only");
    (status, [(header::CONTENT_TYPE, "application/json")], text).into_response()
}
