//! Our own registration with another server (RFC 3261 §10.2), without I/O: when to register, renew,
//! try again, give up and remove. Beside a call's walk: it makes us reachable.
//!
//! The owner writes the requests, knows the addresses, and tells what came back. Challenges are
//! answered below this, by the transaction: a 401 here means that the password was refused.

use std::time::{Duration, Instant};

use sidetone_sip::headers::{Contact, Expires, MinExpires, RetryAfter, TypedHeader as _};
use sidetone_sip::{Response, Text, Uri};

/// The shortest pause between two attempts: a wrong setting must not become a flood.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause that a server may ask for: a day.
const LONGEST_PAUSE: Duration = Duration::from_secs(86_400);
/// The longest registration that is believed: a year.
const LONGEST_S: u32 = 31_536_000;
/// A renewal begins so long before the end that one REGISTER may go unanswered (timer F) and
/// another still come in time.
const MARGIN: Duration = Duration::from_secs(40);
/// Times a longer interval is asked for after 423.
const MAX_RAISES: u8 = 3;
/// How long the end of a REGISTER is waited for: four transactions, as many as answers to
/// challenges may take, and then it counts as lost.
const PATIENCE: Duration = Duration::from_secs(140);

/// How a registration behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrationSettings {
    /// The seconds asked for.
    pub expires_s: u32,
    /// The pause after a failure that may pass.
    pub retry: Duration,
    /// The pause after 403; `None` gives up.
    pub forbidden_retry: Option<Duration>,
    /// The pause after other refusals that stand (RFC 3261 §21.4: not to be repeated); `None`
    /// gives up.
    pub fatal_retry: Option<Duration>,
    /// Failures in a row after which it gives up.
    pub max_retries: u32,
    /// A refused password is refused for good.
    pub rejection_is_permanent: bool,
}

/// How a registration stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegistrationStatus {
    /// Not registered: not yet, not any more, or because nobody wants it.
    Unregistered,
    /// The server knows us.
    Registered,
    /// The last attempt failed.
    Rejected,
    /// It is being removed.
    Stopping,
}

impl RegistrationStatus {
    /// The word in lists.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unregistered => "Unregistered",
            Self::Registered => "Registered",
            Self::Rejected => "Rejected",
            Self::Stopping => "Stopping",
        }
    }
}

/// A contact of a REGISTER.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The Contact value without `expires`.
    pub contact: String,
    /// For how many seconds; 0 removes it.
    pub expires_s: u32,
}

/// What the server may hold of us.
#[derive(Clone, Debug)]
struct Held {
    contact: String,
    until: Instant,
    /// It said so.
    confirmed: bool,
}

/// A REGISTER under way.
#[derive(Debug)]
struct Asking {
    contact: String,
    expires_s: u32,
    removes: bool,
    /// An old contact is removed by the same request.
    replaces: bool,
    until: Instant,
}

/// One registration.
#[derive(Debug)]
pub struct Registration {
    settings: RegistrationSettings,
    wanted: bool,
    status: RegistrationStatus,
    held: Option<Held>,
    asking: Option<Asking>,
    /// When the next REGISTER goes out.
    due: Option<Instant>,
    /// Something changed while one was under way.
    again: bool,
    failures: u32,
    raises: u8,
    /// The seconds asked for; 423 raises them.
    expires_s: u32,
}

impl Registration {
    /// One that registers for the first time after a while.
    #[must_use]
    pub fn new(now: Instant, settings: RegistrationSettings, after: Duration) -> Self {
        Self {
            expires_s: settings.expires_s.clamp(1, LONGEST_S),
            settings,
            wanted: true,
            status: RegistrationStatus::Unregistered,
            held: None,
            asking: None,
            due: Some(now + after),
            again: false,
            failures: 0,
            raises: 0,
        }
    }

    /// How it stands.
    #[must_use]
    pub fn status(&self) -> RegistrationStatus {
        self.status
    }

    /// Until when the server knows us.
    #[must_use]
    pub fn registered_until(&self) -> Option<Instant> {
        self.held.as_ref().filter(|held| held.confirmed).map(|held| held.until)
    }

    /// Whether it is not wanted, and the server holds nothing of us any more.
    #[must_use]
    pub fn is_over(&self) -> bool {
        !self.wanted && self.asking.is_none() && self.due.is_none()
    }

