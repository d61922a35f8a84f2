//! Who is let in to a page, and who is asked to log in first.

use axum::http::Method;
use axum::response::Response;

use super::page::is_settings;
use super::session::Session;
use super::{Form, csrf, login};
use crate::api::{Access, ApiError, Caller, Code, auth};
use crate::http::Call;

/// Lets a person in, or says why not. Where they have to log in first, what they are answered.
pub(crate) async fn admit(access: Access, call: &mut Call) -> Result<Option<Response>, ApiError> {
    let is_posted = call.method == Method::POST;
    if is_posted {
        csrf::check_origin(&call.headers)?;
        call.form = Some(Form::read(call).await?);
    }
    if access == Access::Public {
        return Ok(None);
    }
    let Some((session, caller)) = current(call).await? else {
        return login::ask(call).map(Some);
    };
    call.app.rates.count(caller.token.id, call.now())?;
    let scope = auth::reached(access, &caller, call).await.map_err(|error| hidden(error, call))?;
    // From here on errors are told within the frame of the person's own pages.
    call.session = Some(session.clone());
    call.admit(caller, scope);
    if let (true, Some(form)) = (is_posted, &call.form) {
        csrf::check_token(&session, form)?;
    }
    auth::require_access(access, call.caller()?)?;
    if let Some(scope) = scope.filter(|_| !is_settings(call)) {
        call.app.sessions.note_scope(&session, scope);
    }
    Ok(None)
}

/// Whose session it is, if it is one: its token is valid still.
pub(super) async fn current(call: &Call) -> Result<Option<(Session, Caller)>, ApiError> {
    let Some(session) = call.app.sessions.of(&call.headers, call.now()) else { return Ok(None) };
    match auth::valid(&call.app, session.token, call.now()).await {
        Ok(caller) => Ok(Some((session, caller))),
        Err(error) if error.code() == Code::Unauthenticated => {
            call.app.sessions.end(&session);
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// What is somebody else's is not there, as what is not.
fn hidden(error: ApiError, call: &Call) -> ApiError {
    match error.code() {
        Code::Forbidden | Code::NotFound => ApiError::no_route(&call.uri),
        _ => error,
    }
}
