//! What makes two messages belong to one server transaction (RFC 3261 §17.2.3), and two
//! transactions carry one request (§8.2.2.2).

use sidetone_sip::headers::Via;
use sidetone_sip::{Essentials, Method, Name, Request};

/// Identifies a server transaction. Bytes, since all its parts are compared byte for byte.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ServerKey(Vec<u8>);

/// Identifies a request over all the ways it may arrive on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct MergeKey(Vec<u8>);

/// The key of a request read as method `method`: ACK and CANCEL look for INVITE.
pub(crate) fn server_key(request: &Request, essentials: &Essentials, method: &Method) -> ServerKey {
    let via = &essentials.via;
    let method = if *method == Method::Ack { &Method::Invite } else { method };
    if let Some(key) = unique_key(via, method) {
        return key;
    }
    let mut key = Vec::with_capacity(96);
    key.extend_from_slice(method.as_bytes());
    key.push(b' ');
    // RFC 2543 peers: the Request-URI, the tag of From, Call-ID, the number of CSeq, and the
    // top Via as it came. The tag of To is left out, since the ACK has ours and the INVITE none.
    request.uri.write(&mut key);
    key.push(b' ');
    key.extend_from_slice(essentials.from.tag().map(|tag| tag.as_bytes()).unwrap_or_default());
    key.push(b' ');
    key.extend_from_slice(essentials.call_id.0.as_bytes());
    key.extend_from_slice(&essentials.cseq.number.to_be_bytes());
    via.host.write(&mut key);
    key.extend_from_slice(&via.port.unwrap_or(0).to_be_bytes());
    key.extend_from_slice(via.branch().map(|branch| branch.as_bytes()).unwrap_or_default());
    ServerKey(key)
}

/// The key of requests whose branch is unique; also that of the responses to them.
pub(crate) fn unique_key(via: &Via, method: &Method) -> Option<ServerKey> {
    let branch = via.branch().filter(|_| via.is_branch_unique())?;
    let mut key = Vec::with_capacity(96);
    key.extend_from_slice(method.as_bytes());
    key.push(b' ');
    key.extend_from_slice(branch.as_bytes());
    key.push(b' ');
    via.host.write(&mut key);
    key.extend_from_slice(&via.port.unwrap_or(0).to_be_bytes());
    Some(ServerKey(key))
}

/// The key of a request outside a dialog, over all its ways; none inside a dialog.
pub(crate) fn merge_key(request: &Request, essentials: &Essentials) -> Option<MergeKey> {
    if essentials.to.tag().is_some() || !request.headers.has(Name::From) {
        return None;
    }
    let from_tag = essentials.from.tag()?;
    let mut key = Vec::with_capacity(96);
    key.extend_from_slice(essentials.call_id.0.as_bytes());
    key.push(b' ');
    key.extend_from_slice(from_tag.as_bytes());
    key.push(b' ');
    key.extend_from_slice(&essentials.cseq.number.to_be_bytes());
    key.extend_from_slice(request.method.as_bytes());
    Some(MergeKey(key))
}
