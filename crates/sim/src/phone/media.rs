//! The media of a phone: a leg of its own engine per call, and the offer/answer exchange for it.

use std::net::SocketAddr;
use std::time::Duration;

use sidetone_base::Random;
use sidetone_engine::media::LegKind;
use sidetone_engine::{CertificateChoice, Engine, LegHandle, LegSpec, PortChoice};
use sidetone_media::{
    CandidatePolicy, Repeat, Route, Tone, ToneDetection, ToneStep, WithoutEvents,
};
use sidetone_sdp::Session;
use sidetone_sdp::attributes::{Fax, SdesSuite, Setup};
use sidetone_sdp::negotiation::{
    Capabilities, CodecSpec, CodecWish, KindWish, Negotiation, Security, Wish,
};
use sidetone_sdp::plan::{Direction, MediaKind, MediaPlan, StreamPlan, StreamState};

use super::{Keys, Media as Wanted};
use crate::Line;
use crate::building::EXCHANGE;

/// What a phone of this line can do.
pub(super) fn capabilities(line: Line, codecs: &[&str]) -> Capabilities {
    let known = codecs
        .iter()
        .map(|name| CodecSpec::of_config_name(name).expect("a codec the exchange knows"));
    let known: Vec<(MediaKind, CodecSpec)> = known.collect();
    let of = |wanted: MediaKind| {
        let fitting = known.iter().filter(|(kind, _)| *kind == wanted);
        fitting.map(|(_, spec)| spec.clone()).collect::<Vec<_>>()
    };
    let (audio, video) = (of(MediaKind::Audio), of(MediaKind::Video));
    let usual = match line {
        Line::Udp | Line::Tcp => Capabilities::plain(audio, video),
        Line::WebSocket => {
            let most = 8;
            Capabilities {
                max_audio_streams: most,
                max_video_streams: most,
                ..Capabilities::webrtc(audio, video)
            }
        }
    };
    Capabilities { text: of(MediaKind::Text), ..usual }
}

/// Changes what a plain phone can do to what the story wants.
pub(super) fn dress(capabilities: &mut Capabilities, wanted: Wanted) {
    let suites = vec![SdesSuite::AesCm128HmacSha1_80];
    capabilities.rtcp_mux = matches!(wanted, Wanted::Muxed | Wanted::SdesIce);
    capabilities.ice = matches!(wanted, Wanted::Ice | Wanted::SdesIce | Wanted::DtlsIce);
    capabilities.avpf = wanted == Wanted::Avpf;
    capabilities.comfort_noise = wanted == Wanted::WithNoise;
    capabilities.security = match wanted {
        Wanted::Plain | Wanted::Muxed | Wanted::Avpf | Wanted::WithNoise | Wanted::Ice => {
            Security::None
        }
        Wanted::Sdes | Wanted::SdesIce => Security::Sdes { optimistic: false, suites },
        Wanted::Dtls | Wanted::DtlsIce | Wanted::Forged => {
            Security::Dtls { optimistic: false, setup: Setup::Actpass }
        }
    };
}

/// These codecs and no others.
pub(super) fn only(codecs: &[String]) -> CodecWish {
    let known = codecs.iter().filter_map(|name| CodecSpec::of_config_name(name));
    CodecWish::Only(known.map(|(_, spec)| spec).collect())
}

/// What the fax machine of a phone says of itself.
pub(super) fn machine() -> Fax {
    let text = "m=image 9 udptl t38\na=T38FaxVersion:0\na=T38MaxBitRate:14400\n\
                a=T38FaxRateManagement:transferredTCF\na=T38FaxMaxDatagram:400\n\
                a=T38FaxUdpEC:t38UDPRedundancy\n";
    Fax::of(&Session::parse(text.as_bytes()).expect("it is SDP").media[0])
}

/// The media of one call.
#[derive(Debug)]
pub(super) struct Media {
    pub(super) leg: LegHandle,
    negotiation: Negotiation,
    /// It sends a tone already.
    settled: bool,
    /// It never will.
    muted: bool,
    /// Text and fax are sent back.
    repeats: bool,
    /// The tone it sends.
    voice: u16,
    /// Its fingerprint is another certificate's.
    forged: bool,
}

/// What the leg tells of itself.
type Events = tokio::sync::mpsc::Sender<(sidetone_base::LegId, sidetone_media::LegEvent)>;

