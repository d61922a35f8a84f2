//! *Domains* of an account. Only the operator adds and deletes them, as in the API.

use askama::Template;
use catalog::Page;
use model::Id;

use crate::api::{ApiError, ApiResult, Code, zones};
use crate::dashboard::Form;
use crate::dashboard::error::sentence;
use crate::dashboard::page::{Frame, base, rendered, to};
use crate::dashboard::text::Instant;
use crate::dashboard::zones::{Pager, page_number};
use crate::http::Call;

/// Zones of a page.
const PER_PAGE: usize = 50;

#[derive(Template)]
#[template(path = "settings/zones.html")]
struct ZonesPage {
    frame: Frame,
    path: String,
    zones: Vec<ShownZone>,
    is_operator: bool,
    typed: String,
    problem: Option<String>,
    pager: Pager,
}

struct ShownZone {
    id: String,
    name: String,
    path: String,
    created: Instant,
}

/// `GET /accounts/{account_id}/settings/zones`.
pub(in crate::dashboard) async fn show(call: &mut Call) -> ApiResult {
    page(call, String::new(), None).await
}

/// `POST /accounts/{account_id}/settings/zones`.
pub(in crate::dashboard) async fn add(call: &mut Call) -> ApiResult {
    let form = Form::read(call).await?;
    require_operator(call)?;
    let account = call.scope()?;
    let typed = form.text("name").to_owned();
    let Some(name) = zones::domain(&typed).filter(|name| !name.is_empty()) else {
        let problem = "This is no domain: expected one such as example.com.".to_owned();
        return page(call, typed, Some(problem)).await;
    };
    match zones::add(call, account.id, &name).await {
        Ok(zone) => Ok(told(call, &format!("The domain {} is added.", zone.name))?),
        Err(error) if error.code() == Code::Conflict => {
            page(call, typed, Some(sentence(error.message()))).await
        }
        Err(error) => Err(error),
    }
}

/// `POST /accounts/{account_id}/settings/zones/remove`.
pub(in crate::dashboard) async fn remove(call: &mut Call) -> ApiResult {
    let form = Form::read(call).await?;
    require_operator(call)?;
    let text = form.text("zone");
    let id: Id = text.parse().map_err(|_| ApiError::not_found("zone", text))?;
    let zone = call.app.catalog.zone(id).await?;
    if zone.account != call.scope()?.id {
        return Err(ApiError::not_found("zone", text));
    }
    match zones::remove(call, id).await {
        Ok(()) => told(call, &format!("The domain {} is deleted.", zone.name)),
        Err(error) if error.code() == Code::Conflict => {
            page(call, String::new(), Some(sentence(error.message()))).await
        }
        Err(error) => Err(error),
    }
}

fn require_operator(call: &Call) -> Result<(), ApiError> {
    if call.caller()?.is_operator() {
        return Ok(());
    }
    let message = "only the operator of the service adds and deletes domains";
    Err(ApiError::new(Code::Forbidden, message))
}

fn told(call: &Call, text: &str) -> ApiResult {
    if let Some(session) = &call.session {
        call.app.sessions.tell(session, "success", text);
    }
    Ok(to(&format!("{}/settings/zones", base(call.scope()?))))
}

async fn page(call: &Call, typed: String, problem: Option<String>) -> ApiResult {
    let account = call.scope()?;
    let zones = call.app.catalog.zones(Some(account.id), None, None, Page::ALL).await?.items;
    let number = page_number(call, PER_PAGE, zones.len());
    let pager = Pager::new(number, PER_PAGE, zones.len(), "");
    let shown = zones.into_iter().skip((number - 1) * PER_PAGE).take(PER_PAGE);
    let shown = shown.map(|zone| ShownZone {
        id: zone.id.to_string(),
        path: format!("{}/logs", base(model::Scope::zone(zone.id))),
        created: Instant(zone.created_at),
        name: zone.name,
    });
    rendered(&ZonesPage {
        zones: shown.collect(),
        frame: Frame::of(call).await?,
        path: format!("{}/settings/zones", base(account)),
        is_operator: call.caller()?.is_operator(),
        typed,
        problem,
        pager,
    })
}
