//! STUN messages (RFC 8489 §5, §14) and the attributes of TURN (RFC 8656 §18), as far as a client
//! needs them. Reading copies nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;

/// The fixed value of bytes 4 to 8.
pub const MAGIC_COOKIE: [u8; 4] = [0x21, 0x12, 0xA4, 0x42];
/// Bytes before the attributes.
pub const HEADER_LEN: usize = 20;
/// Attributes read of one message; servers send about eight.
const MAX_ATTRIBUTES: usize = 32;
/// Bytes of an HMAC-SHA1.
const INTEGRITY_LEN: usize = 20;

/// What tells transactions apart.
pub type TransactionId = [u8; 12];

/// The two bits of a message's type that say what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Wants a response.
    Request,
    /// Wants none.
    Indication,
    /// The request was granted.
    Success,
    /// It was not.
    Error,
}

/// Methods (RFC 8489 §18.2, RFC 8656 §17).
pub mod method {
    /// Which address a socket has outside.
    pub const BINDING: u16 = 1;
    /// Give me an address.
    pub const ALLOCATE: u16 = 3;
    /// Keep it, or take it back.
    pub const REFRESH: u16 = 4;
    /// Data to a peer.
    pub const SEND: u16 = 6;
    /// Data from a peer.
    pub const DATA: u16 = 7;
    /// Let a peer in.
    pub const CREATE_PERMISSION: u16 = 8;
    /// A short name for a peer.
    pub const CHANNEL_BIND: u16 = 9;
}

/// Attributes (RFC 8489 §18.3, RFC 8656 §18).
pub mod attribute {
    /// As [`XOR_MAPPED_ADDRESS`], in clear: servers of RFC 3489.
    pub const MAPPED_ADDRESS: u16 = 0x0001;
    /// Who asks.
    pub const USERNAME: u16 = 0x0006;
    /// HMAC-SHA1 over what stands before it.
    pub const MESSAGE_INTEGRITY: u16 = 0x0008;
    /// Why not.
    pub const ERROR_CODE: u16 = 0x0009;
    /// The short name of a peer.
    pub const CHANNEL_NUMBER: u16 = 0x000C;
    /// Seconds an allocation lasts.
    pub const LIFETIME: u16 = 0x000D;
    /// A peer behind the relay.
    pub const XOR_PEER_ADDRESS: u16 = 0x0012;
    /// What it sent, or is sent.
    pub const DATA: u16 = 0x0013;
    /// Where the credentials are valid.
    pub const REALM: u16 = 0x0014;
    /// The server's challenge.
    pub const NONCE: u16 = 0x0015;
    /// Our address on the relay.
    pub const XOR_RELAYED_ADDRESS: u16 = 0x0016;
    /// IPv4 or IPv6 (RFC 8656 §18.6).
    pub const REQUESTED_ADDRESS_FAMILY: u16 = 0x0017;
    /// Always UDP.
    pub const REQUESTED_TRANSPORT: u16 = 0x0019;
    /// Our address as the server sees it.
    pub const XOR_MAPPED_ADDRESS: u16 = 0x0020;
    /// Who made the program.
    pub const SOFTWARE: u16 = 0x8022;
    /// Where to go instead.
    pub const ALTERNATE_SERVER: u16 = 0x8023;
}

/// A message that was received.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// What it is.
    pub class: Class,
    /// What it is about.
    pub method: u16,
    /// Which request it answers.
    pub transaction: TransactionId,
    whole: &'a [u8],
}