/// A leg as a phone of this line, with ICE or without, has it.
pub(super) async fn new_leg(
    (line, ice): (Line, bool),
    engine: &Engine,
    (keys, shows): (Keys, CertificateChoice),
    events: Events,
) -> LegHandle {
    let kind = if ice { LegKind::Ice { lite: false } } else { LegKind::Plain };
    let mut spec = LegSpec::new(kind, events);
    if line != Line::WebSocket {
        spec.port = PortChoice::Pair;
    }
    spec.certificate = shows;
    spec.candidates.peer = Some(EXCHANGE);
    spec.rtp.dtmf.detection =
        if keys == Keys::Tones { ToneDetection::Always } else { ToneDetection::Never };
    if keys == Keys::Info {
        spec.rtp.dtmf.without_events = WithoutEvents::Signalling;
    }
    engine.create_leg(spec).await.expect("a phone has a leg")
}

/// Each phone has a tone of its own, so that nobody takes his own for another's. None is near a
/// tone of a key, or a note of the music on hold.
pub(super) fn voice_of(name: &str) -> u16 {
    match name {
        "bob" => 360,
        "carol" => 570,
        "oscar" => 300,
        "wendy" => 510,
        "walter" => 400,
        _ => 450,
    }
}

/// A leg beside a call's: what the call hears comes out of it in ulaw and in clear.
pub(super) async fn ear(
    engine: &Engine,
    call: &LegHandle,
    at: SocketAddr,
    random: &mut dyn Random,
) -> LegHandle {
    // What becomes of the ear itself is nobody's news.
    let (events, _) = tokio::sync::mpsc::channel(1);
    let mut spec = LegSpec::new(LegKind::Plain, events);
    spec.beside = Some(call.id());
    let leg = engine.create_leg(spec).await.expect("a phone has ports enough");
    let offer = format!(
        "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\n\
         m=audio {port} RTP/AVP 0\r\na=recvonly\r\n",
        ip = at.ip(),
        port = at.port()
    );
    let offer = Session::parse(offer.as_bytes()).expect("our own description");
    let mut negotiation = Negotiation::new(capabilities(Line::Udp, &["ulaw"]), random);
    let wish = Wish::audio_only();
    let answered = negotiation.answer(&offer, leg.local_transports(), &wish, random);
    leg.apply(answered.expect("it speaks ulaw").1).await.expect("the plan fits the leg");
    let route = Route::Forward(vec![(leg.id(), 0)]);
    call.route(0, route).await.expect("the call has audio");
    leg
}

impl Media {
    /// Opens a leg.
    pub(super) async fn open(
        line: Line,
        engine: &Engine,
        capabilities: &Capabilities,
        random: &mut dyn Random,
        manners: (Keys, CertificateChoice),
        events: Events,
    ) -> Self {
        Self {
            leg: new_leg((line, capabilities.ice), engine, manners, events).await,
            negotiation: Negotiation::new(capabilities.clone(), random),
            settled: false,
            muted: false,
            repeats: false,
            voice: voice_of(""),
            forged: false,
        }
    }

    /// Sends this tone, and perhaps under a certificate that is not its own.
    pub(super) fn sound(&mut self, voice: u16, forged: bool) {
        (self.voice, self.forged) = (voice, forged);
    }

    /// From its next offer on its media is protected so: it describes itself anew, as phones do.
    pub(super) fn secure(&mut self, capabilities: &Capabilities, random: &mut dyn Random) {
        self.negotiation = Negotiation::new(capabilities.clone(), random);
    }

    /// Its sockets were bound to an address that is gone: it has new ones for its next offer.
    pub(super) fn rebind(&mut self, leg: LegHandle) {
        (self.leg, self.settled) = (leg, false);
    }

    fn written(&self, session: &Session) -> String {
        let text = session.to_string();
        let Some((before, print)) = text.split_once("a=fingerprint:").filter(|_| self.forged)
        else {
            return text;
        };
        let (hash, digits) = print.split_once(' ').expect("a hash and its digits");
        let first = if digits.starts_with('0') { "1" } else { "0" };
        format!("{before}a=fingerprint:{hash} {first}{}", &digits[1..])
    }

    /// Sends nothing.
    pub(super) fn mute(&mut self) {
        self.muted = true;
    }

    /// Sends back what comes as text or fax.
    pub(super) fn repeat(&mut self) {
        self.repeats = true;
    }

    async fn grow(&mut self, transports: usize) {
        let missing = transports.saturating_sub(self.leg.local_transports().len());
        if missing > 0 {
            let added = self.leg.add_transports(missing).await;
            added.expect("a phone has ports enough");
        }
    }

