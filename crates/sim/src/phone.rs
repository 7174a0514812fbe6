//! A phone as a story sees it: what it is told to do, and what its owner sees and hears.

use std::cell::{Cell, RefCell};
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use sidetone_engine::{Engine, EngineSnapshot};
use sidetone_media::Certificate;
use sidetone_net::sim::Host;
use sidetone_ua::Snapshot;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::Line;
use crate::configuration::OPUS_PHONES;

mod calls;
mod device;
mod media;

/// Orders that may wait for a phone.
const ORDERS: usize = 16;
/// Who heard nothing for this long hears nothing: ten packets.
const SILENCE: Duration = Duration::from_millis(400);

/// What a phone does when it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Rings until told otherwise.
    Ring,
    /// Rings and answers after a while.
    Answer(Duration),
    /// Speaks at once (183 with an answer to the offer), and answers after a while.
    SpeakThenAnswer(Duration),
    /// Refuses with this status.
    Refuse(u16),
    /// Wants the call to go to this extension, or this URI, instead (302).
    Forward(&'static str),
    /// Does not even say 100: as if it were switched off.
    Ignore,
}

/// How a phone sends and hears keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keys {
    /// As telephone-events (RFC 4733).
    #[default]
    Events,
    /// As tones in the audio.
    Tones,
    /// By INFO.
    Info,
}

/// The forms in which a phone holds a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// `a=sendonly`, with a tone of its own.
    SendOnly,
    /// `a=inactive`.
    Inactive,
    /// `c=0.0.0.0` (RFC 2543).
    ZeroAddress,
    /// An INVITE without offer, answered `sendonly` in the ACK (RFC 3261 §14.2).
    WithoutOffer,
}

/// How a phone wants its media.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    /// RTP/AVP in clear.
    Plain,
    /// The same with RTP and RTCP on one port.
    Muxed,
    /// RTP/AVPF.
    Avpf,
    /// RTP/SAVP with keys in the SDP.
    Sdes,
    /// DTLS-SRTP without ICE.
    Dtls,
    /// In clear over ICE, RTCP on a port of its own.
    Ice,
    /// Keys in the SDP, over ICE, RTP and RTCP on one port.
    SdesIce,
    /// DTLS-SRTP over ICE, RTCP on a port of its own.
    DtlsIce,
    /// In clear, with descriptions of its silence (RFC 3389).
    WithNoise,
    /// The same under a certificate that is not the one its SDP names.
    Forged,
}

/// What a caller offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// One voice.
    Audio,
    /// One voice, one picture.
    AudioAndVideo,
    /// One voice, and text as it is typed.
    AudioAndText,
    /// Nothing: the answerer offers (RFC 3261 §13.2.1).
    Nothing,
    /// A fax and no voice.
    Fax,
}

/// Where a call stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallState {
    /// We called; nothing but 100 came.
    Calling,
    /// We called; it rings there.
    Ringing,
    /// Somebody calls us.
    Alerted,
    /// Answered.
    Talking,
    /// Over, with the status that ended it: 200 after BYE, 487 after CANCEL.
    Over(u16),
}

/// A call as its phone shows it.
#[derive(Clone, Debug)]
pub struct CallView {
    /// Where it stands.
    pub state: CallState,
    /// `Reason` headers that came with its end.
    pub reasons: Vec<String>,
    /// Audio packets received.
    pub heard: u64,
    /// When the last of them was noticed.
    pub heard_at: Option<Instant>,
    /// Digits received.
    pub digits: String,
    /// Active streams as agreed last.
    pub streams: usize,
    /// Re-offers of the exchange that were answered.
    pub reoffered: usize,
    /// How our own last re-offer ended.
    pub reoffer_status: Option<u16>,
    /// The INVITE that called us, as it came.
    pub invite: String,
    /// Our tag in that call.
    pub tag: String,
    /// The responses to our INVITE, as they came, without challenges.
    pub answers: Vec<String>,
    /// Requests inside the dialog, as they came; the BYE or CANCEL is the last.
    pub asked: Vec<String>,
    /// How requests of the story inside the dialog ended, in order.
    pub told: Vec<u16>,
}

/// What the phone shows.
#[derive(Debug, Default)]
pub(crate) struct View {
    pub calls: Vec<CallView>,
    /// Requests outside calls, as they came.
    pub received: Vec<String>,
    /// How requests of the story outside calls ended.
    pub answered: Vec<String>,
}

