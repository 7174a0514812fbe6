//! A browser: signalling over secure WebSocket, media through an engine of this process with ICE,
//! DTLS and SRTP over real sockets.

use std::net::{Ipv4Addr, UdpSocket};
use std::time::{Duration, Instant};

use sidetone_base::{LegId, Random, SeededRandom};
use sidetone_engine::{Engine, EngineSettings, LegHandle, LegSpec, PortChoice};
use sidetone_media::{CandidatePolicy, LegEvent, LegKind, Repeat, Route, Tone, ToneStep};
use sidetone_sdp::Session;
use sidetone_sdp::negotiation::{Capabilities, CodecSpec, Negotiation, Wish};
use sidetone_sip::Response;
use sidetone_ua::api::{Command, DialogId, Event, InviteId, OutgoingRequest};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::agent::Account;
use crate::websocket::{Client, PATIENCE};
use crate::{Loopback, Outcome, phones, plans};

/// Events of one leg that may wait.
const LEG_EVENTS: usize = 32;

/// How much sound a packet of a microphone holds.
const PACKET_TIME: Duration = Duration::from_millis(20);

/// An engine on 127.0.0.1 with one worker.
///
/// # Errors
/// When none of the ports can be bound.
pub fn engine(ports: std::ops::RangeInclusive<u16>) -> Outcome<Engine> {
    Ok(Engine::start(EngineSettings {
        workers: Some(1),
        ports,
        bind: vec![Ipv4Addr::LOCALHOST.into()],
        ..EngineSettings::default()
    })?)
}

/// A leg of such an engine and its events.
#[derive(Debug)]
pub struct Leg {
    /// The leg.
    pub handle: LegHandle,
    events: mpsc::Receiver<(LegId, LegEvent)>,
}

impl Leg {
    /// Creates a leg.
    ///
    /// # Errors
    /// When the engine has no port.
    pub async fn new(engine: &Engine, kind: LegKind, port: PortChoice) -> Outcome<Self> {
        let (sender, events) = mpsc::channel(LEG_EVENTS);
        let candidates = CandidatePolicy {
            peer: Some(Ipv4Addr::LOCALHOST.into()),
            local_address: Some(Ipv4Addr::LOCALHOST.into()),
            ..CandidatePolicy::default()
        };
        let spec = LegSpec { candidates, port, ..LegSpec::new(kind, sender) };
        let handle = engine.create_leg(spec).await?;
        Ok(Self { handle, events })
    }

    /// Waits for an event.
    ///
    /// # Errors
    /// When a failure comes first, or nothing for [`PATIENCE`].
    pub async fn until(&mut self, wanted: impl Fn(&LegEvent) -> bool) -> Outcome {
        let mut seen = Vec::new();
        loop {
            let (_, event) = timeout(PATIENCE, self.events.recv())
                .await
                .map_err(|_| format!("no media in time, only {seen:?}"))?
                .ok_or("the leg is gone")?;
            seen.push(event.clone());
            match event {
                event if wanted(&event) => return Ok(()),
                LegEvent::IceFailed { reason, .. }
                | LegEvent::DtlsFailed { reason, .. }
                | LegEvent::Failed { reason } => return Err(reason.into()),
                _ => {}
            }
        }
    }
}

/// A call of a browser.
#[derive(Debug)]
pub struct BrowserCall {
    /// Its media.
    pub leg: Leg,
    dialog: DialogId,
    /// How long its steps took.
    pub times: Times,
}

/// From the INVITE with credentials to each step of a call.
#[derive(Clone, Copy, Debug, Default)]
pub struct Times {
    /// The 200 came.
    pub answered: Duration,
    /// ICE and DTLS are done.
    pub connected: Duration,
    /// The first packet came back.
    pub first_rtp: Duration,
}

/// A signed-in browser that may call.
#[derive(Debug)]
pub struct Browser {
    client: Client,
    account: Account,
    random: SeededRandom,
    invites: u64,
    microphone: Microphone,
}

/// A plain leg beside the browser's own, through which single packets go to it: a tone has its
/// pace of 20 ms, and would add up to that to each delay.
#[derive(Debug)]
struct Microphone {
    socket: UdpSocket,
    leg: Leg,
    into: Loopback,
    packets: u16,
}

impl Microphone {
    async fn new(engine: &Engine) -> Outcome<Self> {
        let socket = UdpSocket::bind(Loopback::port(0).address())?;
        let leg = Leg::new(engine, LegKind::Plain, PortChoice::Shared).await?;
        leg.handle.apply(plans::plain(Loopback::new(socket.local_addr()?)?)).await?;
        let local = leg.handle.local_transports().first().ok_or("a leg without transport")?;
        let into = Loopback::new(local.rtp)?;
        Ok(Self { socket, leg, into, packets: 0 })
    }

