//! A request taken apart, with no journal behind the door: what its headers say, its body without
//! the content coding, and the lines sorted into frames. For fuzz targets and their corpora.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use journal::FrameDraft;
use model::{Checker, Datasets, Id, Scope};

use super::IngestError;
use super::budget::Budget;
use super::buffers::Buffers;
use super::frames::drafts;
use super::manifest::Manifest;
use super::sorter::{Sorter, Target};
use super::tenant::Tenant;

/// The bounds within which a request is taken apart.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Bytes of the body without its coding.
    pub decoded_bytes_max: u64,
    /// Bytes that may be reserved over all.
    pub memory_bytes_max: u64,
    /// Bytes of lines that are refused.
    pub quarantine_bytes_max: u64,
}

/// A request, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub struct Apart {
    /// Its body, without the content coding.
    pub decoded: Vec<u8>,
    /// The frames that it comes to, refused lines included; or why there are none.
    pub frames: Result<Vec<FrameDraft>, String>,
    /// Records that were taken.
    pub accepted: u64,
    /// Lines that were refused.
    pub quarantined: u64,
}

/// Takes a request for the dataset `http_requests` apart. Headers that HTTP does not allow are
/// left out, as no request has them.
///
/// # Errors
/// Why its headers, its query or its body are refused as a whole, in words.
pub fn take_apart(
    headers: &[(&str, &[u8])],
    query: &[(String, String)],
    body: &[u8],
    bounds: Bounds,
) -> Result<Apart, String> {
    let text = |error: IngestError| error.to_string();
    let manifest = Manifest::read(&header_map(headers), query).map_err(text)?;
    let max = bounds.memory_bytes_max;
    let mut reserved = Budget::new(max, max).reserve(Tenant::Operator);
    let mut decoded = Buffers::default().take(0);
    let max = bounds.decoded_bytes_max;
    manifest.coding.decode(body, max, &mut decoded, &mut reserved).map_err(text)?;
    let dataset = Datasets::builtin().get("http_requests").map(Arc::clone);
    let mut checker = Checker::new(dataset.ok_or("the dataset is not built in")?);
    let target = Target::Scope(Scope::zone(Id::from_bytes([7; 16])));
    let max = bounds.quarantine_bytes_max;
    let sorter = Sorter::new(target, &manifest, &mut checker, &mut reserved, max);
    let sorted = sorter.sort(&decoded);
    let body = decoded.to_vec();
    Ok(match sorted {
        Ok(sorted) => Apart {
            decoded: body,
            frames: Ok(drafts(sorted.frames, decoded, "http_requests")),
            accepted: sorted.outcome.accepted,
            quarantined: sorted.outcome.quarantined,
        },
        Err(error) => {
            let frames = Err(error.to_string());
            Apart { decoded: body, frames, accepted: 0, quarantined: 0 }
        }
    })
}

fn header_map(headers: &[(&str, &[u8])]) -> HeaderMap {
    let pair = |(name, value): &(&str, &[u8])| {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        Some((name, HeaderValue::from_bytes(value).ok()?))
    };
    headers.iter().filter_map(pair).collect()
}
