//! From the state to text: the lines of our offers and answers, in the order browsers write them.

use super::capabilities::{Capabilities, Security};
use super::state::{State, Stream};
use super::transport::{sdes_suites, sdes_tag};
use crate::attributes::{Candidate, Crypto, Fingerprint, Group, RtpMap, SdesSuite, Setup};
use crate::attributes::{direction, rtcp, source};
use crate::line::{Address, MediaLine};
use crate::plan::{
    Direction, DtlsRole, LocalIce, LocalTransport, MediaKind, Protection, StreamPlan,
};
use crate::session::{Media, OtherLine, Session};

/// The longest packet we take: decoders have room for 120 ms of the codec with the longest.
const MAXPTIME_MS: u32 = 120;

/// Which half of an exchange is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Half {
    Offer,
    Answer,
}

/// What goes with every line of one description.
pub(super) struct Writer<'a> {
    pub(super) state: &'a State,
    pub(super) capabilities: &'a Capabilities,
    pub(super) local: &'a [LocalTransport],
    pub(super) half: Half,
    pub(super) cname: &'a str,
}

impl Writer<'_> {
    /// The whole description except for `o=`.
    pub(super) fn session(&self) -> Session {
        let mut session = Session { name: self.session_name(), ..Session::default() };
        session.times.push(OtherLine { letter: 't', value: "0 0".to_owned() });
        let first = self.state.streams.iter().find(|stream| stream.is_active());
        let transport = first.and_then(|stream| self.local.get(stream.plan.transport));
        // A description without any stream still needs a `c=` line (RFC 8866 §5.7).
        let address = transport.or(self.local.first()).map(|local| local.rtp.ip());
        session.connection = Some(Address::Ip(address.unwrap_or([0, 0, 0, 0].into())));
        for bundle in &self.state.bundles {
            let mid = |line: &usize| self.state.streams.get(*line)?.plan.mid.clone();
            let mids = bundle.iter().filter_map(mid).collect();
            session.attributes.push("group", Group { semantics: "BUNDLE".to_owned(), mids });
        }
        if self.capabilities.announce_sources {
            session.attributes.push("msid-semantic", "WMS *");
        }
        let lite = |stream: &Stream| {
            let ice = self.local.get(stream.plan.transport).and_then(|l| l.ice.as_ref());
            stream.is_active() && self.does_ice(stream) && ice.is_some_and(|ice| ice.lite)
        };
        if self.state.streams.iter().any(lite) {
            session.attributes.push_flag("ice-lite");
        }
        for (index, stream) in self.state.streams.iter().enumerate() {
            let local = self.local.get(stream.plan.transport).filter(|_| stream.is_active());
            let media = match local {
                Some(local) => self.active_line(index, stream, local, session.connection.as_ref()),
                None => rejected_line(stream),
            };
            session.media.push(media);
        }
        session
    }

    /// `s=` may not be empty, and reading trims it.
    fn session_name(&self) -> String {
        let name = self.capabilities.sdp_session.trim();
        if name.is_empty() { "-".to_owned() } else { name.to_owned() }
    }

    fn active_line(
        &self,
        index: usize,
        stream: &Stream,
        local: &LocalTransport,
        session_address: Option<&Address>,
    ) -> Media {
        let plan = &stream.plan;
        let is_fax = plan.kind == MediaKind::Image;
        let mut media = Media::new(MediaLine {
            media: stream.media.clone(),
            port: if stream.bundle_only { 0 } else { local.rtp.port() },
            port_count: None,
            protocol: stream.protocol.clone(),
            formats: if is_fax { stream.formats.clone() } else { formats(plan) },
        });
        let address = Address::Ip(local.rtp.ip());
        if session_address != Some(&address) {
            media.connections.push(address);
        }
        if is_fax {
            write_fax(&mut media, stream);
            return media;
        }
        self.write_rtcp_address(&mut media, stream, local);
        if let Some(ice) = local.ice.as_ref().filter(|_| self.does_ice(stream)) {
            self.write_ice(&mut media, index, stream, ice);
        }
        self.write_keys(&mut media, stream, local);
        let attributes = &mut media.attributes;
        if let Some(mid) = &plan.mid {
            attributes.push("mid", mid);
        }
        if stream.bundle_only {
            attributes.push_flag("bundle-only");
        }
        for (id, uri) in &plan.extensions {
            attributes.push("extmap", format_args!("{id} {uri}"));
        }
        attributes.push_flag(direction::name(plan.direction));
        self.write_sources(&mut media, plan);
        if self.muxes_rtcp(stream) {
            media.attributes.push_flag("rtcp-mux");
        }
        if plan.rtcp_reduced_size {
            media.attributes.push_flag("rtcp-rsize");
        }
        write_formats(&mut media, plan);
        if plan.kind == MediaKind::Audio {
            media.attributes.push("ptime", stream.local_ptime_ms);
            media.attributes.push("maxptime", MAXPTIME_MS);
        }
        media
    }

    /// Whether the line says `a=rtcp-mux`.
    fn muxes_rtcp(&self, stream: &Stream) -> bool {
        match self.half {
            Half::Offer => self.capabilities.rtcp_mux,
            Half::Answer => self.agreed(stream).is_some_and(|plan| plan.rtcp_mux),
        }
    }

    /// Whether the line carries ICE attributes.
    fn does_ice(&self, stream: &Stream) -> bool {
        match self.half {
            Half::Offer => self.capabilities.ice,
            Half::Answer => self.agreed(stream).is_some_and(|plan| plan.ice.is_some()),
        }
    }

    fn agreed(&self, stream: &Stream) -> Option<&crate::plan::TransportPlan> {
        self.state.transports.get(stream.plan.transport)?.plan.as_ref()
    }

    /// RFC 3605: where RTCP goes when it has a port of its own, also as the fallback of an offer
    /// to mux.
    fn write_rtcp_address(&self, media: &mut Media, stream: &Stream, local: &LocalTransport) {
        let Some(rtcp) = local.rtcp else { return };
        if stream.bundle_only || (self.half == Half::Answer && self.muxes_rtcp(stream)) {
            return;
        }
        let address = Address::Ip(rtcp.ip());
        media.attributes.push("rtcp", format_args!("{} {address}", rtcp.port()));
    }

    fn write_ice(&self, media: &mut Media, index: usize, stream: &Stream, ice: &LocalIce) {
        let attributes = &mut media.attributes;
        // RFC 9143 §7.1.3: candidates belong to the tagged section only. The credentials are
        // repeated, as Chrome does, for peers that look for them in each section.
        let tagged = self.state.bundle_of(index).and_then(|lines| lines.first().copied());
        let tag = tagged.and_then(|line| self.state.streams.get(line));
        let shared = tag.is_some_and(|tag| tag.plan.transport == stream.plan.transport)
            && tagged != Some(index);
        if !shared {
            let only_rtp = self.half == Half::Answer && self.muxes_rtcp(stream);
            let rtcp = |line: &str| Candidate::parse(line).is_some_and(|c| c.component != 1);
            for candidate in ice.candidates.iter().filter(|line| !(only_rtp && rtcp(line))) {
                attributes.push("candidate", candidate);
            }
            if self.capabilities.trickle && !ice.gathering {
                attributes.push_flag("end-of-candidates");
            }
        }
        attributes.push("ice-ufrag", &ice.ufrag);
        attributes.push("ice-pwd", &ice.pwd);
        // `ice2`: no aggressive nomination (RFC 8839 §5.6).
        let options = if self.capabilities.trickle { "ice2 trickle" } else { "ice2" };
        attributes.push("ice-options", options);
    }

    fn write_keys(&self, media: &mut Media, stream: &Stream, local: &LocalTransport) {
        let transport = self.state.transports.get(stream.plan.transport);
        let agreed = transport.and_then(|transport| transport.plan.as_ref());
        let Some(transport) = transport else { return };
        match (self.half, agreed.map(|plan| &plan.protection)) {
            (_, Some(Protection::None)) => {}
            (Half::Answer, Some(Protection::Dtls { role, .. })) => {
                let setup = match role {
                    DtlsRole::Client => Setup::Active,
                    DtlsRole::Server => Setup::Passive,
                };
                // An answer has a tls-id only if the offer has one (RFC 8842 §5.3).
                let id = transport.remote_tls_id.is_some().then_some(transport.tls_id.as_str());
                write_dtls(media, local, setup, id);
            }
            (Half::Answer, Some(Protection::Sdes { local, .. })) => {
                if let Some(suite) = SdesSuite::parse(&local.suite) {
                    let key_and_salt = local.key_and_salt.clone();
                    media.attributes.push("crypto", Crypto { tag: local.tag, suite, key_and_salt });
                }
            }
            (Half::Answer, None) => {}
            (Half::Offer, _) => match &self.capabilities.security {
                Security::None => {}
                Security::Dtls { setup, .. } => {
                    write_dtls(media, local, *setup, Some(&transport.tls_id));
                }
                Security::Sdes { .. } => {
                    for (index, suite) in sdes_suites(self.capabilities).iter().enumerate() {
                        let key = transport.sdes_keys.iter().find(|(known, _)| known == suite);
                        let Some((_, key)) = key else { continue };
                        let (tag, suite) = (sdes_tag(index), *suite);
                        let line = Crypto { tag, suite, key_and_salt: key.clone() };
                        media.attributes.push("crypto", line);
                    }
                }
            },
        }
    }

    /// The source is named on hold too: without it Chromium takes its receiver down and connects
    /// the track to nothing when the call is resumed.
    fn write_sources(&self, media: &mut Media, plan: &StreamPlan) {
        if !self.capabilities.announce_sources {
            return;
        }
        let attributes = &mut media.attributes;
        if let Some((stream, track)) = plan.local_msid.as_ref().filter(|_| plan.direction.sends()) {
            attributes.push("msid", format_args!("{stream} {track}"));
        }
        let rtx = plan.local_rtx_ssrc.filter(|_| !plan.rtx.is_empty());
        if let Some(rtx) = rtx {
            attributes.push("ssrc-group", format_args!("FID {} {rtx}", plan.local_ssrc));
        }
        source::announce(attributes, plan.local_ssrc, self.cname);
        if let Some(rtx) = rtx {
            source::announce(attributes, rtx, self.cname);
        }
    }
}