/// A request as a story writes it.
#[derive(Clone, Debug, Default)]
pub struct Saying {
    /// Method.
    pub method: String,
    /// Further headers.
    pub headers: Vec<(String, String)>,
    /// Type and text of the body.
    pub body: Option<(String, String)>,
}

impl Saying {
    /// A request with these headers and no body.
    #[must_use]
    pub fn new(method: &str, headers: &[(&str, &str)]) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let headers = headers.iter().map(owned).collect();
        Self { method: method.to_owned(), headers, body: None }
    }

    /// The same with a body.
    #[must_use]
    pub fn with_body(mut self, kind: &str, text: &str) -> Self {
        self.body = Some((kind.to_owned(), text.to_owned()));
        self
    }
}

/// What a phone is told.
#[derive(Debug)]
pub(crate) enum Order {
    Register { expires_s: u32, password: String, reply: oneshot::Sender<Result<u32, u16>> },
    Dial { number: String, offer: Offer, done: oneshot::Sender<()> },
    Answer,
    Refuse(u16),
    HangUp,
    HangUpAll,
    Hold(Hold),
    Resume,
    ResumeAll,
    ResumeWithoutOffer,
    Press(char),
    Manner(Manner),
    BeSilent,
    Keys(Keys),
    Media(Media),
    Secure(Media),
    Show(Certificate),
    Listen { to: Option<SocketAddr>, done: oneshot::Sender<()> },
    Change(Vec<String>),
    WillFax,
    Fax { done: oneshot::Sender<()> },
    Speak { done: oneshot::Sender<()> },
    Repeat,
    Where { stream: usize, reply: oneshot::Sender<Option<(SocketAddr, SocketAddr)>> },
    ShowPictures,
    Ask { call: usize, saying: Saying },
    Demand,
    Say(Vec<(String, String)>),
    CallItself(String),
    Send { to: String, saying: Saying },
    Move { host: Host, done: oneshot::Sender<()> },
    Restart,
    Held(oneshot::Sender<(Snapshot, EngineSnapshot)>),
}

/// A handle to a phone.
#[derive(Clone)]
pub struct Phone {
    name: String,
    ip: Rc<Cell<IpAddr>>,
    orders: mpsc::Sender<Order>,
    view: Rc<RefCell<View>>,
}

impl std::fmt::Debug for Phone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}: {:?}", self.name, self.ip.get(), self.view.borrow().calls)
    }
}

/// What a phone is made of.
pub(crate) struct NewPhone<'a> {
    pub name: &'a str,
    pub line: Line,
    pub codecs: &'a [&'a str],
    pub host: Host,
    pub engine: Engine,
    pub seed: u64,
}

/// What the account's phone speaks when the story says nothing else.
pub(crate) fn usual_codecs(name: &str, line: Line) -> &'static [&'static str] {
    if line == Line::WebSocket {
        &["opus", "ulaw", "vp8"]
    } else if OPUS_PHONES.contains(&name) {
        &["opus"]
    } else {
        &["ulaw"]
    }
}

/// Whether a stack holds nothing any more.
pub(crate) fn is_empty(held: &Snapshot) -> bool {
    [held.client_transactions, held.server_transactions, held.dialogs, held.invites, held.timers]
        .iter()
        .all(|count| *count == 0)
}

impl Phone {
    pub(crate) async fn new(new: NewPhone<'_>) -> Self {
        let (orders, inbox) = mpsc::channel(ORDERS);
        let view = Rc::new(RefCell::new(View::default()));
        let phone = Self {
            name: new.name.to_owned(),
            ip: Rc::new(Cell::new(new.host.ip())),
            orders,
            view: Rc::clone(&view),
        };
        let device = device::Device::new(new, view).await;
        tokio::task::spawn_local(device.run(inbox));
        phone
    }

    /// The account's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it is.
    #[must_use]
    pub fn ip(&self) -> IpAddr {
        self.ip.get()
    }

    /// Goes on from another network, as a browser does: it registers again from there and restarts
    /// ICE in its calls.
    pub(crate) async fn goes_on_from(&self, host: Host) {
        self.ip.set(host.ip());
        let (done, moved) = oneshot::channel();
        self.order(Order::Move { host, done }).await;
        moved.await.expect("the phone runs");
        assert_eq!(self.register().await, Ok(600), "{} registers from there", self.name);
        self.order(Order::Restart).await;
    }

