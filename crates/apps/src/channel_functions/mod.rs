//! Functions bound to a call: what they read and set belongs to the channel.

mod callerid;
mod channel;
mod connectedline;
pub(crate) mod feature;
mod hangupcause;
mod headers;
mod jitterbuffer;
mod message;
mod park_get_channel;
mod party;
mod pjsip_dial_contacts;
mod pjsip_header;
mod pjsip_header_param;
mod pjsip_headers;
mod pjsip_inheritable_header;
mod pjsip_media_offer;
mod pjsip_objects;
mod pjsip_response_header;
mod pjsip_send_session_refresh;
mod redirecting;
mod routes;
mod rtcp;
mod sip_header;
mod timeout;

use sidetone_base::Random;
use sidetone_dialplan::{FunctionError, Host as _};
use sidetone_media::StreamQuality;
use sidetone_pbx::{Channel, Exchange};

use sidetone_store::AstDb;

use sidetone_functions::{self, Function, FunctionHost, Hashes, Outcome, Written};

/// The code of a function that reads a channel.
pub type Read = fn(&mut Channel, &str) -> Outcome;

/// The code of a function that sets something of a channel.
pub type Write = fn(&mut Channel, &str, &str) -> Written;

/// Every function of this folder, by name.
pub const FUNCTIONS: &[Function<Read, Write>] = &[
    callerid::FUNCTION,
    channel::FUNCTION,
    connectedline::FUNCTION,
    feature::FEATURE,
    feature::FEATUREMAP,
    hangupcause::CAUSE,
    hangupcause::KEYS,
    jitterbuffer::FUNCTION,
    message::MESSAGE,
    message::DATA,
    park_get_channel::FUNCTION,
    pjsip_objects::AOR,
    pjsip_objects::CONTACT,
    pjsip_dial_contacts::FUNCTION,
    pjsip_objects::ENDPOINT,
    pjsip_header::FUNCTION,
    pjsip_headers::FUNCTION,
    pjsip_header_param::FUNCTION,
    pjsip_inheritable_header::FUNCTION,
    pjsip_media_offer::FUNCTION,
    pjsip_response_header::HEADER,
    pjsip_response_header::NAMES,
    pjsip_send_session_refresh::FUNCTION,
    redirecting::FUNCTION,
    routes::FUNCTION,
    sip_header::HEADER,
    sip_header::NAMES,
    timeout::FUNCTION,
];

fn find(name: &str) -> Option<&'static Function<Read, Write>> {
    FUNCTIONS.iter().find(|function| function.doc.name == name)
}

/// Reads any function: one of this folder, or one that needs no call.
pub(crate) async fn read(channel: &mut Channel, name: &str, arguments: &str) -> Outcome {
    // The media worker is asked.
    if name == channel::FUNCTION.doc.name
        && let Some(item) = rtcp::wanted(arguments)
    {
        return rtcp::read(&channel.quality().await, item);
    }
    if let Some(function) = find(name) {
        let read = function.read.ok_or(FunctionError::NotReadable)?;
        return read(channel, arguments);
    }
    // One that reads what another function says, as in CUT(CHANNEL(rtcp,all),\;,1), cannot wait.
    let quality = match arguments.to_ascii_lowercase().contains("rtcp") {
        true => channel.quality().await,
        false => Vec::new(),
    };
    let mut bound = Bound { quality, ..Bound::new(channel) };
    let outcome = sidetone_functions::read(&mut bound, name, arguments);
    outcome.unwrap_or(Err(FunctionError::Unknown))
}

/// Sets any function.
pub(crate) fn write(channel: &mut Channel, name: &str, arguments: &str, value: &str) -> Written {
    if let Some(function) = find(name) {
        let write = function.write.ok_or(FunctionError::NotWritable)?;
        return write(channel, arguments, value);
    }
    let written = sidetone_functions::write(&mut Bound::new(channel), name, arguments, value);
    written.unwrap_or(Err(FunctionError::Unknown))
}

/// A channel as host of the functions that need no call.
struct Bound<'c> {
    channel: &'c mut Channel,
    random: Borrowed,
    /// What the media worker said of the streams, where it was asked.
    quality: Vec<StreamQuality>,
}

/// The exchange's randomness, borrowed for one draw at a time.
struct Borrowed(Exchange);

impl Random for Borrowed {
    fn fill(&mut self, out: &mut [u8]) {
        self.0.random().fill(out);
    }
}

impl<'c> Bound<'c> {
    fn new(channel: &'c mut Channel) -> Self {
        let random = Borrowed(channel.exchange().clone());
        Self { channel, random, quality: Vec::new() }
    }
}

impl FunctionHost for Bound<'_> {
    fn variable(&self, name: &str) -> Option<String> {
        self.channel.variable(name)
    }

    fn set_variable(&mut self, name: &str, value: Option<String>) {
        self.channel.set_variable(name, value);
    }

    fn global(&self, name: &str) -> Option<String> {
        self.channel.exchange().global(name)
    }

    fn set_global(&mut self, name: &str, value: Option<String>) {
        self.channel.exchange().set_global(name, value);
    }

    fn database(&self) -> &AstDb {
        self.channel.exchange().database()
    }

    fn hashes(&mut self) -> &mut Hashes {
        self.channel.extra::<Hashes>()
    }

    fn now(&self) -> jiff::Zoned {
        self.channel.exchange().wall_clock()
    }

    fn random(&mut self) -> &mut dyn Random {
        &mut self.random
    }

    fn environment(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn version(&self, item: &str) -> Option<String> {
        Some(match item {
            "" => format!("Sidetone {}", env!("CARGO_PKG_VERSION")),
            // Dialplans compare with it; the behaviour is that of release 20.
            "ASTERISK_VERSION_NUM" => "200000".to_owned(),
            "BUILD_OS" => std::env::consts::OS.to_owned(),
            "BUILD_MACHINE" => std::env::consts::ARCH.to_owned(),
            _ => return None,
        })
    }

    fn channel_function(&mut self, name: &str, arguments: &str) -> Option<Outcome> {
        if name == channel::FUNCTION.doc.name
            && let Some(item) = rtcp::wanted(arguments)
        {
            return Some(rtcp::read(&self.quality, item));
        }
        let read = find(name)?.read;
        Some(match read {
            Some(read) => read(self.channel, arguments),
            None => Err(FunctionError::NotReadable),
        })
    }
}