fn write_dtls(media: &mut Media, local: &LocalTransport, setup: Setup, tls_id: Option<&str>) {
    for (algorithm, digest) in &local.fingerprints {
        let line =
            Fingerprint { algorithm: algorithm.to_ascii_lowercase(), digest: digest.clone() };
        media.attributes.push("fingerprint", line);
    }
    media.attributes.push("setup", setup.name());
    if let Some(id) = tls_id {
        media.attributes.push("tls-id", id);
    }
}

/// T.38 annex D.2.3. A fax has no RTP, RTCP, keys or ICE.
fn write_fax(media: &mut Media, stream: &Stream) {
    if let Some(mid) = &stream.plan.mid {
        media.attributes.push("mid", mid);
    }
    media.attributes.push_flag(direction::name(stream.plan.direction));
    if let Some(fax) = &stream.local_fax {
        fax.write(&mut media.attributes);
    }
}

/// RFC 3264 §6: a refused line keeps its place, with port 0 and its formats.
fn rejected_line(stream: &Stream) -> Media {
    let mut media = Media::new(MediaLine {
        media: stream.media.clone(),
        port: 0,
        port_count: None,
        protocol: stream.protocol.clone(),
        formats: stream.formats.clone(),
    });
    if let Some(mid) = &stream.plan.mid {
        media.attributes.push("mid", mid);
    }
    media.attributes.push_flag(direction::name(Direction::Inactive));
    media
}

