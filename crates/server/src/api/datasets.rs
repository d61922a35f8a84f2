//! Datasets: the fields that their records may have.

use std::sync::Arc;

use model::{Dataset, Field};
use serde::{Serialize, Serializer};

use super::{ApiError, ApiResult, Code, envelope};
use crate::http::Call;

/// Fields by name, in their documented order: type and description in one line.
struct Fields<'d>(Vec<&'d Field>);

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|field| {
            let line = match field.description.as_str() {
                "" => field.field_type.to_string(),
                description => format!("{}; {description}", field.field_type),
            };
            (&field.name, line)
        }))
    }
}

/// `GET {scope}/logpush/datasets/{dataset}/fields`.
pub(super) fn fields(call: &Call) -> ApiResult {
    let dataset = named(call)?;
    Ok(envelope::result(Fields(dataset.fields.iter().collect())))
}

/// `GET {scope}/logpush/datasets/{dataset}/fields/default`.
pub(super) fn default_fields(call: &Call) -> ApiResult {
    let dataset = named(call)?;
    Ok(envelope::result(Fields(dataset.default_fields().collect())))
}

/// The dataset that the path names, which is one of its kind of scope.
pub(super) fn named(call: &Call) -> Result<Arc<Dataset>, ApiError> {
    let name = call.params.get("dataset").unwrap_or_default();
    let dataset = call.app.datasets.named(name);
    let dataset = dataset.map_err(|error| ApiError::new(Code::NotFound, error.to_string()))?;
    let kind = call.scope()?.kind;
    if dataset.allows(kind) {
        return Ok(Arc::clone(dataset));
    }
    let message = format!("dataset `{name}` has no records of {}", kind.one());
    Err(ApiError::new(Code::BadRequest, message))
}
