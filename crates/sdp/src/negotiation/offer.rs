//! Laying out an offer of ours: which lines, on which transports, with which formats
//! (RFC 3264 §5 and §8, RFC 8829 §5.2, RFC 9143 §7.1 and §7.5).

use sidetone_base::Random;

use super::capabilities::{Capabilities, Security};
use super::codec_spec::CodecSpec;
use super::matching::{Formats, settle_redundancy, wanted};
use super::payload::{PayloadBook, identity};
use super::reject::{Cause, Fault};
use super::state::{Offerer, State, Stream};
use super::transport::sdes_suites;
use super::variant::{offer_fmtp, relays_any_profile, variant};
use super::wish::{CodecWish, KindWish, StreamWish, Wish};
use crate::attributes::extmap;
use crate::limits::{MAX_CODECS, MAX_MEDIA_LINES};
use crate::line::{Keying, Profile};
use crate::plan::{CodecPlan, Feedback, LocalTransport, MediaKind, StreamPlan};

/// What an offer is made from.
pub(super) struct Layout<'a> {
    pub(super) capabilities: &'a Capabilities,
    pub(super) wish: &'a Wish,
    /// Stream id for nameless streams.
    pub(super) msid_stream: &'a str,
    /// How many transports there are.
    pub(super) available: usize,
    pub(super) random: &'a mut dyn Random,
}

