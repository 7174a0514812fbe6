//! Capture files for tools that read captures. SIP messages (`pjsip set logger pcap`) in clear,
//! each as the payload of a datagram between the two addresses; what passes the media ports (`rtp
//! set capture`), each datagram with its length and its beginning.
//!
//! The format is the classic one with raw IP packets (LINKTYPE_RAW, 101). Ports and addresses are
//! real; TCP, TLS and WebSocket are shown as UDP, which such tools reassemble without the
//! connection's beginning.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write as _};
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::SystemTime;

use sidetone_events::catalogue::Way;
use sidetone_events::{Bus, Event};

/// The largest payload of a datagram over IPv4: what is longer is cut.
const MAX_PAYLOAD: usize = 65_507;

/// An open capture; it ends when this is dropped.
#[derive(Debug)]
pub struct Capture {
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Capture {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Capture {
    /// Makes the file and follows the bus until dropped. Must be called within a runtime of
    /// several threads.
    ///
    /// # Errors
    /// When the file cannot be made, or exists.
    pub fn start(bus: &Bus, path: &Path) -> io::Result<Self> {
        let file = create(path)?;
        let events = bus.subscribe();
        Ok(Self { task: tokio::spawn(follow(events, file)) })
    }
}

async fn follow(mut events: sidetone_events::Subscription, mut file: BufWriter<File>) {
    while let Some(event) = events.next().await {
        let Event::SipMessage { way, local, remote, text, .. } = &*event else { continue };
        let (from, to) = match way {
            Way::In => (*remote, *local),
            Way::Out => (*local, *remote),
        };
        let text = text.as_bytes();
        let record = record(SystemTime::now(), from, to, (text, text.len()));
        let written = tokio::task::block_in_place(|| {
            file.write_all(&record)?;
            file.flush()
        });
        if let Err(error) = written {
            tracing::error!("the SIP capture ends: {error}");
            return;
        }
    }
}

/// A capture of datagrams of which the beginning is kept.
#[derive(Debug)]
pub struct Heads {
    file: BufWriter<File>,
    bytes: u64,
}

impl Heads {
    /// A capture that was forgotten does not fill the disk: it ends at this size.
    pub const LIMIT: u64 = 1 << 30;

    /// Makes the file.
    ///
    /// # Errors
    /// When the file cannot be made, or exists.
    pub fn create(path: &Path) -> io::Result<Self> {
        Ok(Self { file: create(path)?, bytes: 0 })
    }

    /// Adds a datagram of `whole` bytes that begins with `head`.
    ///
    /// # Errors
    /// When the disk is full, or the file has reached [`Self::LIMIT`].
    pub fn add(
        &mut self,
        at: SystemTime,
        (from, to): (SocketAddr, SocketAddr),
        head: &[u8],
        whole: usize,
    ) -> io::Result<()> {
        let record = record(at, from, to, (head, whole));
        self.bytes += record.len() as u64;
        if self.bytes > Self::LIMIT {
            return Err(io::Error::other("the file has a size of 1 GiB"));
        }
        self.file.write_all(&record)
    }

    /// Writes what waits, for whoever looks at the file meanwhile.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn create(path: &Path) -> io::Result<BufWriter<File>> {
    // The file tells of calls and holds digests: nobody but the owner may read it.
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = BufWriter::new(options.open(path)?);
    file.write_all(&file_header())?;
    file.flush()?;
    Ok(file)
}

fn file_header() -> [u8; 24] {
    let mut header = [0; 24];
    header[..4].copy_from_slice(&0xa1b2_c3d4_u32.to_be_bytes());
    header[4..8].copy_from_slice(&[0, 2, 0, 4]);
    header[16..20].copy_from_slice(&0x0004_0000_u32.to_be_bytes());
    header[20..].copy_from_slice(&101_u32.to_be_bytes());
    header
}

/// A datagram with a payload of `whole` bytes that begins with `kept`.
fn record(
    at: SystemTime,
    from: SocketAddr,
    to: SocketAddr,
    (kept, whole): (&[u8], usize),
) -> Vec<u8> {
    let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let whole = whole.min(MAX_PAYLOAD);
    let kept = &kept[..kept.len().min(whole)];
    let packet = packet(from, to, kept, whole);
    // Seconds fit until 2106, and a packet is below 65,536 bytes.
    let seconds = u32::try_from(since.as_secs()).unwrap_or(u32::MAX);
    let length = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX);
    let (held, sent) = (length(packet.len()), length(packet.len() - kept.len() + whole));
    let mut record = Vec::with_capacity(16 + packet.len());
    for number in [seconds, since.subsec_micros(), held, sent] {
        record.extend(number.to_be_bytes());
    }
    record.extend(packet);
    record
}

/// An IP packet (RFC 791, RFC 8200) that holds a datagram (RFC 768) without checksum, of whose
/// `whole` bytes the first are there.
fn packet(from: SocketAddr, to: SocketAddr, payload: &[u8], whole: usize) -> Vec<u8> {
    let datagram = u16::try_from(whole + 8).unwrap_or(u16::MAX);
    let mut packet = Vec::with_capacity(48 + payload.len());
    match (from.ip().to_canonical(), to.ip().to_canonical()) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            let total = datagram.saturating_add(20);
            packet.extend([0x45, 0]);
            packet.extend(total.to_be_bytes());
            packet.extend([0, 0, 0, 0, 64, 17, 0, 0]);
            packet.extend(source.octets());
            packet.extend(destination.octets());
            let sum = checksum(&packet);
            packet[10..12].copy_from_slice(&sum.to_be_bytes());
        }
        (source, destination) => {
            let v6 = |ip: IpAddr| match ip {
                IpAddr::V4(ip) => ip.to_ipv6_mapped(),
                IpAddr::V6(ip) => ip,
            };
            packet.extend([0x60, 0, 0, 0]);
            packet.extend(datagram.to_be_bytes());
            packet.extend([17, 64]);
            packet.extend(v6(source).octets());
            packet.extend(v6(destination).octets());
        }
    }
    packet.extend(from.port().to_be_bytes());
    packet.extend(to.port().to_be_bytes());
    packet.extend(datagram.to_be_bytes());
    packet.extend([0, 0]);
    packet.extend(payload);
    packet
}

