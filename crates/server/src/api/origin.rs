//! Logpull options: whether jobs take them.

use model::output::OutputOptions;

use super::fields::Fields;
use super::{ApiResult, envelope};
use crate::http::Call;

/// The dataset that options are for where the request names none: the one that they were made for.
const DATASET: &str = "http_requests";

/// `POST {scope}/logpush/validate/origin`: whether a job of the dataset takes the options.
pub(super) async fn validate(call: &mut Call) -> ApiResult {
    let body = call.read_body().await?;
    let mut fields = Fields::parse(&body, &["logpull_options", "dataset"])?;
    let options = fields.text("logpull_options").value().unwrap_or_default();
    let dataset = fields.text("dataset").value().filter(|name| !name.is_empty());
    let name = dataset.as_deref().unwrap_or(DATASET);
    let dataset = match call.app.datasets.named(name) {
        Ok(dataset) => dataset,
        Err(error) => {
            fields.refuse("dataset", error.to_string());
            return Err(fields.into_error());
        }
    };
    fields.finish()?;
    let issues = OutputOptions::parse_logpull(&options, dataset).err().unwrap_or_default();
    let messages: Vec<_> = issues.into_iter().map(|issue| issue.message).collect();
    Ok(envelope::verdict(messages.join("; ")))
}
