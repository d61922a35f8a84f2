//! The routes of the door for records.

use axum::http::{HeaderName, HeaderValue};

use super::{ApiResult, envelope};
use crate::http::Call;
use crate::ingest::{Destined, Manifest, Receipt};

/// Tells that the request had been stored before and this is its first answer again.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// `POST /ingest/v1/{scope}/{dataset}`.
pub(super) async fn to_scope(call: &mut Call) -> ApiResult {
    let scope = call.scope()?;
    take_in(call, Destined::To(scope)).await
}

/// `POST /ingest/v1/{dataset}`: the zone is found for each record.
pub(super) async fn per_record(call: &mut Call) -> ApiResult {
    let grant = call.caller()?.token.grant;
    take_in(call, Destined::PerRecord(grant)).await
}

async fn take_in(call: &mut Call, destined: Destined) -> ApiResult {
    let manifest = Manifest::read(&call.headers, &call.query())?;
    let door = call.app.door.clone();
    let dataset = call.params.get("dataset").unwrap_or_default();
    let taken = door.take_in(destined, dataset, manifest, &call.headers, call.body.get()).await;
    let Receipt { outcome, repeated } = taken?;
    let mut response = envelope::result(outcome);
    if repeated {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    Ok(response)
}
