//! The registrar's location table: which contacts each address of record has (RFC 3261 §10.3).
//!
//! A pure state machine: the caller authenticates, parses and normalises; this module applies the
//! rules of binding, limits, expiry and flow loss. Contacts of browsers are bound to their
//! WebSocket (RFC 5626 §5.3): when the socket dies they are gone at once, and a request to them
//! never goes anywhere else.

#![forbid(unsafe_code)]

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use sidetone_base::{Destination, FlowId, TimerQueue};
use sidetone_events::catalogue::ContactGone;

#[doc(hidden)]
pub mod fuzz;
mod limits;
pub mod registrations;

pub use limits::AorLimits;

/// A binding of an address of record.
#[derive(Clone, Debug, PartialEq)]
pub struct Contact {
    /// The contact URI as registered (after `rewrite_contact`), without parameters of the header.
    pub uri: String,
    /// What makes the contact the same one on a refresh: the URI in a normal form, or the
    /// `+sip.instance` and `reg-id` of RFC 5626.
    pub key: String,
    /// Where requests go.
    pub destination: Destination,
    /// The flow the binding lives and dies with, for clients that cannot be dialled.
    pub bound_to: Option<FlowId>,
    /// When the binding expires; `None` for static contacts of the configuration.
    pub expires_at: Option<Instant>,
    /// Seconds granted at the last registration.
    pub expires_s: u32,
    /// `q` of the Contact header in thousandths.
    pub q_thousandths: u16,
    /// The client's `User-Agent`.
    pub user_agent: String,
    /// Call-ID of the registration.
    pub call_id: String,
    /// CSeq number of the registration.
    pub cseq: u32,
    /// Route set from Path (RFC 3327), in order.
    pub path: Vec<String>,
    /// `false` after a request to it failed without an answer, or its last OPTIONS did.
    pub reachable: bool,
    /// What its last OPTIONS showed; `None` while none was answered or missed.
    pub qualified: Option<Qualified>,
}

/// What an OPTIONS to a contact showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Qualified {
    /// Whether the answer, or that there was none, means that the contact can be called.
    pub reachable: bool,
    /// Time from request to answer; `None` without one.
    pub rtt: Option<Duration>,
}

impl Contact {
    /// A contact that nobody registered: of the configuration, or a URI that is called.
    #[must_use]
    pub fn fixed(uri: &str, key: String, destination: Destination) -> Self {
        Self {
            uri: uri.to_owned(),
            key,
            destination,
            bound_to: None,
            expires_at: None,
            expires_s: 0,
            q_thousandths: 1_000,
            user_agent: String::new(),
            call_id: String::new(),
            cseq: 0,
            path: Vec::new(),
            reachable: true,
            qualified: None,
        }
    }

    /// Ten hexadecimal digits that tell contacts apart, as lists show them.
    #[must_use]
    pub fn hash(&self) -> String {
        // FNV-1a, 64 bits: the same in every process, so that scripts may keep it.
        let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        let hash = self.uri.bytes().fold(0xcbf2_9ce4_8422_2325, fold);
        format!("{:010x}", (hash ^ (hash >> 40)) & 0xff_ffff_ffff)
    }

    /// The name of the contact in `PJSIP_CONTACT()`: `alice;@…`, or `alice@@…` for a fixed one.
    #[must_use]
    pub fn id(&self, aor: &str) -> String {
        let sign = if self.expires_at.is_some() { ';' } else { '@' };
        format!("{aor}{sign}@{}", self.hash())
    }

    /// The word of lists: `NonQual` while nobody asked, then `Avail` or `Unavail`.
    #[must_use]
    pub fn status(&self) -> &'static str {
        match (self.qualified, self.reachable) {
            (_, false) => "Unavail",
            (None, true) => "NonQual",
            (Some(_), true) => "Avail",
        }
    }
}

/// One contact of a REGISTER request.
#[derive(Clone, Debug)]
pub struct ContactUpdate {
    /// See [`Contact::uri`].
    pub uri: String,
    /// See [`Contact::key`].
    pub key: String,
    /// `expires` parameter, if any.
    pub expires_s: Option<u32>,
    /// See [`Contact::q_thousandths`].
    pub q_thousandths: u16,
    /// Where requests to this contact go.
    pub destination: Destination,
}

/// A REGISTER request, parsed and authenticated.
#[derive(Clone, Debug)]
pub struct Register {
    /// Address of record: the name of the `aor` object.
    pub aor: String,
    /// What it asks for.
    pub contacts: Contacts,
    /// The `Expires` header, if any.
    pub expires_s: Option<u32>,
    /// Call-ID.
    pub call_id: String,
    /// CSeq number.
    pub cseq: u32,
    /// `User-Agent`.
    pub user_agent: String,
    /// Path header values in order.
    pub path: Vec<String>,
    /// The flow the bindings die with, if the transport is flow-bound.
    pub bound_to: Option<FlowId>,
}

