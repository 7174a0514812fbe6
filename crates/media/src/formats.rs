//! The payload types of one stream as tables: what an incoming number means, and which number the
//! same format has on the way out. Made once per plan, so that a packet costs an array access.

use sidetone_codec::{Codec, Format};
use sidetone_rtp::extension::uri;
use sidetone_sdp::negotiation::ilbc_frame_ms;
use sidetone_sdp::plan::{CodecPlan, StreamPlan};

/// Payload types are seven bits.
const PAYLOAD_TYPES: usize = 128;

/// What a payload type carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Payload {
    /// Not agreed.
    #[default]
    Unknown,
    /// The codec with this index in the plan.
    Codec(u8),
    /// telephone-event at this clock rate.
    Event(u32),
    /// Comfort noise (RFC 3389).
    ComfortNoise,
    /// Retransmission of this payload type (RFC 4588).
    Retransmission(u8),
}

/// Audio that can be transcoded: its format at full band and its RTP clock rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AudioFormat {
    pub(crate) format: Format,
    pub(crate) clock_rate: u32,
}

/// Opus is treated at its full band; the cheapest rate is chosen along the path.
const FULL_BAND: u32 = 48_000;

/// What decides whether a packet of one stream can be sent on another as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FormatKey(u64);

/// Real-time text (RFC 4103), by itself and with repetitions: their parameters name numbers of the
/// leg and say nothing of the format.
impl FormatKey {
    pub(crate) const TEXT: Self = Self(1);
    pub(crate) const REDUNDANT_TEXT: Self = Self(2);
}

#[derive(Clone, Debug)]
pub(crate) struct Formats {
    incoming: Box<[Payload; PAYLOAD_TYPES]>,
    keys: Vec<FormatKey>,
    audio: Vec<Option<AudioFormat>>,
    send_types: Vec<u8>,
    events: Vec<(u32, u8)>,
    comfort_noise: Option<u8>,
    pub(crate) extensions: Extensions,
}

/// Ids of the header extensions we write, read or pass on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Extensions {
    pub(crate) mid: Option<u8>,
    pub(crate) abs_send_time: Option<u8>,
    pub(crate) transport_cc: Option<u8>,
    /// The ids of [`PASSED`], 0 for those not agreed.
    passed: [u8; PASSED.len()],
}

/// Extensions that belong to the media and not to the hop.
const PASSED: [&str; 6] = [
    "urn:3gpp:video-orientation",
    "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay",
    "http://www.webrtc.org/experiments/rtp-hdrext/color-space",
    "http://www.webrtc.org/experiments/rtp-hdrext/video-content-type",
    "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension",
];

impl Formats {
    pub(crate) fn new(plan: &StreamPlan) -> Self {
        let mut incoming = Box::new([Payload::Unknown; PAYLOAD_TYPES]);
        let mut set = |payload_type: u8, payload: Payload| {
            if let Some(slot) = incoming.get_mut(usize::from(payload_type)) {
                *slot = payload;
            }
        };
        for (rtx, original) in &plan.rtx {
            set(*rtx, Payload::Retransmission(*original));
        }
        for (clock_rate, payload_type) in &plan.telephone_events {
            set(*payload_type, Payload::Event(*clock_rate));
        }
        if let Some(payload_type) = plan.comfort_noise {
            set(payload_type, Payload::ComfortNoise);
        }
        for (index, codec) in (0u8..).zip(&plan.codecs) {
            set(codec.receive_payload_type, Payload::Codec(index));
        }
        Self {
            incoming,
            keys: plan.codecs.iter().map(format_key).collect(),
            audio: plan.codecs.iter().map(audio_format).collect(),
            send_types: plan.codecs.iter().map(|codec| codec.send_payload_type).collect(),
            events: plan.telephone_events.clone(),
            comfort_noise: plan.comfort_noise,
            extensions: Extensions::new(&plan.extensions),
        }
    }

    pub(crate) fn incoming(&self, payload_type: u8) -> Payload {
        self.incoming.get(usize::from(payload_type)).copied().unwrap_or_default()
    }

    pub(crate) fn warm(&self) -> usize {
        let first = self.incoming.first().is_some_and(|payload| *payload == Payload::Unknown);
        let key = self.keys.first().map_or(0, |key| key.0 as usize & 1);
        usize::from(first) + key + self.send_types.first().map_or(0, |number| usize::from(*number))
    }

    pub(crate) fn key(&self, codec: u8) -> Option<FormatKey> {
        self.keys.get(usize::from(codec)).copied()
    }

    pub(crate) fn audio(&self, codec: u8) -> Option<AudioFormat> {
        self.audio.get(usize::from(codec)).copied().flatten()
    }

    /// The agreed codec of a format.
    pub(crate) fn index(&self, key: FormatKey) -> Option<u8> {
        let index = self.keys.iter().position(|own| *own == key)?;
        u8::try_from(index).ok()
    }

    /// The payload type under which a format leaves; `None` when the peer did not agree to it.
    pub(crate) fn outgoing(&self, key: FormatKey) -> Option<u8> {
        let index = self.keys.iter().position(|own| *own == key)?;
        self.send_types.get(index).copied()
    }

