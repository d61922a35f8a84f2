//! Receiving a body, within bounds of size, memory and time.
//!
//! A client that sends nothing for a while is given up, and so is one that sends a byte now and
//! then: neither is to hold a connection and memory for long.

use std::time::Duration;

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_LENGTH;
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout};

use super::IngestError;
use super::budget::Reserved;

/// How long a whole body may take.
const WHOLE_MAX: Duration = Duration::from_secs(600);
/// The slowest pace at which a body may come, apart from one silence.
const BYTES_PER_SECOND_MIN: f64 = 1024.0;

/// The length that the headers announce.
pub(super) fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Receives the body into `buffer`: at most `max` bytes, each reserved before it is kept, and none
/// later than `silence` after the one before it.
pub(super) async fn receive(
    body: &mut Body,
    max: u64,
    silence: Duration,
    buffer: &mut Vec<u8>,
    reserved: &mut Reserved,
) -> Result<(), IngestError> {
    let received = timeout(WHOLE_MAX, receive_all(body, max, silence, buffer, reserved)).await;
    received.unwrap_or(Err(IngestError::TooSlow(WHOLE_MAX.as_secs())))
}

async fn receive_all(
    body: &mut Body,
    max: u64,
    silence: Duration,
    buffer: &mut Vec<u8>,
    reserved: &mut Reserved,
) -> Result<(), IngestError> {
    let begun = Instant::now();
    loop {
        let frame = match timeout(silence, body.frame()).await {
            Err(_) => return Err(IngestError::Silent(silence.as_secs())),
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
        let allowed = Duration::from_secs_f64(buffer.len() as f64 / BYTES_PER_SECOND_MIN);
        if begun.elapsed() > silence + allowed {
            return Err(IngestError::Trickling(BYTES_PER_SECOND_MIN as u64));
        }
    }
}