    async fn order(&self, order: Order) {
        self.orders.send(order).await.expect("the phone runs");
    }

    /// Registers for ten minutes.
    ///
    /// # Errors
    /// The status that refused it; 408 when nothing came back.
    pub async fn register(&self) -> Result<u32, u16> {
        self.register_for(600, crate::configuration::PASSWORD).await
    }

    /// Registers for some seconds (0 unregisters); returns what was granted.
    ///
    /// # Errors
    /// The status that refused it; 408 when nothing came back.
    pub async fn register_for(&self, expires_s: u32, password: &str) -> Result<u32, u16> {
        let (reply, answer) = oneshot::channel();
        let password = password.to_owned();
        self.order(Order::Register { expires_s, password, reply }).await;
        answer.await.expect("the phone runs")
    }

    /// Begins to call a number.
    pub async fn dial(&self, number: &str) {
        self.dial_with(number, Offer::Audio).await;
    }

    /// The same with another offer.
    pub async fn dial_with(&self, number: &str, offer: Offer) {
        let (done, begun) = oneshot::channel();
        let number = number.to_owned();
        self.order(Order::Dial { number, offer, done }).await;
        begun.await.expect("the phone runs");
    }

    /// Answers whoever calls.
    pub async fn answer(&self) {
        self.order(Order::Answer).await;
    }

    /// Refuses whoever calls.
    pub async fn refuse(&self, status: u16) {
        self.order(Order::Refuse(status)).await;
    }

    /// Ends the last call, whatever its state: CANCEL, refusal or BYE.
    pub async fn hang_up(&self) {
        self.order(Order::HangUp).await;
    }

    /// Ends all calls.
    pub async fn hang_up_all(&self) {
        self.order(Order::HangUpAll).await;
    }

    /// Puts the call on hold.
    pub async fn hold(&self) {
        self.order(Order::Hold(Hold::SendOnly)).await;
    }

    /// The same in this form.
    pub async fn hold_by(&self, form: Hold) {
        self.order(Order::Hold(form)).await;
    }

    /// Takes the call back by an INVITE without offer.
    pub async fn resume_without_offer(&self) {
        self.order(Order::ResumeWithoutOffer).await;
    }

    /// Adds a camera to the call.
    pub async fn show_pictures(&self) {
        self.order(Order::ShowPictures).await;
    }

    /// Takes it back.
    pub async fn resume(&self) {
        self.order(Order::Resume).await;
    }

    /// Takes every call back from hold, to join their parties.
    pub async fn resume_all(&self) {
        self.order(Order::ResumeAll).await;
    }

    /// Presses a key.
    pub async fn press(&self, digit: char) {
        self.order(Order::Press(digit)).await;
    }

    /// What it does with calls from now on.
    pub async fn will(&self, manner: Manner) {
        self.order(Order::Manner(manner)).await;
    }

    /// Sends nothing in its next calls, as if its microphone were broken.
    pub async fn will_be_silent(&self) {
        self.order(Order::BeSilent).await;
    }

    /// Sends and hears keys in this way in its next calls.
    pub async fn will_press(&self, keys: Keys) {
        self.order(Order::Keys(keys)).await;
    }

    /// Wants its media so in its next calls.
    pub async fn will_want(&self, media: Media) {
        self.order(Order::Media(media)).await;
    }

    /// Shows this certificate in its next calls.
    pub async fn will_show(&self, certificate: Certificate) {
        self.order(Order::Show(certificate)).await;
    }

    /// Re-offers the call with its media protected so.
    pub async fn secure_by(&self, media: Media) {
        self.order(Order::Secure(media)).await;
    }

    /// The frequency of the tone it sends, in Hz.
    #[must_use]
    pub fn voice(&self) -> f64 {
        media::voice_of(&self.name).into()
    }

    /// Sends what its last call hears to an address too.
    pub(crate) async fn listen(&self, to: Option<SocketAddr>) {
        let (done, begun) = oneshot::channel();
        self.order(Order::Listen { to, done }).await;
        begun.await.expect("the phone runs");
    }