    pub(crate) fn send_type(&self, codec: u8) -> Option<u8> {
        self.send_types.get(usize::from(codec)).copied()
    }

    pub(crate) fn event_type(&self, clock_rate: u32) -> Option<u8> {
        self.events.iter().find(|(rate, _)| *rate == clock_rate).map(|(_, number)| *number)
    }

    pub(crate) fn comfort_noise(&self) -> Option<u8> {
        self.comfort_noise
    }
}

impl Extensions {
    fn new(agreed: &[(u8, String)]) -> Self {
        let id = |uri: &str| agreed.iter().find(|(_, agreed)| agreed == uri).map(|(id, _)| *id);
        Self {
            mid: id(uri::MID),
            abs_send_time: id(uri::ABS_SEND_TIME),
            transport_cc: id(uri::TRANSPORT_CC),
            passed: PASSED.map(|uri| id(uri).unwrap_or(0)),
        }
    }

    /// Whether some extension travels with the payload.
    pub(crate) fn passes_any(&self) -> bool {
        self.passed.iter().any(|id| *id != 0)
    }

    /// The id under which an element of `from` travels on; `None` for elements of the hop.
    pub(crate) fn pass(&self, from: &Self, id: u8) -> Option<u8> {
        let which = from.passed.iter().position(|own| *own == id && id != 0)?;
        self.passed.get(which).copied().filter(|id| *id != 0)
    }
}

/// The audio format of an agreed codec, when it can be decoded and encoded. Opus runs at `wanted`
/// Hz where it can.
pub(crate) fn format_of(codec: &CodecPlan, wanted: u32) -> Option<Format> {
    if codec.name == "ilbc" {
        let short = ilbc_frame_ms(&codec.local_fmtp, &codec.remote_fmtp) == 20;
        return Some(if short { Format::ILBC20 } else { Format::ILBC30 });
    }
    named_format(&codec.name, codec.clock_rate, codec.channels, wanted)
}

/// The audio format of an encoding in SDP.
pub(crate) fn named_format(
    name: &str,
    clock_rate: u32,
    channels: u8,
    wanted: u32,
) -> Option<Format> {
    match (name, clock_rate) {
        ("opus", _) => {
            let rate =
                if sidetone_codec::opus::RATES.contains(&wanted) { wanted } else { FULL_BAND };
            Some(Format::mono(Codec::Opus, rate))
        }
        ("l16", _) if channels <= 1 => Some(Format::slin(clock_rate)),
        ("speex", 8_000 | 16_000 | 32_000) => Some(Format::speex(clock_rate)),
        ("pcmu", 8_000) => Some(Format::ULAW),
        ("pcma", 8_000) => Some(Format::ALAW),
        ("g722", 8_000) => Some(Format::G722),
        ("gsm", 8_000) => Some(Format::GSM),
        ("g726-32", 8_000) => Some(Format::G726),
        ("aal2-g726-32", 8_000) => Some(Format::G726_AAL2),
        ("dvi4", 8_000) => Some(Format::ADPCM),
        ("lpc", 8_000) => Some(Format::LPC10),
        ("ilbc", 8_000) => Some(Format::ILBC30),
        _ => None,
    }
}

fn audio_format(codec: &CodecPlan) -> Option<AudioFormat> {
    let clock_rate = codec.clock_rate.max(1);
    format_of(codec, FULL_BAND).map(|format| AudioFormat { format, clock_rate })
}

/// Name, clock rate and channels, plus the parameters without which the bytes mean something
/// else: H.264 packetization mode, VP9 profile, AMR-like octet alignment.
fn format_key(codec: &CodecPlan) -> FormatKey {
    const DECISIVE: [(&str, &str); 4] =
        [("packetization-mode", "0"), ("profile-id", "0"), ("octet-align", "0"), ("bitrate", "")];
    match codec.name.as_str() {
        "t140" => return FormatKey::TEXT,
        "red" => return FormatKey::REDUNDANT_TEXT,
        _ => {}
    }
    let mut hash = Fnv::new();
    hash.feed(codec.name.as_bytes());
    hash.feed(&codec.clock_rate.to_be_bytes());
    hash.feed(&[codec.channels]);
    if codec.name == "ilbc" {
        // Both sides have a word in it, see `format_of`.
        hash.feed(&ilbc_frame_ms(&codec.local_fmtp, &codec.remote_fmtp).to_be_bytes());
        return FormatKey(hash.0);
    }
    for (name, default) in DECISIVE {
        let value = codec.remote_fmtp.split(';').find_map(|part| {
            let (key, value) = part.split_once('=')?;
            key.trim().eq_ignore_ascii_case(name).then_some(value.trim())
        });
        hash.feed(value.unwrap_or(default).as_bytes());
    }
    FormatKey(hash.0)
}

/// FNV-1a: the inputs come from our own plan, so no flood of collisions is possible.
struct Fnv(u64);

impl Fnv {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn feed(&mut self, bytes: &[u8]) {
        for byte in bytes.iter().chain(&[0xff]) {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
