//! Files that pages load: part of the program, with their content's hash in their address, so
//! that browsers keep them for good.

use std::io::Write;
use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use axum::http::header;
use axum::response::IntoResponse;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::api::{ApiError, ApiResult};
use crate::cli::hex;
use crate::http::Call;

/// Every file: its name, its type, its bytes.
const FILES: [(&str, &str, &[u8]); 5] = [
    ("app.css", "text/css; charset=utf-8", include_bytes!("../../assets/app.css")),
    ("app.js", "text/javascript; charset=utf-8", include_bytes!("../../assets/app.js")),
    ("connect.css", "text/css; charset=utf-8", include_bytes!("../../assets/connect.css")),
    ("connect.js", "text/javascript; charset=utf-8", include_bytes!("../../assets/connect.js")),
    ("icon.svg", "image/svg+xml", include_bytes!("../../assets/icon.svg")),
];

struct Asset {
    name: &'static str,
    address: String,
    content_type: &'static str,
    bytes: &'static [u8],
    gzipped: Vec<u8>,
}

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| FILES.iter().map(asset).collect());

fn asset(&(name, content_type, bytes): &(&'static str, &'static str, &'static [u8])) -> Asset {
    let hash = hex(&digest(&SHA256, bytes).as_ref()[..6]);
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    let address = format!("/assets/{stem}-{hash}.{ending}");
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let gzipped = encoder.write_all(bytes).and_then(|()| encoder.finish());
    let gzipped = gzipped.expect("writing to memory cannot fail");
    Asset { name, address, content_type, bytes, gzipped }
}

/// The address of the file of that name.
pub(super) fn address(name: &str) -> &'static str {
    let found = ASSETS.iter().find(|asset| asset.name == name);
    found.map_or("/assets/none", |asset| asset.address.as_str())
}

/// `GET /assets/{name}`.
pub(super) fn show(call: &mut Call) -> ApiResult {
    let path = call.uri.path();
    let found = ASSETS.iter().find(|asset| asset.address == path);
    let asset = found.ok_or_else(|| ApiError::no_route(&call.uri))?;
    let headers = [
        (header::CONTENT_TYPE, asset.content_type),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::VARY, "accept-encoding"),
    ];
    let accepted = call.headers.get(header::ACCEPT_ENCODING).and_then(|v| v.to_str().ok());
    if accepted.is_some_and(|accepted| accepted.contains("gzip")) {
        let coding = [(header::CONTENT_ENCODING, "gzip")];
        return Ok((headers, coding, asset.gzipped.as_slice()).into_response());
    }
    Ok((headers, asset.bytes).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_have_addresses_of_their_own_and_are_small() {
        for (name, _, bytes) in FILES {
            assert!(address(name).starts_with("/assets/"), "{name}");
            assert_ne!(address(name), "/assets/none");
            assert!(!bytes.is_empty());
        }
        let gzipped: usize = ASSETS.iter().map(|asset| asset.gzipped.len()).sum();
        assert!(gzipped < 60 << 10, "{gzipped} bytes");
    }
}
