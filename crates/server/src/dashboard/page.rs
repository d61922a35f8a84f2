//! What every page has around it.

use askama::Template;
use axum::response::{Html, IntoResponse};

use crate::api::{ApiError, ApiResult};
use crate::http::Call;

/// What every page has around it.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    pub(super) csrf: String,
}

impl Frame {
    pub(super) async fn of(_call: &Call) -> Result<Self, ApiError> {
        Ok(Self { csrf: String::new() })
    }
}

/// The answer that a page becomes.
pub(super) fn rendered(page: &impl Template) -> ApiResult {
    let text = page.render().map_err(|error| ApiError::internal(error.to_string()))?;
    Ok(Html(text).into_response())
}