impl Layout<'_> {
    /// Turns the agreed state into the state the offer proposes.
    pub(super) fn lay_out(&mut self, state: &mut State) {
        let first = state.streams.is_empty();
        state.initial_offerer.get_or_insert(Offerer::Us);
        let before: Vec<usize> =
            state.streams.iter().filter(|s| s.is_active()).map(|s| s.plan.transport).collect();
        let mut new_lines = Vec::new();
        self.place_fax(state);
        for kind in MediaKind::OF_RTP {
            self.place_kind(state, kind, &mut new_lines);
        }
        let bundling = self.capabilities.bundle && self.capabilities.rtcp_mux;
        let may_bundle = bundling && (first || !state.bundles.is_empty());
        self.place_transports(state, &new_lines, &before, may_bundle);
        self.name_lines(state, may_bundle);
        for line in 0..state.streams.len() {
            self.fill_line(state, line);
        }
    }

    /// Gives each wish of a kind its line: the one it had, a refused one, or a new one.
    fn place_kind(&mut self, state: &mut State, kind: MediaKind, new_lines: &mut Vec<usize>) {
        let Some(wish) = self.wish.of(kind) else {
            return;
        };
        let usable = !wanted(self.capabilities, kind, wish).is_empty();
        let most = if usable { self.capabilities.max_streams(kind) } else { 0 };
        let wishes = wish.streams.get(..most).unwrap_or(&wish.streams);
        let of_kind = |stream: &Stream| stream.is_active() && stream.plan.kind == kind;
        let lines: Vec<usize> =
            (0..state.streams.len()).filter(|line| of_kind(&state.streams[*line])).collect();
        let labels: Vec<Option<&str>> =
            lines.iter().map(|line| state.streams[*line].plan.label.as_deref()).collect();
        let assigned = super::answer::assign_wishes(wishes, &labels);
        let mut nameless = 0;
        for (line, wished) in lines.iter().zip(&assigned) {
            match wished.and_then(|index| wishes.get(index)) {
                Some(stream) => direct(&mut state.streams[*line], stream),
                None => state.streams[*line].reject(),
            }
            nameless += usize::from(wished.is_some());
        }
        for (index, stream) in wishes.iter().enumerate() {
            if assigned.contains(&Some(index)) {
                continue;
            }
            let taken = |line: &usize| new_lines.contains(line) || lines.contains(line);
            let free = |line: &usize| {
                let slot = &state.streams[*line];
                !slot.is_active() && slot.plan.kind == kind && !taken(line)
            };
            let recycled = (0..state.streams.len()).find(free);
            let line = recycled.unwrap_or(state.streams.len());
            if line >= MAX_MEDIA_LINES {
                return;
            }
            let made = self.new_stream(kind, stream, nameless == 0);
            nameless += 1;
            match state.streams.get_mut(line) {
                Some(slot) => *slot = made,
                None => state.streams.push(made),
            }
            new_lines.push(line);
        }
    }

    fn new_stream(&mut self, kind: MediaKind, wish: &StreamWish, first: bool) -> Stream {
        // The first voice and picture belong together; every other one is somebody else's.
        let shared = first && wish.label.is_none();
        let own = wish.msid_stream.clone();
        let id = own.unwrap_or_else(|| match shared {
            true => self.msid_stream.to_owned(),
            false => self.random.token(16),
        });
        let mut stream = Stream::new(kind, kind.word(), &id, self.random);
        direct(&mut stream, wish);
        stream.protocol = self.protocol();
        stream
    }

    /// The protocol word of a new line of RTP.
    pub(super) fn protocol(&self) -> String {
        let capabilities = self.capabilities;
        let keying = match &capabilities.security {
            Security::None => Keying::Plain,
            Security::Sdes { optimistic: true, .. } | Security::Dtls { optimistic: true, .. }
                if !capabilities.webrtc =>
            {
                Keying::Plain
            }
            Security::Sdes { .. } => Keying::Secure,
            Security::Dtls { .. } if capabilities.force_avp => Keying::Secure,
            Security::Dtls { .. } => Keying::Dtls,
        };
        Profile { keying, feedback: capabilities.avpf }.to_string()
    }

    /// New lines join the bundle there is, or make one, or get a transport each. With fewer
    /// transports than lines the first bundle is offered without alternative (`a=bundle-only`).
    fn place_transports(
        &self,
        state: &mut State,
        new_lines: &[usize],
        before: &[usize],
        may_bundle: bool,
    ) {
        let mut claimed = before.to_vec();
        for bundle in &mut state.bundles {
            bundle.retain(|line| state.streams.get(*line).is_some_and(Stream::is_active));
            bundle.retain(|line| !new_lines.contains(line));
        }
        state.bundles.retain(|bundle| !bundle.is_empty());
        let first = state.bundles.first().and_then(|bundle| bundle.first());
        let shared = first.map(|tag| state.streams[*tag].plan.transport);
        let mut made: Vec<usize> = Vec::new();
        for line in new_lines {
            let free = state.free_transport_beside(&claimed, new_lines);
            let tag = made.first().map(|tag| state.streams[*tag].plan.transport);
            let (transport, bundle_only) = match (may_bundle, shared, tag) {
                (true, Some(shared), _) => (shared, false),
                (true, None, Some(tag)) if free >= self.available => (tag, true),
                _ => (free, false),
            };
            claimed.push(transport);
            made.push(*line);
            let stream = &mut state.streams[*line];
            stream.plan.transport = transport;
            stream.bundle_only = bundle_only;
        }
        if may_bundle && !made.is_empty() {
            match state.bundles.first_mut() {
                Some(bundle) => bundle.extend(made),
                None => state.bundles.push(made),
            }
        }
        if !may_bundle {
            state.bundles.clear();
        }
    }

    /// Gives MIDs to lines without one where the peer may need them.
    fn name_lines(&self, state: &mut State, may_bundle: bool) {
        if !may_bundle && !state.peer_has_mids {
            return;
        }
        for line in 0..state.streams.len() {
            let stream = &state.streams[line];
            if stream.is_active() && stream.plan.mid.is_none() {
                let mid = state.fresh_mid(line);
                state.streams[line].plan.mid = Some(mid);
            }
        }
    }

    fn fill_line(&self, state: &mut State, line: usize) {
        let stream = &state.streams[line];
        if !stream.is_active() {
            return;
        }
        let kind = stream.plan.kind;
        if kind == MediaKind::Image {
            self.fill_fax(&mut state.streams[line]);
            return;
        }
        let Some(wish) = self.wish.of(kind) else {
            return;
        };
        let profile = Profile::parse(&stream.protocol);
        let early = profile.is_some_and(|profile| profile.feedback);
        let formats = self.formats(&mut state.book, &state.streams[line].plan, wish, early);
        let uris = self.capabilities.extensions(kind).iter();
        let named = state.streams[line].plan.mid.is_some();
        let uris: Vec<&String> = uris.filter(|uri| named || *uri != extmap::MID).collect();
        let ids = uris.into_iter().filter_map(|uri| Some((state.extension_id(uri)?, uri.clone())));
        let extensions: Vec<(u8, String)> = ids.collect();
        let stream = &mut state.streams[line];
        stream.plan.extensions = extensions;
        stream.plan.rtcp_reduced_size = early && self.capabilities.reduced_size_rtcp;
        stream.local_ptime_ms = formats.local_ptime_ms;
        let numbers = formats.codecs.iter().map(|codec| codec.receive_payload_type.to_string());
        stream.formats = numbers.collect();
        formats.store(&mut stream.plan);
    }

    /// The formats of an offered line. Those agreed before come first and keep their numbers.
    fn formats(
        &self,
        book: &mut PayloadBook,
        plan: &StreamPlan,
        wish: &KindWish,
        early: bool,
    ) -> Formats {
        let mut specs = wanted(self.capabilities, plan.kind, wish);
        if wish.codecs == CodecWish::AsConfigured {
            let same = |spec: &CodecSpec, codec: &CodecPlan| {
                spec.name == codec.name && spec.clock_rate == codec.clock_rate
            };
            let place = |spec: &CodecSpec| plan.codecs.iter().position(|codec| same(spec, codec));
            specs.sort_by_key(|spec| place(spec).unwrap_or(usize::MAX));
        }
        let feedback = self.capabilities.feedback(plan.kind);
        // Phones without AVPF still understand requests for a key frame.
        let feedback = match early || plan.kind == MediaKind::Video {
            true => feedback,
            false => Feedback::default(),
        };
        let mut formats = Formats::default();
        for spec in &specs {
            add_spec(&mut formats.codecs, book, plan, spec, feedback);
        }
        formats.codecs.truncate(MAX_CODECS);
        if self.capabilities.rtx && feedback.nack && plan.kind == MediaKind::Video {
            for codec in &formats.codecs {
                let apt = codec.receive_payload_type;
                let number = book.assign(&format!("rtx/{}/apt={apt}", codec.clock_rate), None);
                formats.rtx.extend(number.map(|number| (number, apt)));
            }
        }
        if plan.kind == MediaKind::Audio {
            let noise = wish.comfort_noise || plan.comfort_noise.is_some();
            self.add_audio_companions(&mut formats, book, noise);
        }
        if plan.kind == MediaKind::Text {
            settle_redundancy(&mut formats.codecs);
        }
        let first = specs.first().and_then(|spec| spec.ptime_ms);
        formats.local_ptime_ms = first.unwrap_or(self.capabilities.ptime_ms);
        formats
    }

    /// Telephone events on each clock in use, and comfort noise where it is wanted: whoever is
    /// offered it stops sending while its owner is silent.
    fn add_audio_companions(&self, formats: &mut Formats, book: &mut PayloadBook, noise: bool) {
        let narrow = formats.codecs.iter().any(|codec| codec.clock_rate == 8000);
        if self.capabilities.comfort_noise && narrow && noise {
            formats.comfort_noise = book.assign(&identity("cn", 8000, 1, ""), Some(13));
        }
        if !self.capabilities.telephone_event {
            return;
        }
        for codec in &formats.codecs {
            add_events(&mut formats.telephone_events, book, codec.clock_rate);
        }
        // Phones that speak opus and know no other clock for events (baresip, many gateways).
        if !formats.codecs.is_empty() {
            add_events(&mut formats.telephone_events, book, 8000);
        }
    }
}