    /// When [`Self::handle_timeout`] is to be called next.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        let asking = self.asking.as_ref().map(|asking| asking.until);
        let held = self.held.as_ref().map(|held| held.until);
        let due = self.due.filter(|_| asking.is_none());
        [asking, held, due].into_iter().flatten().min()
    }

    /// Lets time pass: what ran out is forgotten.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.held.take_if(|held| held.until <= now).is_some()
            && self.status == RegistrationStatus::Registered
        {
            self.status = RegistrationStatus::Unregistered;
        }
        if self.asking.as_ref().is_some_and(|asking| asking.until <= now) {
            self.failed(now);
        }
    }

    /// Whether a REGISTER is due: then the owner asks for [`Self::request`], or says
    /// [`Self::failed`] when it cannot write one.
    #[must_use]
    pub fn is_due(&self, now: Instant) -> bool {
        self.asking.is_none() && self.due.is_some_and(|due| due <= now)
    }

    /// The contacts of the REGISTER that is due. `contact` is ours as it is now; one that the
    /// server still holds and that was another is removed by the same request.
    pub fn request(&mut self, now: Instant, contact: &str) -> Vec<Binding> {
        self.due = None;
        self.again = false;
        let old = self.held.as_ref().map(|held| held.contact.clone());
        let removes = !self.wanted;
        let mut bindings = Vec::new();
        let other = old.filter(|old| removes || old != contact);
        let replaces = other.is_some() && !removes;
        if removes || replaces {
            let contact = other.unwrap_or_else(|| contact.to_owned());
            bindings.push(Binding { contact, expires_s: 0 });
        }
        if !removes {
            let expires_s = self.expires_s;
            bindings.push(Binding { contact: contact.to_owned(), expires_s });
            let until = now + Duration::from_secs(expires_s.into());
            let held = Held { contact: contact.to_owned(), until, confirmed: false };
            self.held.get_or_insert(held);
        }
        self.asking = Some(Asking {
            contact: contact.to_owned(),
            expires_s: self.expires_s,
            removes,
            replaces,
            until: now + PATIENCE,
        });
        bindings
    }

    /// Registers, or renews, at once: an operator wants it, our address changed, the connection to
    /// the server is gone. What was given up is tried again.
    pub fn register(&mut self, now: Instant) {
        self.wanted = true;
        self.failures = 0;
        self.raises = 0;
        if self.status == RegistrationStatus::Stopping {
            self.status = RegistrationStatus::Unregistered;
        }
        self.ask_at(now);
    }

    /// Whether it is to be registered.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        self.wanted
    }

    /// The connection to the server is gone: registers again after a while, unless that is due
    /// before.
    pub fn lost(&mut self, now: Instant, after: Duration) {
        if self.wanted && self.asking.is_none() && self.held.is_some() {
            let soon = now + after;
            self.due = Some(self.due.map_or(soon, |due| due.min(soon)));
        }
    }

    /// Removes the registration and keeps it removed.
    pub fn remove(&mut self, now: Instant) {
        if !self.wanted {
            return;
        }
        self.wanted = false;
        if self.held.is_none() && self.asking.is_none() {
            self.due = None;
            self.status = RegistrationStatus::Unregistered;
            return;
        }
        self.status = RegistrationStatus::Stopping;
        self.ask_at(now);
    }

    fn ask_at(&mut self, now: Instant) {
        self.again = self.asking.is_some();
        self.due = Some(now).filter(|_| !self.again);
    }

    /// A final response to the REGISTER.
    pub fn answered(&mut self, now: Instant, response: &Response) {
        let code = response.status.code();
        if code < 200 {
            return;
        }
        let Some(asking) = self.asking.take() else { return };
        if asking.removes {
            self.removed(now);
            return;
        }
        match code {
            200..=299 => self.granted(now, &asking, response),
            423 if self.raise(response) => self.due = Some(now),
            // Not every server takes two contacts in one request: the old one may run out.
            400..=501 if asking.replaces && !matches!(code, 401 | 403 | 407 | 408) => {
                self.held = None;
                self.due = Some(now);
            }
            _ => {
                self.held.take_if(|held| !held.confirmed);
                self.fail(now, self.pause_after(code, response));
            }
        }
        self.go_on(now);
    }

    /// No response came, or none could be asked for.
    pub fn failed(&mut self, now: Instant) {
        self.due = None;
        let removes = self.asking.take().map_or(!self.wanted, |asking| asking.removes);
        if removes {
            self.removed(now);
        } else {
            self.fail(now, Some(self.settings.retry));
            self.go_on(now);
        }
    }

    fn removed(&mut self, now: Instant) {
        self.held = None;
        self.status = RegistrationStatus::Unregistered;
        if self.wanted {
            self.due = Some(now);
        }
    }

    /// What was wanted while the request was under way.
    fn go_on(&mut self, now: Instant) {
        if !self.wanted {
            self.due = self.held.as_ref().map(|_| now);
            if self.due.is_none() {
                self.status = RegistrationStatus::Unregistered;
            }
        } else if std::mem::take(&mut self.again) {
            self.due = Some(now);
        }
    }

    fn granted(&mut self, now: Instant, asking: &Asking, response: &Response) {
        let granted_s = granted_s(asking, response).min(LONGEST_S);
        if granted_s == 0 {
            self.held = None;
            self.fail(now, Some(self.settings.retry));
            return;
        }
        let granted = Duration::from_secs(granted_s.into());
        let contact = asking.contact.clone();
        self.held = Some(Held { contact, until: now + granted, confirmed: true });
        self.due = Some(now + granted - (granted / 4).min(MARGIN));
        self.failures = 0;
        self.raises = 0;
        if self.wanted {
            self.status = RegistrationStatus::Registered;
        }
    }

    /// 423: the interval is too brief (RFC 3261 §10.2.8). False when a longer one cannot help.
    fn raise(&mut self, response: &Response) -> bool {
        let wanted = response.headers.typed::<MinExpires>().ok().flatten();
        let longer = wanted.map(|wanted| wanted.0).filter(|wanted| {
            *wanted > self.expires_s && *wanted <= LONGEST_S && self.raises < MAX_RAISES
        });
        if let Some(longer) = longer {
            self.expires_s = longer;
            self.raises += 1;
        }
        longer.is_some()
    }

    /// How long to wait after a refusal; `None` is for good.
    fn pause_after(&self, code: u16, response: &Response) -> Option<Duration> {
        let settings = &self.settings;
        let refused = match code {
            401 | 407 if settings.rejection_is_permanent => return None,
            401 | 407 => return Some(settings.retry),
            403 => return settings.forbidden_retry.or(settings.fatal_retry),
            // What passes by itself: the server is busy, or somebody behind it.
            408 | 429 | 430 | 480 | 500 | 502 | 503 | 504 => Some(settings.retry),
            _ => settings.fatal_retry,
        };
        let asked = response.headers.typed::<RetryAfter>().ok().flatten();
        let asked = asked.map(|asked| Duration::from_secs(asked.seconds.into()));
        asked.map(|asked| asked.min(LONGEST_PAUSE)).or(refused)
    }

    fn fail(&mut self, now: Instant, pause: Option<Duration>) {
        if self.wanted {
            self.status = RegistrationStatus::Rejected;
        }
        let pause = pause.filter(|_| self.failures < self.settings.max_retries);
        self.failures = self.failures.saturating_add(1);
        self.due = pause.map(|pause| now + pause.max(SHORTEST_PAUSE));
    }

    /// When the next attempt is made; `None` when it was given up or none is needed.
    #[must_use]
    pub fn next_attempt(&self) -> Option<Instant> {
        self.due
    }
}