/// The Contact headers of a REGISTER request.
#[derive(Clone, Debug)]
pub enum Contacts {
    /// None: the client asks what is registered.
    Query,
    /// `*`: remove everything.
    RemoveAll,
    /// The contacts to add, refresh or (with expires 0) remove.
    Update(Vec<ContactUpdate>),
}

/// Why a REGISTER is refused. Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegisterError {
    /// `Contact: *` without `Expires: 0` (400).
    StarWithExpires,
    /// More contacts than `max_contacts` (403).
    TooMany {
        /// The limit.
        max_contacts: u32,
    },
    /// Expiry below the minimum (423 with Min-Expires).
    TooBrief {
        /// The minimum in seconds.
        minimum_s: u32,
    },
    /// An older request of the same registration arrived late (500; RFC 3261 §10.3 step 7).
    OutOfOrder,
}

/// What changed, for the event bus.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// A contact was added or refreshed.
    Added {
        /// Address of record.
        aor: String,
        /// Contact URI.
        uri: String,
        /// Seconds granted.
        expires_s: u32,
        /// Whether it was there before.
        refreshed: bool,
    },
    /// A contact is gone.
    Removed {
        /// Address of record.
        aor: String,
        /// Contact URI.
        uri: String,
        /// Why.
        why: ContactGone,
    },
}

/// All bindings of this node.
#[derive(Debug, Default)]
pub struct Registrar {
    aors: HashMap<String, Vec<Contact>>,
    by_flow: HashMap<FlowId, HashSet<String>>,
    expiry: TimerQueue<(String, String)>,
    /// When contacts are to be asked by OPTIONS.
    questions: TimerQueue<(String, String)>,
    /// Over which time the first questions are spread (`max_initial_qualify_time`).
    question_spread: Duration,
    changes: Vec<Change>,
}

impl Registrar {
    /// An empty table.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Applies a REGISTER, all of it or nothing, and returns the bindings that stand after it.
    ///
    /// # Errors
    /// See [`RegisterError`].
    pub fn register(
        &mut self,
        now: Instant,
        limits: &AorLimits,
        request: &Register,
    ) -> Result<Vec<Contact>, RegisterError> {
        match &request.contacts {
            Contacts::Query => {}
            Contacts::RemoveAll => {
                if request.expires_s != Some(0) {
                    return Err(RegisterError::StarWithExpires);
                }
                self.check_order(request, None)?;
                self.remove_where(&request.aor, ContactGone::Unregistered, |contact| {
                    contact.expires_at.is_some()
                });
            }
            Contacts::Update(updates) => self.update(now, limits, request, updates)?,
        }
        Ok(self.contacts(&request.aor))
    }

    /// Replaces the static contacts of an address of record (the `contact=` lines). What is known
    /// of one that stays is kept.
    pub fn set_static(&mut self, aor: &str, contacts: Vec<Contact>) {
        let list = self.aors.entry(aor.to_owned()).or_default();
        let (kept, before): (Vec<_>, Vec<_>) =
            list.drain(..).partition(|contact| contact.expires_at.is_some());
        *list = kept;
        for mut contact in contacts {
            let same =
                |old: &&Contact| old.key == contact.key && old.destination == contact.destination;
            if let Some(old) = before.iter().find(same) {
                (contact.reachable, contact.qualified) = (old.reachable, old.qualified);
            }
            list.push(contact);
        }
        if list.is_empty() {
            self.aors.remove(aor);
        }
    }

    /// Removes every contact bound to a flow that closed.
    pub fn flow_closed(&mut self, flow: FlowId) {
        for aor in self.by_flow.remove(&flow).unwrap_or_default() {
            self.remove_where(&aor, ContactGone::FlowClosed, |c| c.bound_to == Some(flow));
        }
    }

    /// Notes whether a contact answered; `remove_unavailable` acts on it.
    pub fn set_reachable(&mut self, aor: &str, uri: &str, reachable: bool) {
        let list = self.aors.get_mut(aor).into_iter().flatten();
        for contact in list.filter(|contact| contact.uri == uri) {
            contact.reachable = reachable;
        }
    }

    /// Plans the first question of every contact that has none planned; those already planned
    /// stay. To be called after a load, when more contacts may have to be asked.
    pub fn plan_questions(&mut self, now: Instant, spread: Duration, asked: impl Fn(&str) -> bool) {
        self.question_spread = spread;
        let of = |(aor, list): (&String, &Vec<Contact>)| -> Vec<(String, String)> {
            list.iter().map(|contact| (aor.clone(), contact.key.clone())).collect()
        };
        let mut pairs: Vec<_> =
            self.aors.iter().filter(|(aor, _)| asked(aor)).flat_map(of).collect();
        pairs.retain(|pair| !self.questions.contains(pair));
        for pair in pairs {
            self.ask_first(now, pair);
        }
    }