    /// Writes an offer. `None` while another one waits for its answer.
    pub(super) async fn offer(&mut self, wish: &Wish, random: &mut dyn Random) -> Option<String> {
        self.grow(self.negotiation.offer_requirements(wish).transports).await;
        let offer = self.negotiation.offer(self.leg.local_transports(), wish, random);
        offer.ok().map(|offer| self.written(&offer))
    }

    /// Answers an offer of the exchange.
    pub(super) async fn answer(
        &mut self,
        body: &[u8],
        wish: &Wish,
        random: &mut dyn Random,
    ) -> Result<String, u16> {
        let offer = Session::parse(body).expect("the exchange writes what can be read");
        let needs = self.negotiation.requirements(&offer, wish);
        self.grow(needs.transports).await;
        if !needs.ice_restarts.is_empty() {
            self.leg.restart_ice().await.expect("a phone has credentials enough");
        }
        let answered = self.negotiation.answer(&offer, self.leg.local_transports(), wish, random);
        let (session, plan) = answered.map_err(|reject| reject.status)?;
        self.apply(plan).await;
        Ok(self.written(&session))
    }

    /// Takes the exchange's answer.
    pub(super) async fn accept(&mut self, body: &[u8]) {
        let answer = Session::parse(body).expect("the exchange writes what can be read");
        let plan =
            self.negotiation.accept_answer(&answer).expect("the exchange answers what was offered");
        self.apply(plan).await;
    }

    /// The phone is in another network: new candidates and credentials for the next offer.
    pub(super) async fn move_on(&mut self) {
        let peer = Some(EXCHANGE);
        let policy = CandidatePolicy { peer, ..CandidatePolicy::default() };
        self.leg.readdress(policy).await.expect("a phone has an address");
    }

    pub(super) fn roll_back(&mut self) {
        self.negotiation.roll_back();
    }

    async fn apply(&mut self, plan: MediaPlan) {
        let repeated = |kind| self.repeats && matches!(kind, MediaKind::Text | MediaKind::Image);
        let kinds = plan.streams.iter().map(|stream| stream.kind).enumerate();
        let repeated: Vec<_> = kinds.filter(|(_, kind)| repeated(*kind)).collect();
        self.leg.apply(plan).await.expect("the plan fits the leg");
        for (stream, _) in repeated {
            self.leg.route(stream, Route::Echo).await.expect("there is such a stream");
        }
        let speaks = self.may_sing();
        self.settled &= speaks || !self.is_faxing();
        if self.settled || self.muted || !speaks {
            return;
        }
        let step = ToneStep { first_hz: self.voice, second_hz: 0, duration: Duration::ZERO };
        let tone = Tone { steps: vec![step], repeat: Repeat::Forever };
        self.settled = self.leg.tone(0, tone).await.is_ok();
    }

    fn may_sing(&self) -> bool {
        let audio = self.negotiation.plan().streams.first();
        audio.is_some_and(|audio| {
            audio.state == StreamState::Active
                && audio.kind == MediaKind::Audio
                && matches!(audio.direction, Direction::SendRecv | Direction::SendOnly)
        })
    }

    fn active(&self) -> impl Iterator<Item = &StreamPlan> {
        let streams = self.negotiation.plan().streams.iter();
        streams.filter(|stream| stream.state == StreamState::Active)
    }

    /// Active streams as agreed last.
    pub(super) fn streams(&self) -> usize {
        self.active().count()
    }

    /// As many streams as there are.
    pub(super) fn wish(&self) -> Wish {
        let count = |kind| self.active().filter(|stream| stream.kind == kind).count();
        Wish {
            video: KindWish::both_ways(count(MediaKind::Video)),
            text: KindWish::both_ways(count(MediaKind::Text)),
            ..Wish::audio_only()
        }
    }

    /// Whether a fax has taken the place of the voice.
    pub(super) fn is_faxing(&self) -> bool {
        self.active().any(|stream| stream.kind == MediaKind::Image)
    }

    /// Where a stream goes from and to.
    pub(super) fn ends_of(&self, stream: usize) -> Option<(SocketAddr, SocketAddr)> {
        let plan = self.negotiation.plan();
        let transport = plan.streams.get(stream)?.transport;
        let local = self.leg.local_transports().get(transport)?.rtp;
        Some((local, plan.transports.get(transport)?.remote_rtp?))
    }

    /// Audio packets received so far.
    pub(super) async fn heard(&self) -> u64 {
        let quality = self.leg.quality().await.unwrap_or_default();
        quality.first().map_or(0, |first| first.received.packets)
    }
}