/// Payload types in the order of the `m=` line.
fn formats(plan: &StreamPlan) -> Vec<String> {
    let codecs = plan.codecs.iter().map(|codec| codec.receive_payload_type);
    let rtx = plan.rtx.iter().map(|(rtx, _)| *rtx);
    let events = plan.telephone_events.iter().map(|(_, payload_type)| *payload_type);
    codecs.chain(rtx).chain(plan.comfort_noise).chain(events).map(|pt| pt.to_string()).collect()
}

fn write_formats(media: &mut Media, plan: &StreamPlan) {
    let attributes = &mut media.attributes;
    for codec in &plan.codecs {
        let payload_type = codec.receive_payload_type;
        let map = RtpMap {
            payload_type,
            name: printed_name(&codec.name),
            clock_rate: codec.clock_rate,
            channels: codec.channels,
        };
        attributes.push("rtpmap", map);
        for words in rtcp::feedback_words(codec.feedback) {
            attributes.push("rtcp-fb", format_args!("{payload_type} {words}"));
        }
        if !codec.local_fmtp.is_empty() {
            attributes.push("fmtp", format_args!("{payload_type} {}", codec.local_fmtp));
        }
        for (rtx, _) in plan.rtx.iter().filter(|(_, original)| *original == payload_type) {
            attributes.push("rtpmap", format_args!("{rtx} rtx/{}", codec.clock_rate));
            attributes.push("fmtp", format_args!("{rtx} apt={payload_type}"));
        }
    }
    if let Some(payload_type) = plan.comfort_noise {
        attributes.push("rtpmap", format_args!("{payload_type} CN/8000"));
    }
    for (clock_rate, payload_type) in &plan.telephone_events {
        attributes.push("rtpmap", format_args!("{payload_type} telephone-event/{clock_rate}"));
        // RFC 4733 §2.4.1: digits 0…15 and flash.
        attributes.push("fmtp", format_args!("{payload_type} 0-16"));
    }
}

/// Encoding names are compared without case, but some phones only know the registered spelling.
fn printed_name(name: &str) -> String {
    match name {
        "opus" | "speex" | "codec2" | "t140" | "red" => name.to_owned(),
        "ilbc" => "iLBC".to_owned(),
        _ => name.to_ascii_uppercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_spelt_as_registered() {
        for (name, printed) in
            [("pcmu", "PCMU"), ("opus", "opus"), ("ilbc", "iLBC"), ("h263-1998", "H263-1998")]
        {
            assert_eq!(printed_name(name), printed);
        }
    }
}
