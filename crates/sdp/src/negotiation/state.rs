//! What one leg remembers from exchange to exchange.

use sidetone_base::Random;

use super::payload::{PayloadBook, identity};
use crate::attributes::{Fax, Fingerprint, SdesSuite};
use crate::limits::MAX_REMEMBERED;
use crate::plan::{
    CodecPlan, Direction, DtlsRole, LocalIce, LocalTransport, MediaKind, MediaPlan, Protection,
    StreamPlan, StreamState, TransportPlan,
};

/// Everything agreed (or, while an offer of ours is open, offered).
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    pub(super) streams: Vec<Stream>,
    pub(super) transports: Vec<Transport>,
    /// MIDs ever seen: none is used for another line (RFC 9143 §7.1).
    pub(super) used_mids: Vec<String>,
    pub(super) book: PayloadBook,
    /// Header extension ids of the session; they keep their meaning like payload types
    /// (RFC 8285 §5).
    pub(super) extension_ids: Vec<(u8, String)>,
    pub(super) initial_offerer: Option<Offerer>,
    /// BUNDLE groups as line numbers, the tagged line first. Empty when the peer does not bundle.
    pub(super) bundles: Vec<Vec<usize>>,
    /// The peer writes MIDs.
    pub(super) peer_has_mids: bool,
}

/// Which side made the first offer of the leg; decides the ICE roles (RFC 8445 §6.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Offerer {
    Us,
    Peer,
}

/// One `m=` line.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    pub(super) plan: StreamPlan,
    /// The word after `m=`.
    pub(super) media: String,
    pub(super) protocol: String,
    /// The formats to repeat while the line is refused.
    pub(super) formats: Vec<String>,
    /// In an open offer: the line has port 0 and lives in the bundle or not at all.
    pub(super) bundle_only: bool,
    /// Packet time we ask for.
    pub(super) local_ptime_ms: u32,
    /// Of an image: what we say of our fax.
    pub(super) local_fax: Option<Fax>,
}

/// One path for packets.
#[derive(Clone, Debug, Default)]
pub(super) struct Transport {
    /// Set while any active stream uses it.
    pub(super) plan: Option<TransportPlan>,
    pub(super) role: Option<DtlsRole>,
    pub(super) remote_fingerprints: Vec<Fingerprint>,
    pub(super) remote_tls_id: Option<String>,
    pub(super) local_fingerprints: Vec<(String, Vec<u8>)>,
    /// Our certificate changed since the role was agreed.
    pub(super) association_changed: bool,
    pub(super) tls_id: String,
    /// Our half does ICE, and whether as a lite agent.
    pub(super) local_ice: Option<Agent>,
    /// Our SDES keys, one per suite, for the life of the transport.
    pub(super) sdes_keys: Vec<(SdesSuite, Vec<u8>)>,
}

/// The two sorts of ICE agent (RFC 8445 §2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Agent {
    Full,
    Lite,
}

impl Transport {
    /// Our key for a suite, drawn once.
    pub(super) fn sdes_key(&mut self, suite: SdesSuite, random: &mut dyn Random) -> Vec<u8> {
        if let Some((_, key)) = self.sdes_keys.iter().find(|(known, _)| *known == suite) {
            return key.clone();
        }
        let mut key = vec![0; suite.key_and_salt_bytes()];
        random.fill(&mut key);
        self.sdes_keys.push((suite, key.clone()));
        key
    }

    /// Notes our half. Another certificate means another association, which another `tls-id`
    /// announces (RFC 8842 §4).
    pub(super) fn note_local(&mut self, local: &LocalTransport, random: &mut dyn Random) {
        let agent = |ice: &LocalIce| if ice.lite { Agent::Lite } else { Agent::Full };
        self.local_ice = local.ice.as_ref().map(agent);
        if self.tls_id.is_empty() || self.local_fingerprints != local.fingerprints {
            self.local_fingerprints.clone_from(&local.fingerprints);
            self.association_changed = true;
            // RFC 8842 §4: 20 to 255 characters.
            self.tls_id = random.token(24);
        }
    }
}

impl Stream {
    /// A line in use, with sources of its own.
    pub(super) fn new(
        kind: MediaKind,
        media: &str,
        msid_stream: &str,
        random: &mut dyn Random,
    ) -> Self {
        let plan = StreamPlan {
            kind,
            state: StreamState::Active,
            mid: None,
            direction: Direction::Inactive,
            transport: 0,
            codecs: Vec::new(),
            telephone_events: Vec::new(),
            comfort_noise: None,
            fax: None,
            rtx: Vec::new(),
            ptime_ms: crate::attributes::format::DEFAULT_PTIME_MS,
            extensions: Vec::new(),
            remote_ssrcs: Vec::new(),
            remote_cname: None,
            // RFC 3550 allows 0, but it reads like "none".
            local_ssrc: random.u32().max(1),
            local_rtx_ssrc: (kind == MediaKind::Video).then(|| random.u32().max(1)),
            label: None,
            local_msid: Some((msid_stream.to_owned(), random.token(16))),
            rtcp_reduced_size: false,
        };
        Self {
            plan,
            media: media.to_owned(),
            protocol: String::new(),
            formats: vec!["0".to_owned()],
            bundle_only: false,
            local_ptime_ms: crate::attributes::format::DEFAULT_PTIME_MS,
            local_fax: None,
        }
    }

    pub(super) fn is_active(&self) -> bool {
        self.plan.state == StreamState::Active
    }