    /// Plans the first question about one contact, somewhere within the spread.
    fn ask_first(&mut self, now: Instant, pair: (String, String)) {
        use std::hash::{DefaultHasher, Hash as _, Hasher as _};
        let mut hasher = DefaultHasher::new();
        pair.hash(&mut hasher);
        let millis = u64::try_from(self.question_spread.as_millis()).unwrap_or(u64::MAX);
        let after = hasher.finish().checked_rem(millis).unwrap_or(0);
        self.questions.set(pair, now + Duration::from_millis(after));
    }

    /// Plans the next question about one contact.
    pub fn ask_at(&mut self, aor: &str, key: &str, at: Instant) {
        self.questions.set((aor.to_owned(), key.to_owned()), at);
    }

    /// The next contact whose question is due, with its address of record.
    pub fn next_question(&mut self, now: Instant) -> Option<(String, Contact)> {
        loop {
            let (aor, key) = self.questions.pop_due(now)?;
            let mut list = self.aors.get(&aor).into_iter().flatten();
            if let Some(contact) = list.find(|contact| contact.key == key) {
                let contact = contact.clone();
                return Some((aor, contact));
            }
        }
    }

    /// When [`Self::next_question`] has something to give next.
    pub fn next_question_at(&mut self) -> Option<Instant> {
        self.questions.next_deadline()
    }

    /// Notes what an OPTIONS showed. `true` when the contact became reachable or unreachable, or
    /// was asked for the first time.
    pub fn set_qualified(&mut self, aor: &str, key: &str, qualified: Qualified) -> bool {
        let mut list = self.aors.get_mut(aor).into_iter().flatten();
        let Some(contact) = list.find(|contact| contact.key == key) else {
            return false;
        };
        let before = contact.qualified.map(|before| before.reachable);
        let changed =
            before != Some(qualified.reachable) || contact.reachable != qualified.reachable;
        contact.qualified = Some(qualified);
        contact.reachable = qualified.reachable;
        changed
    }

