//! That a form was sent from a page of ours, by the person whose session it is.
//!
//! Three locks, each enough by itself: the cookie is `SameSite=Strict`, the browser tells where
//! the request comes from, and each form carries its session's token.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::http::{HeaderMap, Uri, header};

use super::Form;
use super::session::Session;
use super::texts::{FOREIGN_FORM, FOREIGN_ORIGIN};
use crate::api::{ApiError, Code};

/// The name of the field that carries the session's token.
pub(super) const FIELD: &str = "csrf";

/// Refuses what another site had the browser send.
pub(super) fn check_origin(headers: &HeaderMap) -> Result<(), ApiError> {
    if is_own(headers) {
        return Ok(());
    }
    Err(ApiError::new(Code::Forbidden, FOREIGN_ORIGIN))
}

/// Refuses a form without the session's token.
pub(super) fn check_token(session: &Session, form: &Form) -> Result<(), ApiError> {
    let given = form.get(FIELD).unwrap_or_default();
    verify_slices_are_equal(given.as_bytes(), session.csrf.as_bytes())
        .map_err(|_| ApiError::new(Code::Forbidden, FOREIGN_FORM))
}

/// Whether the browser says that the request comes from a page of ours. Programs, which no other
/// site can instruct, say nothing.
/// <https://www.w3.org/TR/fetch-metadata/>
fn is_own(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    if let Some(site) = text("sec-fetch-site") {
        return matches!(site, "same-origin" | "none");
    }
    let Some(origin) = text(header::ORIGIN.as_str()) else { return true };
    let authority = origin.parse::<Uri>().ok().and_then(|uri| uri.authority().cloned());
    authority.is_some_and(|authority| text(header::HOST.as_str()) == Some(authority.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(headers: &[(&'static str, &'static str)], expected: bool) {
        let headers = headers.iter().map(|(name, value)| {
            (axum::http::HeaderName::from_static(name), axum::http::HeaderValue::from_static(value))
        });
        assert_eq!(is_own(&headers.collect()), expected);
    }

    #[test]
    fn only_pages_of_ours_may_send_forms() {
        check(&[], true);
        check(&[("sec-fetch-site", "same-origin")], true);
        check(&[("sec-fetch-site", "none")], true);
        check(&[("sec-fetch-site", "same-site")], false);
        check(&[("sec-fetch-site", "cross-site"), ("host", "a"), ("origin", "http://a")], false);
        check(&[("host", "a:80"), ("origin", "http://a:80")], true);
        check(&[("host", "a"), ("origin", "https://a")], true);
        check(&[("host", "a"), ("origin", "https://b")], false);
        check(&[("host", "a"), ("origin", "null")], false);
        check(&[("origin", "https://b")], false);
    }
}