/// The Internet checksum (RFC 1071).
fn checksum(bytes: &[u8]) -> u16 {
    let pairs = bytes.chunks(2).map(|pair| match pair {
        [high, low] => u32::from(u16::from_be_bytes([*high, *low])),
        [high] => u32::from(*high) << 8,
        _ => 0,
    });
    let mut sum: u32 = pairs.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    // Folded above, so it fits.
    !u16::try_from(sum).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_datagram_that_was_cut_keeps_its_length() {
        let (from, to) = ("192.0.2.1:4000".parse().unwrap(), "[2001:db8::2]:5000".parse().unwrap());
        let cut = record(SystemTime::UNIX_EPOCH, from, from, (&[0x80; 12], 172));
        assert_eq!(cut.len(), 16 + 20 + 8 + 12);
        assert_eq!(cut[8..16], [0, 0, 0, 40, 0, 0, 0, 200], "held and sent");
        assert_eq!(cut[18..20], [0, 200], "the length of the IP packet");
        assert_eq!(cut[40..42], [0, 180], "the length of the datagram");
        let cut = record(SystemTime::UNIX_EPOCH, from, to, (&[], 172));
        assert_eq!(cut[8..16], [0, 0, 0, 48, 0, 0, 0, 220]);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn messages_become_datagrams_between_the_two_addresses() {
        let path = std::env::temp_dir().join(format!("sidetone-capture-{}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let bus = Bus::new();
        let capture = Capture::start(&bus, &path).expect("a file");
        assert!(Capture::start(&bus, &path).is_err(), "no file is overwritten");
        let address = |text: &str| text.parse().expect("an address");
        let message = |local: &str, remote: &str, way| Event::SipMessage {
            way,
            transport: "WSS",
            local: address(local),
            remote: address(remote),
            text: "OPTIONS sip:a SIP/2.0\r\n\r\n".into(),
            is_shown: false,
        };
        bus.publish(message("192.0.2.1:8089", "198.51.100.7:40000", Way::In));
        bus.publish(message("[2001:db8::1]:5061", "[2001:db8::2]:5060", Way::Out));
        let size = || std::fs::metadata(&path).expect("the file").len();
        let expected = 24 + (16 + 20 + 8 + 25) + (16 + 40 + 8 + 25);
        for _ in 0..1_000 {
            if size() == expected {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        drop(capture);
        let bytes = std::fs::read(&path).expect("the file");
        assert_eq!(bytes.len() as u64, expected);
        let ip = &bytes[40..];
        assert_eq!((ip[0], ip[9]), (0x45, 17));
        assert_eq!(checksum(&ip[..20]), 0, "a right header sums up to nothing");
        assert_eq!(ip[12..20], [198, 51, 100, 7, 192, 0, 2, 1], "from the peer to us");
        assert_eq!(ip[20..24], [0x9c, 0x40, 0x1f, 0x99]);
        assert!(ip[28..].starts_with(b"OPTIONS sip:a"));
        let _ = std::fs::remove_file(path);
    }
}