/// Offers telephone events on a clock, once.
fn add_events(events: &mut Vec<(u32, u8)>, book: &mut PayloadBook, rate: u32) {
    if events.iter().any(|(known, _)| *known == rate) {
        return;
    }
    let preferred = (rate == 8000).then_some(101); // what every phone uses
    let number = book.assign(&identity("telephone-event", rate, 1, ""), preferred);
    events.extend(number.map(|number| (rate, number)));
}

/// Adds the codec of a configuration entry, in each profile agreed before if profiles are relayed.
fn add_spec(
    codecs: &mut Vec<CodecPlan>,
    book: &mut PayloadBook,
    plan: &StreamPlan,
    spec: &CodecSpec,
    feedback: Feedback,
) {
    let any_profile = relays_any_profile(spec);
    let wanted_variant = variant(&spec.name, &offer_fmtp(spec));
    let agreed = plan.codecs.iter().filter(|codec| {
        codec.name == spec.name
            && codec.clock_rate == spec.clock_rate
            && (any_profile || variant(&codec.name, &codec.local_fmtp) == wanted_variant)
    });
    let mut found = false;
    for codec in agreed {
        let kept = if any_profile { codec.local_fmtp.clone() } else { spec.fmtp.clone() };
        codecs.push(CodecPlan { local_fmtp: kept, feedback, ..codec.clone() });
        found = true;
    }
    if found {
        return;
    }
    let local_fmtp = offer_fmtp(spec);
    let identity = identity(&spec.name, spec.clock_rate, spec.channels, &local_fmtp);
    let Some(number) = book.assign(&identity, spec.payload_type) else {
        return;
    };
    codecs.push(CodecPlan {
        send_payload_type: number,
        receive_payload_type: number,
        name: spec.name.clone(),
        clock_rate: spec.clock_rate,
        channels: spec.channels,
        remote_fmtp: String::new(),
        local_fmtp,
        feedback,
    });
}

/// Takes over what a wish says about a line.
fn direct(stream: &mut Stream, wish: &StreamWish) {
    stream.plan.direction = wish.direction;
    stream.plan.label.clone_from(&wish.label);
    if let (Some(id), Some((own, _))) = (&wish.msid_stream, &mut stream.plan.local_msid) {
        own.clone_from(id);
    }
}

/// Notes our halves of the transports an offer uses and draws the keys it shows.
pub(super) fn note_transports(
    state: &mut State,
    capabilities: &Capabilities,
    local: &[LocalTransport],
    random: &mut dyn Random,
) -> Result<(), Fault> {
    let active = state.streams.iter().filter(|stream| stream.is_active());
    let used: Vec<usize> = active.map(|stream| stream.plan.transport).collect();
    for index in used {
        let ours = |text: &str| Fault::of_session(Cause::Ours, text);
        let Some(local) = local.get(index) else {
            return Err(ours("the media leg has fewer transports than the offer has streams"));
        };
        let dtls = matches!(capabilities.security, Security::Dtls { .. });
        if dtls && local.fingerprints.is_empty() {
            return Err(ours("the media leg has no certificate, but the endpoint demands DTLS"));
        }
        if capabilities.webrtc && local.ice.is_none() {
            return Err(ours(
                "the media leg has no ICE, which webrtc=yes demands: set icesupport = yes in \
                 rtp.conf",
            ));
        }
        let transport = state.transport(index);
        transport.note_local(local, random);
        for suite in sdes_suites(capabilities) {
            transport.sdes_key(*suite, random);
        }
    }
    Ok(())
}
