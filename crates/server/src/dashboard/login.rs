//! Logging in, by a token or by a link that is good once, and out.
//!
//! **Rules.** Nothing that was typed is lost where a session ends in the middle: the login page
//! carries the form along, and hands it back for sending after it. Looking at a link uses
//! nothing up, as programs that preview links do it; its button does.

use askama::Template;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use catalog::TokenHash;

use super::admit::current;
use super::page::{Frame, rendered, rendered_as, to};
use super::session::{AGE_SECONDS_MAX, COOKIE};
use super::texts::{LINK_USED, LOGGED_OUT, NO_TOKEN, SESSION_OVER, SESSION_OVER_FORM, WRONG_TOKEN};
use super::{Form, csrf};
use crate::api::{ApiError, ApiResult, Code, auth};
use crate::http::Call;

/// What the paths of links that log in begin with.
pub(crate) const LOGIN_ONCE: &str = "/login/once";
/// Before the names of fields that are carried along.
const KEPT: &str = "kept.";

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    frame: Frame,
    /// Where to go after it; a path of ours.
    next: String,
    /// The form that waits, if one does.
    kept: Vec<(String, String)>,
    notice: Option<&'static str>,
    problem: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "login_once.html")]
struct OncePage {
    frame: Frame,
    action: String,
    is_valid: bool,
    problem: &'static str,
}

#[derive(Template)]
#[template(path = "resume.html")]
struct ResumePage {
    frame: Frame,
    action: String,
    kept: Vec<(String, String)>,
}

/// `GET /login`.
pub(super) async fn show(call: &mut Call) -> ApiResult {
    if current(call).await?.is_some() {
        return Ok(to("/"));
    }
    let notice = call.query_value("out").map(|_| LOGGED_OUT);
    let next = local(&call.query_value("next").unwrap_or_default());
    let notice = notice.or((next != "/").then_some(SESSION_OVER));
    rendered(&LoginPage { frame: Frame::bare(call), next, kept: Vec::new(), notice, problem: None })
}

/// What somebody without a session is answered: the way to the login page or, with a form in
/// hand, the page itself with the form in it.
pub(super) fn ask(call: &mut Call) -> ApiResult {
    let path = call.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    if call.method != Method::POST {
        return Ok(to(&match path.as_str() {
            "/" => "/login".to_owned(),
            path => format!("/login?next={}", encoded(path)),
        }));
    }
    if call.uri.path() == "/logout" {
        return Ok(to("/login?out=1"));
    }
    let form = call.form.take().unwrap_or_default();
    // A secret does not go back over the line: it is typed once more.
    let is_kept = |name: &str| name != csrf::FIELD && !name.contains("secret");
    let kept = form.pairs().filter(|(name, _)| is_kept(name));
    let kept = kept.map(|(name, value)| (format!("{KEPT}{name}"), value.to_owned())).collect();
    let notice = Some(SESSION_OVER_FORM);
    let page = LoginPage { frame: Frame::bare(call), next: path, kept, notice, problem: None };
    rendered_as(StatusCode::UNAUTHORIZED, &page)
}

/// `POST /login`.
pub(super) async fn log_in(call: &mut Call) -> ApiResult {
    let form = Form::read(call).await?;
    let token = form.text("token");
    let next = local(form.text("next"));
    let (hash, now) = (TokenHash::of(token), call.now());
    match auth::valid(&call.app, hash, now).await {
        Ok(_) => {}
        Err(error) if error.code() == Code::Unauthenticated => {
            let problem = Some(if token.is_empty() { NO_TOKEN } else { WRONG_TOKEN });
            let kept = form.pairs().filter(|(name, _)| name.starts_with(KEPT));
            let kept = kept.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            let page = LoginPage { frame: Frame::bare(call), next, kept, notice: None, problem };
            return rendered_as(StatusCode::UNAUTHORIZED, &page);
        }
        Err(error) => return Err(error),
    }
    let (cookie, csrf) = begin(call, hash)?;
    let kept: Vec<(String, String)> = form
        .pairs()
        .filter_map(|(name, value)| Some((name.strip_prefix(KEPT)?.to_owned(), value.to_owned())))
        .collect();
    let answer = if kept.is_empty() {
        to(&next)
    } else {
        let frame = Frame { csrf, ..Frame::bare(call) };
        rendered(&ResumePage { frame, action: next, kept })?
    };
    Ok(with_cookie(answer, cookie))
}

/// `GET /login/once/{secret}`.
pub(super) fn show_once(call: &mut Call) -> ApiResult {
    let secret = call.params.get("secret").unwrap_or_default();
    let is_valid = call.app.sessions.is_invited(secret, call.now());
    once_page(call, is_valid)
}

fn once_page(call: &Call, is_valid: bool) -> ApiResult {
    let status = if is_valid { StatusCode::OK } else { StatusCode::GONE };
    let action = call.uri.path().to_owned();
    let frame = Frame::bare(call);
    rendered_as(status, &OncePage { frame, action, is_valid, problem: LINK_USED })
}

/// `POST /login/once/{secret}`.
pub(super) async fn log_in_once(call: &mut Call) -> ApiResult {
    let secret = call.params.get("secret").unwrap_or_default();
    let Some(token) = call.app.sessions.accept(secret, call.now()) else {
        return once_page(call, false);
    };
    match auth::valid(&call.app, token, call.now()).await {
        Ok(_) => {}
        Err(error) if error.code() == Code::Unauthenticated => return once_page(call, false),
        Err(error) => return Err(error),
    }
    let (cookie, _) = begin(call, token)?;
    Ok(with_cookie(to("/"), cookie))
}

/// `POST /logout`.
pub(super) fn log_out(call: &mut Call) -> ApiResult {
    if let Some(session) = &call.session {
        call.app.sessions.end(session);
    }
    let cookie = cookie(call, "", 0)?;
    Ok(with_cookie(to("/login?out=1"), cookie))
}

/// Begins a session: its cookie, and what its forms carry.
fn begin(call: &Call, token: TokenHash) -> Result<(HeaderValue, String), ApiError> {
    let (secret, session) = call.app.sessions.begin(token, call.now())?;
    Ok((cookie(call, &secret, AGE_SECONDS_MAX)?, session.csrf))
}

fn cookie(call: &Call, value: &str, seconds: i64) -> Result<HeaderValue, ApiError> {
    let secure = if call.is_over_tls() { "; Secure" } else { "" };
    let text =
        format!("{COOKIE}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}");
    HeaderValue::try_from(text).map_err(|error| ApiError::internal(error.to_string()))
}

fn with_cookie(mut answer: Response, cookie: HeaderValue) -> Response {
    answer.headers_mut().insert(header::SET_COOKIE, cookie);
    answer
}

/// The path, where it is one of ours; the beginning otherwise.
fn local(next: &str) -> String {
    let is_plain = next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let is_local = next.starts_with('/') && !next.starts_with("//") && is_plain;
    if is_local && !next.starts_with("/log") { next.to_owned() } else { "/".to_owned() }
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_ours_are_gone_to() {
        for next in ["/", "/accounts", "/zones/1/logs?page=2"] {
            assert_eq!(local(next), next);
        }
        for next in ["", "//evil.example", "https://evil.example", "/\\evil", "/a\nb", "/logout"] {
            assert_eq!(local(next), "/", "{next}");
        }
    }
}