    /// Removes what expired.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some((aor, key)) = self.expiry.pop_due(now) {
            self.remove_where(&aor, ContactGone::Expired, |contact| contact.key == key);
        }
    }

    /// When [`Self::handle_timeout`] is due next.
    pub fn next_deadline(&mut self) -> Option<Instant> {
        self.expiry.next_deadline()
    }

    /// Takes what changed since the last call, in order.
    pub fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    /// The contacts of an address of record, best `q` first.
    #[must_use]
    pub fn contacts(&self, aor: &str) -> Vec<Contact> {
        let mut contacts = self.aors.get(aor).cloned().unwrap_or_default();
        contacts.sort_by_key(|contact| std::cmp::Reverse(contact.q_thousandths));
        contacts
    }

    /// All bindings as `(address of record, contact)`, sorted.
    #[must_use]
    pub fn all(&self) -> Vec<(String, Contact)> {
        let pairs = self.aors.iter();
        let mut all: Vec<_> = pairs
            .flat_map(|(aor, list)| list.iter().map(move |c| (aor.clone(), c.clone())))
            .collect();
        all.sort_by(|a, b| (&a.0, &a.1.uri).cmp(&(&b.0, &b.1.uri)));
        all
    }

    fn update(
        &mut self,
        now: Instant,
        limits: &AorLimits,
        request: &Register,
        updates: &[ContactUpdate],
    ) -> Result<(), RegisterError> {
        let mut granted = Vec::with_capacity(updates.len());
        for update in updates {
            self.check_order(request, Some(&update.key))?;
            granted.push(limits.grant(update.expires_s.or(request.expires_s))?);
        }
        let evicted = self.make_room(limits, request, updates, &granted)?;
        for key in evicted {
            self.remove_where(&request.aor, ContactGone::Replaced, |c| c.key == key);
        }
        for (update, expires_s) in updates.iter().zip(granted) {
            if expires_s == 0 {
                let gone = ContactGone::Unregistered;
                self.remove_where(&request.aor, gone, |contact| contact.key == update.key);
            } else {
                self.bind(now, limits, (request, update), expires_s);
            }
        }
        Ok(())
    }

    /// RFC 3261 §10.3 step 7: a request of the same Call-ID with a lower CSeq came late.
    fn check_order(&self, request: &Register, key: Option<&str>) -> Result<(), RegisterError> {
        let list = self.aors.get(&request.aor).into_iter().flatten();
        let late = list
            .filter(|contact| key.is_none_or(|key| contact.key == key))
            .any(|contact| contact.call_id == request.call_id && request.cseq < contact.cseq);
        if late { Err(RegisterError::OutOfOrder) } else { Ok(()) }
    }

    /// Which contacts must go so that the new ones fit into `max_contacts`.
    fn make_room(
        &self,
        limits: &AorLimits,
        request: &Register,
        updates: &[ContactUpdate],
        granted: &[u32],
    ) -> Result<Vec<String>, RegisterError> {
        let named = |key: &str| updates.iter().any(|update| update.key == key);
        let list = self.aors.get(&request.aor).map_or(&[][..], Vec::as_slice);
        let mut others: Vec<&Contact> = list
            .iter()
            .filter(|contact| contact.expires_at.is_some() && !named(&contact.key))
            .collect();
        let added: HashSet<&str> = updates
            .iter()
            .zip(granted)
            .filter(|(_, expires_s)| **expires_s > 0)
            .map(|(update, _)| update.key.as_str())
            .collect();
        let limit = usize::try_from(limits.max_contacts).unwrap_or(usize::MAX);
        let excess = (others.len() + added.len()).saturating_sub(limit);
        if excess == 0 || added.is_empty() {
            return Ok(Vec::new());
        }
        // Unreachable contacts go first, then those that would expire first anyway.
        others.sort_by_key(|contact| (contact.reachable, contact.expires_at));
        let evictable = others.iter().filter(|contact| {
            limits.remove_existing || (limits.remove_unavailable && !contact.reachable)
        });
        let evicted: Vec<String> = evictable.take(excess).map(|c| c.key.clone()).collect();
        if evicted.len() < excess {
            return Err(RegisterError::TooMany { max_contacts: limits.max_contacts });
        }
        Ok(evicted)
    }

    fn bind(
        &mut self,
        now: Instant,
        limits: &AorLimits,
        (request, update): (&Register, &ContactUpdate),
        expires_s: u32,
    ) {
        let expires_at = now + Duration::from_secs(expires_s.into());
        let contact = Contact {
            uri: update.uri.clone(),
            key: update.key.clone(),
            destination: update.destination,
            bound_to: request.bound_to,
            expires_at: Some(expires_at),
            expires_s,
            q_thousandths: update.q_thousandths,
            user_agent: request.user_agent.clone(),
            call_id: request.call_id.clone(),
            cseq: request.cseq,
            path: request.path.clone(),
            reachable: true,
            qualified: None,
        };
        let list = self.aors.entry(request.aor.clone()).or_default();
        let place = list.iter().position(|known| known.key == update.key);
        let before = place.map(|place| list.swap_remove(place));
        let mut contact = contact;
        let same = before.as_ref().filter(|before| before.destination == contact.destination);
        match same.and_then(|before| before.qualified) {
            // What OPTIONS showed holds until the next one.
            Some(known) => {
                (contact.reachable, contact.qualified) = (known.reachable, Some(known));
            }
            None if limits.is_asked => {
                self.ask_first(now, (request.aor.clone(), update.key.clone()))
            }
            None => {}
        }
        let list = self.aors.entry(request.aor.clone()).or_default();
        list.push(contact);
        if let Some(flow) = before.as_ref().and_then(|before| before.bound_to) {
            self.forget_flow(&request.aor, flow);
        }
        if let Some(flow) = request.bound_to {
            self.by_flow.entry(flow).or_default().insert(request.aor.clone());
        }
        self.expiry.set((request.aor.clone(), update.key.clone()), expires_at);
        self.changes.push(Change::Added {
            aor: request.aor.clone(),
            uri: update.uri.clone(),
            expires_s,
            refreshed: before.is_some(),
        });
    }

    fn remove_where(&mut self, aor: &str, why: ContactGone, gone: impl Fn(&Contact) -> bool) {
        let Some(list) = self.aors.get_mut(aor) else {
            return;
        };
        let (removed, kept): (Vec<_>, Vec<_>) = list.drain(..).partition(gone);
        *list = kept;
        if list.is_empty() {
            self.aors.remove(aor);
        }
        for contact in removed {
            let pair = (aor.to_owned(), contact.key);
            self.expiry.cancel(&pair);
            self.questions.cancel(&pair);
            if let Some(flow) = contact.bound_to {
                self.forget_flow(aor, flow);
            }
            self.changes.push(Change::Removed { aor: aor.to_owned(), uri: contact.uri, why });
        }
    }

    /// Drops the index entry when no contact of the address of record uses the flow any more.
    fn forget_flow(&mut self, aor: &str, flow: FlowId) {
        let mut list = self.aors.get(aor).into_iter().flatten();
        if list.any(|contact| contact.bound_to == Some(flow)) {
            return;
        }
        if let Some(users) = self.by_flow.get_mut(&flow) {
            users.remove(aor);
            if users.is_empty() {
                self.by_flow.remove(&flow);
            }
        }
    }
}

#[cfg(test)]
mod tests;