/// The seconds that a 2xx grants: of our contact, else of all, else what was asked for.
fn granted_s(asking: &Asking, response: &Response) -> u32 {
    let headers = &response.headers;
    let everybody = headers.typed::<Expires>().ok().flatten().map(|expires| expires.0);
    let listed = headers.typed_all::<Contact>().unwrap_or_default();
    let own = Contact::parse(&Text::from(asking.contact.as_str())).ok();
    let own = own.as_ref().and_then(Contact::uri);
    let ours = listed.iter().find(|contact| match (contact.uri(), own) {
        (Some(listed), Some(own)) => is_same(listed, own),
        _ => false,
    });
    let ours = ours.and_then(Contact::expires);
    // A server that writes our contact in its own way lists the others with it: the one that ends
    // first is the one to be sure of.
    let first = || listed.iter().filter_map(Contact::expires).filter(|seconds| *seconds > 0).min();
    ours.or(everybody).or_else(first).unwrap_or(asking.expires_s)
}

/// Whether two contacts are one (RFC 3261 §19.1.4, as far as servers leave them alone).
fn is_same(one: &Uri, other: &Uri) -> bool {
    let (Some(one), Some(other)) = (one.as_sip(), other.as_sip()) else { return false };
    one.user == other.user
        && one.host.equivalent(&other.host)
        && one.port.unwrap_or(5060) == other.port.unwrap_or(5060)
        && one.params.value("line") == other.params.value("line")
}
