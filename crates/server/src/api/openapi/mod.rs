//! `GET /openapi.json`: the description of the API in OpenAPI 3.1.
//!
//! Made from the code, so that it says what the service does:
//!
//! ```text
//!  routes ── method, path, who may ──┐
//!  types of the answers ── schemas ──┼──► document ──► /openapi.json, docs/openapi.json
//!  operations ── what stands in      │                 (a test tells them apart)
//!    neither: words, examples, bodies┘
//! ```
//!
//! Every route has its row in `operations`; a test says where one is missing.

mod document;
mod examples;
mod failures;
mod operation;
mod operations;
mod requests;

#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use axum::http::header;
use axum::response::{IntoResponse, Response};

pub(super) use requests::OutputOptions;

/// `GET /openapi.json`.
pub(super) fn show() -> Response {
    static TEXT: LazyLock<String> = LazyLock::new(|| document::document().to_string());
    ([(header::CONTENT_TYPE, "application/json")], TEXT.as_str()).into_response()
}