    /// Takes the line out of use; what it agreed on is gone.
    pub(super) fn reject(&mut self) {
        let plan = &mut self.plan;
        plan.state = StreamState::Rejected;
        plan.direction = Direction::Inactive;
        plan.transport = 0;
        plan.codecs.clear();
        plan.telephone_events.clear();
        plan.comfort_noise = None;
        plan.fax = None;
        plan.rtx.clear();
        plan.extensions.clear();
        plan.remote_ssrcs.clear();
        plan.remote_cname = None;
        plan.label = None;
        plan.rtcp_reduced_size = false;
        self.bundle_only = false;
        self.local_fax = None;
    }
}

impl State {
    /// The plan of the current state.
    pub(super) fn plan(&self) -> MediaPlan {
        let unused = || TransportPlan {
            remote_rtp: None,
            remote_rtcp: None,
            rtcp_mux: false,
            ice: None,
            protection: Protection::None,
        };
        let plans = self.transports.iter().map(|t| t.plan.clone().unwrap_or_else(unused));
        MediaPlan {
            streams: self.streams.iter().map(|stream| stream.plan.clone()).collect(),
            transports: plans.collect(),
        }
    }

    /// Forgets transports no active stream uses: whatever runs there later starts afresh.
    pub(super) fn drop_unused_transports(&mut self) {
        let users: Vec<usize> =
            self.streams.iter().filter(|s| s.is_active()).map(|s| s.plan.transport).collect();
        for (index, transport) in self.transports.iter_mut().enumerate() {
            if !users.contains(&index) {
                *transport = Transport::default();
            }
        }
        self.transports.truncate(users.iter().max().map_or(0, |last| last + 1));
    }

    /// The bundle a line is in.
    pub(super) fn bundle_of(&self, line: usize) -> Option<&[usize]> {
        self.bundles.iter().find(|lines| lines.contains(&line)).map(Vec::as_slice)
    }

    /// The transport at an index, made if it is not there yet.
    pub(super) fn transport(&mut self, index: usize) -> &mut Transport {
        if self.transports.len() <= index {
            self.transports.reserve_exact(index + 1 - self.transports.len());
            self.transports.resize_with(index + 1, Transport::default);
        }
        &mut self.transports[index]
    }

    /// The lowest transport index that neither an active stream nor `claimed` uses.
    pub(super) fn free_transport(&self, claimed: &[usize]) -> usize {
        let used = |index: usize| {
            claimed.contains(&index)
                || self.streams.iter().any(|s| s.is_active() && s.plan.transport == index)
        };
        (0..).find(|index| !used(*index)).unwrap_or(0)
    }

    /// The same for a line among `fresh` ones, whose own index means nothing yet.
    pub(super) fn free_transport_beside(&self, claimed: &[usize], fresh: &[usize]) -> usize {
        let old = self.streams.iter().enumerate().filter(|(line, _)| !fresh.contains(line));
        let used: Vec<usize> =
            old.filter(|(_, s)| s.is_active()).map(|(_, s)| s.plan.transport).collect();
        (0..).find(|index| !used.contains(index) && !claimed.contains(index)).unwrap_or(0)
    }

    /// Remembers what the payload types of a codec mean, in both directions.
    pub(super) fn note_codec(&mut self, codec: &CodecPlan) {
        let CodecPlan { name, clock_rate, channels, .. } = codec;
        let identity = identity(name, *clock_rate, *channels, &codec.local_fmtp);
        self.book.record(codec.receive_payload_type, &identity);
        self.book.record(codec.send_payload_type, &identity);
    }

    /// Remembers what every number of a stream means.
    pub(super) fn note_numbers(&mut self, plan: &StreamPlan) {
        for codec in &plan.codecs {
            self.note_codec(codec);
        }
        for (rate, number) in &plan.telephone_events {
            self.book.record(*number, &identity("telephone-event", *rate, 1, ""));
        }
        for (rtx, apt) in &plan.rtx {
            let codec = plan.codecs.iter().find(|codec| codec.receive_payload_type == *apt);
            let rate = codec.map_or(90_000, |codec| codec.clock_rate);
            self.book.record(*rtx, &format!("rtx/{rate}/apt={apt}"));
        }
        for (id, uri) in &plan.extensions {
            self.note_extension(*id, uri);
        }
    }

    /// Takes over a header extension's number from the peer.
    pub(super) fn note_extension(&mut self, id: u8, uri: &str) {
        self.extension_ids.retain(|(known, name)| *known != id && name != uri);
        self.extension_ids.push((id, uri.to_owned()));
    }

    /// Remembers a MID.
    pub(super) fn note_mid(&mut self, mid: &str) {
        if self.used_mids.len() < MAX_REMEMBERED && !self.used_mids.iter().any(|used| used == mid) {
            self.used_mids.push(mid.to_owned());
        }
    }

    /// A MID nobody used in this session: the line's number, or the next one free.
    pub(super) fn fresh_mid(&mut self, line: usize) -> String {
        let mut number = line;
        loop {
            let mid = number.to_string();
            if !self.used_mids.contains(&mid) {
                self.used_mids.push(mid.clone());
                return mid;
            }
            number += 1;
        }
    }

    /// The id of a header extension, assigned once; `None` when all fourteen are taken.
    pub(super) fn extension_id(&mut self, uri: &str) -> Option<u8> {
        if let Some((id, _)) = self.extension_ids.iter().find(|(_, known)| known == uri) {
            return Some(*id);
        }
        let id = (1..=14).find(|id| !self.extension_ids.iter().any(|(taken, _)| taken == id))?;
        self.extension_ids.push((id, uri.to_owned()));
        Some(id)
    }
}
