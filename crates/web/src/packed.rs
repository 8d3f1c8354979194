//! Answers as few bytes: gzip, where the browser takes it. A page of the workspace must come over 64 kbit/s.
//!
//! It refuses to pack what is packed already (pictures, archives, PDFs), what is short, and what a person is given as a file.

use std::io::Write;

use axum::{
    body::{Body, to_bytes},
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};
use flate2::{Compression, write::GzEncoder};

/// Shorter answers gain nothing.
const SHORT: usize = 1_000;
/// Longer ones are files, in an answer to a program: packing them would keep others waiting.
const LONG: usize = 4 << 20;

/// Whether a browser takes gzip.
pub fn is_taken(headers: &HeaderMap) -> bool {
    let said = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    said.split(',').map(str::trim).any(|one| {
        let (name, weight) = one.split_once(';').map_or((one, ""), |(name, weight)| (name.trim(), weight.trim()));
        name.eq_ignore_ascii_case("gzip") && weight.strip_prefix("q=").is_none_or(|weight| weight.parse::<f32>().is_ok_and(|weight| weight > 0.0))
    })
}

/// The same answer, packed where that makes it shorter.
pub async fn pack(response: Response) -> Response {
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let is_text = kind.starts_with("text/") || kind.starts_with("application/json") || kind.starts_with("image/svg") || kind == "font/ttf" || kind.starts_with("application/javascript");
    // A stream of events is read while it is written.
    if !is_text || kind.starts_with("text/event-stream") || response.headers().contains_key(header::CONTENT_DISPOSITION) || response.headers().contains_key(header::CONTENT_ENCODING) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    // It lies in memory whole already: a stream of events was let pass above.
    let Ok(bytes) = to_bytes(body, usize::MAX).await else { return Response::from_parts(parts, Body::empty()) };
    if !(SHORT..LONG).contains(&bytes.len()) {
        return Response::from_parts(parts, Body::from(bytes));
    }
    let mut packer = GzEncoder::new(Vec::with_capacity(bytes.len() / 3), Compression::new(5));
    let packed = packer.write_all(&bytes).and_then(|()| packer.finish());
    let Ok(packed) = packed else { return Response::from_parts(parts, Body::from(bytes)) };
    parts.headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    parts.headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(packed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_used_where_it_is_taken() {
        for (said, taken) in [("gzip, deflate, br", true), ("GZIP;q=0.5", true), ("gzip;q=0", false), ("br", false), ("", false)] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(said));
            assert_eq!(is_taken(&headers), taken, "{said}");
        }
    }
}
