//! The description in a request: what its body is, read before anything is agreed. Step 4 of the
//! INVITE walk, and every offer inside a call.

use bytes::Bytes;
use sidetone_sip::headers::{ContentDisposition, ContentType};
use sidetone_sip::{Name, Request, Text};
use sidetone_ua::api::Reply;

use crate::message::{has_sdp, is_sdp, refusal, reply, text_of};

/// RFC 2046 §5.1.1.
const LONGEST_BOUNDARY: usize = 70;

/// Parts of one body that are looked at.
const MOST_PARTS: usize = 16;

/// Leaves SDP in a request, or nothing: the SDP part of several parts stands for the whole
/// (RFC 5621 §3.1), and what may be ignored is (RFC 3261 §20.11).
///
/// # Errors
/// The response that refuses what cannot be read or met: 415 (RFC 3261 §8.2.3), or 580 where a
/// reserved path is insisted on (RFC 3312 §5.1).
pub fn keep(request: &mut Request) -> Result<(), Box<Reply>> {
    if request.body.is_empty() {
        return Ok(());
    }
    let encoding = text_of(request, Name::ContentEncoding);
    if !encoding.is_empty() && !encoding.trim().eq_ignore_ascii_case("identity") {
        return Err(unsupported("Accept-Encoding", "identity"));
    }
    let kind = request.headers.typed::<ContentType>().ok().flatten();
    if let Some(part) = kind.and_then(|kind| sdp_part(&kind, &request.body)) {
        request.body = part;
        request.headers.set(Name::ContentType, "application/sdp");
    }
    if !has_sdp(request) {
        let disposition = request.headers.typed::<ContentDisposition>().ok().flatten();
        let handling = disposition.as_ref().and_then(|found| found.params.value("handling"));
        if !handling.is_some_and(|handling| handling.eq_ignore_case("optional")) {
            return Err(unsupported("Accept", "application/sdp, multipart/mixed"));
        }
        request.body = Bytes::new();
        request.headers.remove(Name::ContentType);
        return Ok(());
    }
    if wants_preconditions(&request.body) {
        let words = "preconditions (RFC 3312) cannot be met here";
        return Err(Box::new(refusal(580, words)));
    }
    Ok(())
}

fn unsupported(name: &str, value: &str) -> Box<Reply> {
    let mut reply = reply(415);
    reply.headers.push((name.to_owned(), value.to_owned()));
    Box::new(reply)
}

/// Whether a description insists on a reserved path (RFC 3312 §4). Peers that say so in
/// `Require` got 420 from the stack.
fn wants_preconditions(body: &[u8]) -> bool {
    let mut lines = body.split(|byte| *byte == b'\n');
    lines.any(|line| line.starts_with(b"a=des:qos mandatory"))
}

/// The first part that is SDP of a body of several (RFC 2046 §5.1).
fn sdp_part(kind: &ContentType, body: &Bytes) -> Option<Bytes> {
    let boundary = kind.params.value("boundary").map(Text::unquoted)?;
    let fits = (1..=LONGEST_BOUNDARY).contains(&boundary.as_bytes().len());
    if !kind.kind.eq_ignore_case("multipart") || !fits {
        return None;
    }
    let mark = [b"--", boundary.as_bytes()].concat();
    let mut rest = body.clone();
    for _ in 0..MOST_PARTS {
        rest = rest.slice(find(&rest, &mark)? + mark.len()..);
        let end = find(&rest, &mark)?;
        let (head, content) = halves(&rest.slice(..end))?;
        let types = head.lines().filter_map(|line| line.split_once(':'));
        let is_type = |name: &str| name.trim().eq_ignore_ascii_case("content-type");
        if types.into_iter().any(|(name, value)| is_type(name) && is_sdp(value)) {
            return Some(content);
        }
    }
    None
}

/// The header of a part and its content; the line break before the next mark belongs to that.
fn halves(part: &Bytes) -> Option<(String, Bytes)> {
    let blank = find(part, b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&part[..blank]).into_owned();
    let content = part.slice(blank + 4..);
    let length = content.len() - if content.ends_with(b"\r\n") { 2 } else { 0 };
    Some((head, content.slice(..length)))
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use sidetone_sip::Method;

    fn request(headers: &[(Name, &str)], body: &str) -> Request {
        let mut request = Request::new(Method::Invite, "sip:1@x".parse().expect("a URI"));
        for (name, value) in headers {
            request.headers.push(*name, *value);
        }
        request.body = Bytes::copy_from_slice(body.as_bytes());
        request
    }

    const SDP: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\n";

    #[test]
    fn the_sdp_among_several_parts_is_found_whole() {
        let parts = format!(
            "preamble\r\n--\"x\r\nContent-Type: application/ISUP;version=itu\r\n\
             \r\n\u{1}\u{2}\r\n--\"x\r\nContent-Disposition: session\r\n\
             content-type: application/sdp\r\n\r\n{SDP}\r\n\
             --\"x--\r\n"
        );
        let parts = parts.replace("\"x", "xy");
        for kind in ["multipart/mixed;boundary=xy", "Multipart/Mixed; a=b; boundary=\"xy\""] {
            let mut request = request(&[(Name::ContentType, kind)], &parts);
            keep(&mut request).expect("is read");
            assert!(has_sdp(&request));
            assert_eq!(&request.body[..], SDP.as_bytes(), "{kind}");
        }
    }

    #[test]
    fn what_cannot_be_read_or_met_is_refused_and_what_may_be_ignored_is() {
        let kind = (Name::ContentType, "application/isup");
        let sdp = (Name::ContentType, "application/sdp");
        let optional = (Name::ContentDisposition, "signal; handling=optional");
        let required = (Name::ContentDisposition, "signal; handling=required");
        let mandatory = format!("{SDP}a=des:qos mandatory local sendrecv\r\n");
        let wished = format!("{SDP}a=des:qos optional local sendrecv\r\n");
        for (headers, body, refused, left) in [
            (vec![kind], "x", Some((415, "Accept")), 1),
            (vec![kind, required], "x", Some((415, "Accept")), 1),
            (vec![kind, optional], "x", None, 0),
            (
                vec![sdp, (Name::ContentEncoding, "gzip")],
                SDP,
                Some((415, "Accept-Encoding")),
                SDP.len(),
            ),
            (vec![sdp, (Name::ContentEncoding, "identity")], SDP, None, SDP.len()),
            (vec![sdp], &mandatory, Some((580, "Warning")), mandatory.len()),
            (vec![sdp], &wished, None, wished.len()),
            (vec![], "", None, 0),
        ] {
            let mut request = request(&headers, body);
            let reply = keep(&mut request).err();
            let told = reply.as_ref().map(|reply| (reply.status, reply.headers[0].0.as_str()));
            assert_eq!(told, refused, "{headers:?}");
            assert_eq!(request.body.len(), left, "{headers:?}");
        }
    }

    proptest! {
        #[test]
        fn no_body_of_parts_does_harm(
            kind in "multipart/mixed; ?boundary=\"?[a-b-]{0,3}\"?",
            body in "(--|[ab]|\r\n|Content-Type: ?|application/sdp|:){0,60}",
        ) {
            let mut request = request(&[(Name::ContentType, kind.as_str())], &body);
            let _ = keep(&mut request);
            prop_assert!(request.body.len() <= body.len());
        }
    }
}
