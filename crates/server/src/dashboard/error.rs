//! Errors as pages, within the person's own frame where there is one.

use askama::Template;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::page::{Frame, rendered_as};
use crate::api::{ApiError, Code};
use crate::http::Call;

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    frame: Frame,
    status: u16,
    title: &'static str,
    /// In words for people; empty where the title says it.
    message: String,
    /// All that is wrong, where it is a matter of values.
    issues: Vec<String>,
}

/// The page that tells of an error.
pub(crate) async fn error_page(error: ApiError, call: &mut Call) -> Response {
    let frame = match Frame::of(call).await {
        Ok(frame) => frame,
        Err(_) => Frame::bare(call),
    };
    page(frame, &error)
}

/// The page that tells of an error where there is no call.
pub(crate) fn plain_error_page(error: &ApiError) -> Response {
    page(Frame::default(), error)
}

/// Whether what does not exist at `path` would have been a page.
pub(crate) fn is_page_for(path: &str, headers: &HeaderMap) -> bool {
    let of_programs = ["/client/", "/ingest/"];
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
        && !of_programs.iter().any(|beginning| path.starts_with(beginning))
}

fn page(frame: Frame, error: &ApiError) -> Response {
    let status = error.code().status();
    let message = match error.code() {
        Code::NoRoute | Code::NotFound => String::new(),
        _ => sentence(error.message()),
    };
    let issues = error.issues().iter().map(|issue| sentence(&issue.message)).collect();
    let (title, status_code) = (title(error.code()), status.as_u16());
    let page = ErrorPage { frame, status: status_code, title, message, issues };
    let mut response = rendered_as(status, &page)
        .unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response());
    if let Some(seconds) = error.wait_seconds() {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

fn title(code: Code) -> &'static str {
    match code {
        Code::NoRoute | Code::NotFound => "There is nothing here",
        Code::Unauthenticated | Code::InvalidToken | Code::Forbidden => "You may not do this",
        Code::QuotaExceeded => "That is as many as there may be",
        Code::Conflict | Code::KeyReused => "Somebody was faster",
        Code::TooManyRequests | Code::Overloaded | Code::Unavailable => "Not now",
        Code::Internal => "Something broke on our side",
        Code::MethodNotAllowed
        | Code::BadRequest
        | Code::InvalidField
        | Code::TimedOut
        | Code::TooLarge
        | Code::UnsupportedMedia => "This cannot be understood",
    }
}

/// A message of the house as a sentence.
pub(crate) fn sentence(message: &str) -> String {
    let mut chars = message.chars();
    let first = chars.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let end = if message.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{end}", chars.as_str())
}