impl<'a> Message<'a> {
    /// Reads a datagram. `None` for anything that is not exactly one STUN message.
    #[must_use]
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let header = bytes.get(..HEADER_LEN)?;
        let kind = u16::from_be_bytes([header[0], header[1]]);
        let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
        let fits = length.is_multiple_of(4) && HEADER_LEN + length == bytes.len();
        if kind & 0xC000 != 0 || header[4..8] != MAGIC_COOKIE || !fits {
            return None;
        }
        let class = match (kind & 0x0100 != 0, kind & 0x0010 != 0) {
            (false, false) => Class::Request,
            (false, true) => Class::Indication,
            (true, false) => Class::Success,
            (true, true) => Class::Error,
        };
        let method = (kind & 0x000F) | ((kind & 0x00E0) >> 1) | ((kind & 0x3E00) >> 2);
        let transaction = header[8..].try_into().ok()?;
        Some(Self { class, method, transaction, whole: bytes })
    }

    /// All attributes with their place in the message, as far as they are whole.
    fn attributes(&self) -> impl Iterator<Item = (usize, u16, &'a [u8])> {
        let whole = self.whole;
        let mut at = HEADER_LEN;
        let next = move || {
            let head = whole.get(at..at + 4)?;
            let kind = u16::from_be_bytes([head[0], head[1]]);
            let len = usize::from(u16::from_be_bytes([head[2], head[3]]));
            let value = whole.get(at + 4..at + 4 + len)?;
            let place = at;
            at += 4 + len.next_multiple_of(4);
            Some((place, kind, value))
        };
        std::iter::from_fn(next).take(MAX_ATTRIBUTES)
    }

    /// The value of the first attribute of a kind.
    #[must_use]
    pub fn value(&self, kind: u16) -> Option<&'a [u8]> {
        self.attributes().find(|(_, found, _)| *found == kind).map(|(_, _, value)| value)
    }

    /// Where the value of an attribute lies in the datagram.
    #[must_use]
    pub fn range(&self, kind: u16) -> Option<std::ops::Range<usize>> {
        let found = self.attributes().find(|(_, found, _)| *found == kind);
        found.map(|(at, _, value)| at + 4..at + 4 + value.len())
    }

    /// A text attribute; what is not UTF-8 in it is replaced.
    #[must_use]
    pub fn text(&self, kind: u16) -> Option<String> {
        self.value(kind).map(|value| String::from_utf8_lossy(value).into_owned())
    }

    /// A number of four bytes.
    #[must_use]
    pub fn number(&self, kind: u16) -> Option<u32> {
        self.value(kind)?.try_into().ok().map(u32::from_be_bytes)
    }

    /// ERROR-CODE as number and words.
    #[must_use]
    pub fn error(&self) -> Option<(u16, String)> {
        let value = self.value(attribute::ERROR_CODE)?;
        let (head, words) = value.split_at_checked(4)?;
        let code = u16::from(head[2] & 7) * 100 + u16::from(head[3].min(99));
        Some((code, String::from_utf8_lossy(words).into_owned()))
    }

    /// An address that is hidden from meddling NATs by exclusive or (RFC 8489 §14.2).
    #[must_use]
    pub fn xor_address(&self, kind: u16) -> Option<SocketAddr> {
        let clear = read_address(self.value(kind)?)?;
        Some(xor(clear, &self.transaction))
    }

    /// Where a binding response says we are.
    #[must_use]
    pub fn mapped_address(&self) -> Option<SocketAddr> {
        let plain = || read_address(self.value(attribute::MAPPED_ADDRESS)?);
        self.xor_address(attribute::XOR_MAPPED_ADDRESS).or_else(plain)
    }

    /// Whether MESSAGE-INTEGRITY is there and right (RFC 8489 §14.5).
    #[must_use]
    pub fn is_signed_with(&self, key: &[u8]) -> bool {
        let mut attributes = self.attributes();
        let signature = attributes.find(|(_, kind, _)| *kind == attribute::MESSAGE_INTEGRITY);
        let Some((at, _, signature)) = signature else { return false };
        let Some(signed) = self.whole.get(4..at) else { return false };
        let Some(mut mac) = hmac(key) else { return false };
        mac.update(&self.whole[..2]);
        mac.update(&length_until(at + 4 + INTEGRITY_LEN));
        mac.update(signed);
        mac.verify_slice(signature).is_ok()
    }
}