    /// Says something until it comes back. What reaches the exchange before its dialplan has come
    /// to the echo is not returned; on a busy machine DTLS is done sooner than that.
    async fn speak_until_heard(&mut self, leg: &mut Leg) -> Outcome {
        let heard = leg.until(|event| matches!(event, LegEvent::FirstPacket { .. }));
        tokio::pin!(heard);
        loop {
            self.speak()?;
            if let Ok(outcome) = timeout(PACKET_TIME, &mut heard).await {
                return outcome;
            }
        }
    }

    fn speak(&mut self) -> Outcome {
        self.packets = self.packets.wrapping_add(1);
        let packet = phones::packet(1, self.packets.into());
        self.socket.send_to(&packet, self.into.address())?;
        Ok(())
    }
}

impl Browser {
    /// Takes over a registered client; `seed` makes its descriptions its own.
    ///
    /// # Errors
    /// When the engine has no port left.
    pub async fn new(
        client: Client,
        account: Account,
        engine: &Engine,
        seed: u64,
    ) -> Outcome<Self> {
        Ok(Self {
            client,
            account,
            random: SeededRandom::new(seed),
            invites: 0,
            microphone: Microphone::new(engine).await?,
        })
    }

    /// Calls an extension that echoes, says something, and returns once it hears itself.
    ///
    /// # Errors
    /// When signalling or media fail.
    pub async fn call(&mut self, engine: &Engine, extension: &str) -> Outcome<BrowserCall> {
        let webrtc = LegKind::Ice { lite: false };
        let mut leg = Leg::new(engine, webrtc, PortChoice::Own).await?;
        let to_leg = Route::Forward(vec![(leg.handle.id(), 0)]);
        self.microphone.leg.handle.route(0, to_leg).await?;
        let (_, ulaw) = CodecSpec::of_config_name("ulaw").ok_or("no ulaw")?;
        let capabilities = Capabilities::webrtc(vec![ulaw], Vec::new());
        let mut negotiation = Negotiation::new(capabilities, &mut self.random);
        let local = leg.handle.local_transports();
        let offer = negotiation
            .offer(local, &Wish::audio_only(), &mut self.random)
            .map_err(|reject| reject.to_string())?;
        let request = self.client.agent.invite(&self.account, extension, &offer.to_string());
        let (dialog, response, sent) = self.invite(request).await?;
        let mut times = Times { answered: sent.elapsed(), ..Times::default() };
        let answer = Session::parse(&response.body)?;
        let plan = negotiation.accept_answer(&answer).map_err(|reject| reject.to_string())?;
        leg.handle.apply(plan).await?;
        self.client.agent.command(Command::Ack { dialog, body: None });
        self.client.flush().await?;
        leg.until(|event| matches!(event, LegEvent::DtlsConnected { .. })).await?;
        times.connected = sent.elapsed();
        self.microphone.speak_until_heard(&mut leg).await?;
        times.first_rtp = sent.elapsed();
        Ok(BrowserCall { leg, dialog, times })
    }

    /// Talks for some time.
    ///
    /// # Errors
    /// When the leg is gone.
    pub async fn talk(&self, call: &BrowserCall, time: Duration) -> Outcome {
        call.leg.handle.tone(0, tone()).await?;
        tokio::time::sleep(time).await;
        Ok(())
    }

    /// Sends the INVITE, with credentials once it is challenged.
    async fn invite(
        &mut self,
        mut request: OutgoingRequest,
    ) -> Outcome<(DialogId, Box<Response>, Instant)> {
        for _ in 1..=2 {
            self.invites += 1;
            let invite = InviteId(self.invites);
            let sent = Instant::now();
            self.client
                .agent
                .command(Command::Invite { invite, request: Box::new(request.clone()) });
            let rejected = loop {
                match self.client.next().await? {
                    Event::Answered { dialog, response, .. } => {
                        return Ok((dialog, response, sent));
                    }
                    Event::Rejected { response, .. } => break response,
                    Event::InviteFailed { why, .. } => {
                        return Err(format!("INVITE failed: {why:?}").into());
                    }
                    _ => {}
                }
            };
            let signed = self.client.agent.signed(&request, &rejected, &self.account);
            request = signed.ok_or_else(|| format!("INVITE: {}", rejected.status.code()))?;
        }
        Err("INVITE: the password was refused".into())
    }

    /// Ends a call and waits until the exchange has agreed.
    ///
    /// # Errors
    /// When the connection ends.
    pub async fn hang_up(&mut self, call: BrowserCall) -> Outcome {
        let dialog = call.dialog;
        self.client.agent.command(Command::Bye { dialog, headers: Vec::new() });
        self.client.flush().await?;
        call.leg.handle.close();
        Ok(())
    }
}

/// A tone without end.
fn tone() -> Tone {
    Tone {
        steps: vec![ToneStep { first_hz: 440, second_hz: 0, duration: Duration::ZERO }],
        repeat: Repeat::Forever,
    }
}

/// A random seed for the `number`th of something, so that runs differ in nothing but time.
#[must_use]
pub fn seed(number: usize) -> u64 {
    SeededRandom::new(number as u64).u64()
}