    /// Re-offers the call with these codecs only.
    pub async fn change_to(&self, codecs: &[&str]) {
        self.order(Order::Change(codecs.iter().map(|name| (*name).to_owned()).collect())).await;
    }

    /// Has a fax machine, in its next calls.
    pub async fn will_fax(&self) {
        self.order(Order::WillFax).await;
    }

    /// Its machine wants a fax instead of the voice.
    pub async fn fax(&self) {
        let (done, offered) = oneshot::channel();
        self.order(Order::Fax { done }).await;
        offered.await.expect("the phone runs");
    }

    /// Its owner wants the voice again.
    pub async fn speak(&self) {
        let (done, offered) = oneshot::channel();
        self.order(Order::Speak { done }).await;
        offered.await.expect("the phone runs");
    }

    /// Sends back what comes as text or fax, in the streams agreed from now on.
    pub async fn will_repeat(&self) {
        self.order(Order::Repeat).await;
    }

    /// Where a stream of the last call goes from and to, if there is one.
    pub(crate) async fn ends_of(&self, stream: usize) -> Option<(SocketAddr, SocketAddr)> {
        let (reply, answer) = oneshot::channel();
        self.order(Order::Where { stream, reply }).await;
        answer.await.expect("the phone runs")
    }

    /// Says these headers from now on: in its INVITEs, and in its answers to INVITEs.
    pub async fn will_say(&self, headers: &[(&str, &str)]) {
        let headers = Saying::new("", headers).headers;
        self.order(Order::Say(headers)).await;
    }

    /// Names somebody else in its From from now on; its account and its To stay.
    pub async fn will_call_itself(&self, user: &str) {
        self.order(Order::CallItself(user.to_owned())).await;
    }

    /// From now on wants to see the account's password from whoever calls it.
    pub async fn will_demand_a_password(&self) {
        self.order(Order::Demand).await;
    }

    /// Sends a request inside a call, counted from 0; its end is in [`CallView::told`].
    pub async fn ask_in(&self, call: usize, saying: Saying) {
        self.order(Order::Ask { call, saying }).await;
    }

    /// Sends a request inside the last call.
    pub async fn ask(&self, saying: Saying) {
        let last = self.calls().len().saturating_sub(1);
        self.ask_in(last, saying).await;
    }

    /// Sends a request outside calls to a user of the exchange.
    pub async fn send(&self, to: &str, saying: Saying) {
        self.order(Order::Send { to: to.to_owned(), saying }).await;
    }

    /// Requests outside calls that came.
    #[must_use]
    pub fn received(&self) -> Vec<String> {
        self.view.borrow().received.clone()
    }

    /// The final answers to [`Phone::send`], as they came.
    #[must_use]
    pub fn answers(&self) -> Vec<String> {
        self.view.borrow().answered.clone()
    }

    /// What its stack and its media engine hold.
    pub(crate) async fn held(&self) -> (Snapshot, EngineSnapshot) {
        let (reply, answer) = oneshot::channel();
        self.order(Order::Held(reply)).await;
        answer.await.expect("the phone runs")
    }

    /// All calls, oldest first.
    #[must_use]
    pub fn calls(&self) -> Vec<CallView> {
        self.view.borrow().calls.clone()
    }

    /// The last call.
    ///
    /// # Panics
    /// When there was none.
    #[must_use]
    pub fn call(&self) -> CallView {
        self.calls().pop().expect("there was a call")
    }

    /// The state of the last call, if there was one.
    #[must_use]
    pub fn state(&self) -> Option<CallState> {
        self.view.borrow().calls.last().map(|call| call.state)
    }

    /// Whether somebody calls.
    #[must_use]
    pub fn is_alerted(&self) -> bool {
        self.state() == Some(CallState::Alerted)
    }

    /// Whether the last call is over.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.state(), Some(CallState::Over(_)))
    }

    /// Whether the last call hears something right now.
    #[must_use]
    pub fn hears(&self) -> bool {
        let view = self.view.borrow();
        let heard_at = view.calls.last().and_then(|call| call.heard_at);
        heard_at.is_some_and(|at| at.elapsed() < SILENCE)
    }

    /// Whether the last call is answered and hears something right now.
    #[must_use]
    pub fn is_talking(&self) -> bool {
        self.state() == Some(CallState::Talking) && self.hears()
    }
}
