//! The way in for records: one request to the ingest door.

use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::envelope::Envelope;
use super::{Client, ClientError};

/// The header that tells that this is the answer to an earlier request of the same key.
const REPLAYED: &str = "idempotent-replayed";
/// What a dataset's name may hold in a path as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// Where records go in: one dataset of one scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Door {
    /// `zones/{id}` or `accounts/{id}`.
    pub scope: String,
    /// The dataset's name.
    pub dataset: String,
}

/// What one request carries.
#[derive(Debug, Clone)]
pub struct Shipment {
    /// The records: lines.
    pub body: Bytes,
    /// What the lines are.
    pub content_type: &'static str,
    /// Makes the request safe to repeat.
    pub idempotency_key: String,
    /// The number, within its file, of the first line; `None` where lines have no numbers.
    pub first_line: Option<u64>,
    /// The name of the file that the lines are from.
    pub source: Option<String>,
}

/// What became of a request's lines, all of which are durable.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Receipt {
    /// Records that were taken.
    pub accepted: u64,
    /// Lines that are no good records and were put into quarantine.
    pub quarantined: u64,
    /// Why, for the first of them.
    #[serde(default)]
    pub errors: Vec<LineError>,
    /// Whether all of it had been stored before, and nothing was stored now.
    #[serde(skip)]
    pub repeated: bool,
}

/// Why a line was put into quarantine.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct LineError {
    /// The line's number within its file.
    pub line: u64,
    /// What is wrong with it.
    pub reason: String,
}

impl Client {
    /// Sends records in. They are durable when this returns a receipt.
    pub async fn ingest(&self, door: &Door, shipment: &Shipment) -> Result<Receipt, ClientError> {
        let dataset = utf8_percent_encode(&door.dataset, PLAIN);
        let url = format!("{}/ingest/v1/{}/{dataset}", self.base, door.scope);
        let mut request = self
            .http
            .post(&url)
            .bearer_auth(&self.token)
            .header("content-type", shipment.content_type)
            .header("idempotency-key", &shipment.idempotency_key)
            .body(shipment.body.clone());
        if let Some(line) = shipment.first_line {
            request = request.query(&[("first_line", line)]);
        }
        if let Some(source) = &shipment.source {
            request = request.query(&[("source", source)]);
        }
        let response = self.send(request).await?;
        let repeated = response.headers().contains_key(REPLAYED);
        let (result, _) = Envelope::read(response).await?.into_result()?;
        let receipt: Receipt = serde_json::from_value(result)
            .map_err(|error| ClientError::not_understood(url, &error))?;
        Ok(Receipt { repeated, ..receipt })
    }
}
