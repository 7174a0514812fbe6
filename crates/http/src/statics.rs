//! Files below the static folder: streamed, with validators and single ranges (RFC 9110 §14).

use std::io::SeekFrom;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

use crate::date::{http_date, is_same, stamp};
use crate::path::{media_type, relative};

/// Read from the file and handed to the socket at a time.
const CHUNK_BYTES: u64 = 65_536;

/// A file to be sent.
struct Found {
    path: PathBuf,
    size: u64,
    modified: SystemTime,
}

/// Answers a request for `decoded`, the path below `/static/`. `None`: not found, which is also
/// the answer to everything that leads out of the folder.
pub(crate) async fn serve(
    folder: &Path,
    decoded: &str,
    asked: &HeaderMap,
) -> Option<Response<Body>> {
    let found = find(folder, decoded).await?;
    let since_epoch = stamp(found.modified);
    let tag = format!(
        "\"{:x}-{:x}-{:x}\"",
        since_epoch.as_secs(),
        since_epoch.subsec_nanos(),
        found.size
    );
    let mut response = if is_unchanged(asked, &tag, found.modified) {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        send(&found, asked, &tag).await?
    };
    let headers = response.headers_mut();
    insert(headers, header::ETAG, &tag);
    insert(headers, header::LAST_MODIFIED, &http_date(found.modified));
    insert(headers, header::CACHE_CONTROL, "no-cache");
    insert(headers, header::ACCEPT_RANGES, "bytes");
    insert(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    Some(response)
}

pub(crate) fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

async fn find(folder: &Path, decoded: &str) -> Option<Found> {
    let mut wanted = folder.join(relative(decoded)?);
    if decoded.is_empty() || decoded.ends_with('/') {
        wanted.push("index.html");
    }
    // Links may point anywhere: what counts is where the file really is.
    let root = tokio::fs::canonicalize(folder).await.ok()?;
    let path = tokio::fs::canonicalize(&wanted).await.ok()?;
    if !path.starts_with(&root) {
        return None;
    }
    let metadata = tokio::fs::metadata(&path).await.ok()?;
    if !metadata.is_file() {
        return None;
    }
    let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    Some(Found { path, size: metadata.len(), modified })
}

fn text(asked: &HeaderMap, name: HeaderName) -> Option<&str> {
    asked.get(name)?.to_str().ok()
}

/// RFC 9110 §13.2.2: If-None-Match counts before If-Modified-Since.
pub(crate) fn is_unchanged(asked: &HeaderMap, tag: &str, modified: SystemTime) -> bool {
    if let Some(known) = text(asked, header::IF_NONE_MATCH) {
        let bare = |known: &str| known.trim().trim_start_matches("W/") == tag;
        return known.trim() == "*" || known.split(',').any(bare);
    }
    text(asked, header::IF_MODIFIED_SINCE).is_some_and(|since| is_same(since, modified))
}

async fn send(found: &Found, asked: &HeaderMap, tag: &str) -> Option<Response<Body>> {
    let size = found.size;
    let applies = text(asked, header::IF_RANGE).is_none_or(|known| known == tag);
    let range =
        text(asked, header::RANGE).filter(|_| applies).map(|range| parse_range(range, size));
    let (first, length, status) = match range {
        None | Some(Range::Ignored) => (0, size, StatusCode::OK),
        Some(Range::Part { first, length }) => (first, length, StatusCode::PARTIAL_CONTENT),
        Some(Range::Outside) => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
            insert(response.headers_mut(), header::CONTENT_RANGE, &format!("bytes */{size}"));
            return Some(response);
        }
    };
    let mut file = File::open(&found.path).await.ok()?;
    if first > 0 {
        file.seek(SeekFrom::Start(first)).await.ok()?;
    }
    let mut response = Response::new(Body::from_stream(chunks(file, length)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    insert(headers, header::CONTENT_TYPE, media_type(&found.path));
    insert(headers, header::CONTENT_LENGTH, &length.to_string());
    if status == StatusCode::PARTIAL_CONTENT {
        let range = format!("bytes {first}-{}/{size}", first + length - 1);
        insert(headers, header::CONTENT_RANGE, &range);
    }
    Some(response)
}

/// The next `length` bytes of a file. A file that shrinks meanwhile ends the connection.
fn chunks(file: File, length: u64) -> impl futures_util::Stream<Item = std::io::Result<Bytes>> {
    stream::unfold((file, length), |(mut file, left)| async move {
        if left == 0 {
            return None;
        }
        let size = usize::try_from(left.min(CHUNK_BYTES)).unwrap_or(0);
        let mut chunk = vec![0; size];
        match file.read_exact(&mut chunk).await {
            Ok(_) => Some((Ok(Bytes::from(chunk)), (file, left - left.min(CHUNK_BYTES)))),
            Err(error) => Some((Err(error), (file, 0))),
        }
    })
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Range {
    /// Not understood: the whole file is sent, as RFC 9110 §14.2 allows.
    Ignored,
    /// Beyond the end.
    Outside,
    /// These bytes; never empty.
    Part { first: u64, length: u64 },
}

/// Reads `bytes=first-last`, `bytes=first-` and `bytes=-last`.
pub(crate) fn parse_range(header: &str, size: u64) -> Range {
    let Some((first, last)) = header.trim().strip_prefix("bytes=").and_then(|r| r.split_once('-'))
    else {
        return Range::Ignored;
    };
    let (first, last) = (first.trim(), last.trim());
    let (first, end) = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => (first, last.saturating_add(1).min(size)),
        (Ok(first), Err(_)) if last.is_empty() => (first, size),
        (Err(_), Ok(count)) if first.is_empty() => (size.saturating_sub(count), size),
        _ => return Range::Ignored,
    };
    if first >= end {
        return Range::Outside;
    }
    Range::Part { first, length: end - first }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_cut_to_the_file() {
        let part = |first, length| Range::Part { first, length };
        assert_eq!(parse_range("bytes=0-0", 10), part(0, 1));
        assert_eq!(parse_range("bytes=5-", 10), part(5, 5));
        assert_eq!(parse_range("bytes=-3", 10), part(7, 3));
        assert_eq!(parse_range("bytes=-30", 10), part(0, 10));
        assert_eq!(parse_range("bytes=2-99", 10), part(2, 8));
        assert_eq!(parse_range("bytes=10-", 10), Range::Outside);
        assert_eq!(parse_range("bytes=-0", 10), Range::Outside);
        assert_eq!(parse_range("bytes=3-2", 10), Range::Ignored);
        assert_eq!(parse_range("bytes=0-1,3-4", 10), Range::Ignored);
        assert_eq!(parse_range("lines=1-2", 10), Range::Ignored);
    }
}