fn hmac(key: &[u8]) -> Option<Hmac<Sha1>> {
    Hmac::new_from_slice(key).ok()
}

fn length_until(end: usize) -> [u8; 2] {
    u16::try_from(end.saturating_sub(HEADER_LEN)).unwrap_or(u16::MAX).to_be_bytes()
}

fn read_address(value: &[u8]) -> Option<SocketAddr> {
    let (head, address) = value.split_at_checked(4)?;
    let port = u16::from_be_bytes([head[2], head[3]]);
    let ip: IpAddr = match head[1] {
        1 => <[u8; 4]>::try_from(address).ok()?.into(),
        2 => <[u8; 16]>::try_from(address).ok()?.into(),
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

/// Hides or reveals an address; doing it twice gives it back.
fn xor(address: SocketAddr, transaction: &TransactionId) -> SocketAddr {
    let port = address.port() ^ u16::from_be_bytes([MAGIC_COOKIE[0], MAGIC_COOKIE[1]]);
    let mask: Vec<u8> = MAGIC_COOKIE.iter().chain(transaction).copied().collect();
    let ip: IpAddr = match address.ip() {
        IpAddr::V4(ip) => {
            let mut octets = ip.octets();
            octets.iter_mut().zip(&mask).for_each(|(octet, mask)| *octet ^= mask);
            Ipv4Addr::from(octets).into()
        }
        IpAddr::V6(ip) => {
            let mut octets = ip.octets();
            octets.iter_mut().zip(&mask).for_each(|(octet, mask)| *octet ^= mask);
            Ipv6Addr::from(octets).into()
        }
    };
    SocketAddr::new(ip, port)
}

/// A message being written.
#[derive(Clone, Debug)]
pub struct Writer {
    bytes: Vec<u8>,
    transaction: TransactionId,
}

impl Writer {
    /// An empty message.
    #[must_use]
    pub fn new(class: Class, method: u16, transaction: TransactionId) -> Self {
        let class = match class {
            Class::Request => 0,
            Class::Indication => 0x0010,
            Class::Success => 0x0100,
            Class::Error => 0x0110,
        };
        let kind = (method & 0x000F) | ((method & 0x0070) << 1) | ((method & 0x0F80) << 2) | class;
        let mut bytes = Vec::with_capacity(128);
        bytes.extend(kind.to_be_bytes());
        bytes.extend([0, 0]);
        bytes.extend(MAGIC_COOKIE);
        bytes.extend(transaction);
        Self { bytes, transaction }
    }

    /// Adds an attribute. A value of more than 64 KiB is cut: no server reads it either way.
    #[must_use]
    pub fn with(mut self, kind: u16, value: &[u8]) -> Self {
        let len = u16::try_from(value.len()).unwrap_or(u16::MAX);
        self.bytes.extend(kind.to_be_bytes());
        self.bytes.extend(len.to_be_bytes());
        self.bytes.extend(value.iter().take(usize::from(len)));
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        self
    }

    /// Adds a number of four bytes.
    #[must_use]
    pub fn with_number(self, kind: u16, value: u32) -> Self {
        self.with(kind, &value.to_be_bytes())
    }

    /// Adds a hidden address.
    #[must_use]
    pub fn with_xor_address(self, kind: u16, address: SocketAddr) -> Self {
        let hidden = xor(address, &self.transaction);
        let mut value = vec![0, if hidden.is_ipv4() { 1 } else { 2 }];
        value.extend(hidden.port().to_be_bytes());
        match hidden.ip() {
            IpAddr::V4(ip) => value.extend(ip.octets()),
            IpAddr::V6(ip) => value.extend(ip.octets()),
        }
        self.with(kind, &value)
    }

    /// Adds ERROR-CODE.
    #[must_use]
    pub fn with_error(self, code: u16, words: &str) -> Self {
        let class = u8::try_from(code / 100).unwrap_or(0);
        let number = u8::try_from(code % 100).unwrap_or(0);
        let mut value = vec![0, 0, class, number];
        value.extend(words.as_bytes());
        self.with(attribute::ERROR_CODE, &value)
    }

    /// The message without a signature.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        let length = length_until(self.bytes.len());
        self.bytes[2..4].copy_from_slice(&length);
        self.bytes
    }

    /// The message with MESSAGE-INTEGRITY as its last attribute.
    #[must_use]
    pub fn sign(mut self, key: &[u8]) -> Vec<u8> {
        let length = length_until(self.bytes.len() + 4 + INTEGRITY_LEN);
        self.bytes[2..4].copy_from_slice(&length);
        let Some(mut mac) = hmac(key) else { return self.finish() };
        mac.update(&self.bytes);
        let signature = mac.finalize().into_bytes();
        self.with(attribute::MESSAGE_INTEGRITY, &signature).finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// RFC 5769 §2.2: a response over IPv4.
    const SAMPLE: &[u8] = b"\x01\x01\x00\x3c\x21\x12\xa4\x42\xb7\xe7\xa7\x01\xbc\x34\xd6\x86\xfa\
        \x87\xdf\xae\x80\x22\x00\x0b\x74\x65\x73\x74\x20\x76\x65\x63\x74\x6f\x72\x20\x00\x20\x00\
        \x08\x00\x01\xa1\x47\xe1\x12\xa6\x43\x00\x08\x00\x14\x2b\x91\xf5\x99\xfd\x9e\x90\xc3\x8c\
        \x74\x89\xf9\x2a\xf9\xba\x53\xf0\x6b\xe7\xd7\x80\x28\x00\x04\xc0\x7d\x4c\x96";

    #[test]
    fn the_response_of_rfc_5769_is_read_and_its_signature_checked() {
        let message = Message::parse(SAMPLE).unwrap();
        assert_eq!((message.class, message.method), (Class::Success, method::BINDING));
        assert_eq!(message.mapped_address(), Some("192.0.2.1:32853".parse().unwrap()));
        assert_eq!(message.text(attribute::SOFTWARE).as_deref(), Some("test vector"));
        assert!(message.is_signed_with(b"VOkJxbRl1RmTxUk/WvJxBt"));
        assert!(!message.is_signed_with(b"VOkJxbRl1RmTxUk/WvJxBT"));
        let mut changed = SAMPLE.to_vec();
        changed[46] ^= 1;
        assert!(!Message::parse(&changed).unwrap().is_signed_with(b"VOkJxbRl1RmTxUk/WvJxBt"));
    }

    #[test]
    fn an_error_is_read_with_its_words() {
        let bytes = Writer::new(Class::Error, method::ALLOCATE, [9; 12]).with_error(438, "Stale");
        let bytes = bytes.finish();
        let message = Message::parse(&bytes).unwrap();
        assert_eq!((message.class, message.method), (Class::Error, method::ALLOCATE));
        assert_eq!(message.error(), Some((438, "Stale".to_owned())));
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(
            transaction: [u8; 12], ip: IpAddr, port: u16, method in 0_u16..0x1000,
            data in proptest::collection::vec(any::<u8>(), 0..200), key: [u8; 16],
        ) {
            let address = SocketAddr::new(ip, port);
            let bytes = Writer::new(Class::Request, method, transaction)
                .with_xor_address(attribute::XOR_PEER_ADDRESS, address)
                .with(attribute::DATA, &data)
                .sign(&key);
            let message = Message::parse(&bytes).unwrap();
            prop_assert_eq!((message.class, message.method), (Class::Request, method));
            prop_assert_eq!(message.xor_address(attribute::XOR_PEER_ADDRESS), Some(address));
            prop_assert_eq!(message.value(attribute::DATA), Some(&data[..]));
            prop_assert_eq!(&bytes[message.range(attribute::DATA).unwrap()], &data[..]);
            prop_assert!(message.is_signed_with(&key));
        }
    }
}
