//! Receiving a body, within bounds of size, memory and time.

use std::time::Duration;

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_LENGTH;
use http_body_util::BodyExt;
use tokio::time::timeout;

use super::IngestError;
use super::budget::Reserved;

/// How long a client may send nothing in the middle of a body.
const SILENCE_MAX: Duration = Duration::from_secs(30);
/// How long a whole body may take: a client that sends a byte now and then is as good as silent.
const WHOLE_MAX: Duration = Duration::from_secs(600);

/// The length that the headers announce.
pub(super) fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Receives the body into `buffer`: at most `max` bytes, each reserved before it is kept.
pub(super) async fn receive(
    body: &mut Body,
    max: u64,
    buffer: &mut Vec<u8>,
    reserved: &mut Reserved,
) -> Result<(), IngestError> {
    let received = timeout(WHOLE_MAX, receive_all(body, max, buffer, reserved)).await;
    received.unwrap_or(Err(IngestError::TooSlow(WHOLE_MAX.as_secs())))
}

async fn receive_all(
    body: &mut Body,
    max: u64,
    buffer: &mut Vec<u8>,
    reserved: &mut Reserved,
) -> Result<(), IngestError> {
    loop {
        let frame = match timeout(SILENCE_MAX, body.frame()).await {
            Err(_) => return Err(IngestError::Silent(SILENCE_MAX.as_secs())),
            Ok(None) => return Ok(()),
            Ok(Some(Err(error))) => return Err(IngestError::Interrupted(error.to_string())),
            Ok(Some(Ok(frame))) => frame,
        };
        // Trailers carry nothing for us.
        let Ok(data) = frame.into_data() else { continue };
        if (buffer.len() + data.len()) as u64 > max {
            return Err(IngestError::BodyTooLarge { max });
        }
        reserved.grow(data.len())?;
        buffer.extend_from_slice(&data);
    }
}
