//! Requests of ours that have further places to go to: when one gives no answer, cannot be
//! reached, or says 503, the same request goes to the next as a new transaction (RFC 3263 §4.3).
//! The owner hears of an end only when there is no further place, and which place it is now.

use sidetone_base::Destination;
use sidetone_sip::{Name, Response, Status, Text};

use super::{ClientId, Purpose};
use crate::api::{Event, InviteId, Way};
use crate::stack::Stack;

impl Stack {
    /// 503: the next place instead. False when there is none, or the response is another one.
    pub(crate) fn leave_overloaded(&mut self, id: ClientId, response: &Response) -> bool {
        response.status == Status::UNAVAILABLE && self.go_elsewhere(id)
    }

    /// Sends the request to its next place. False when there is none, or nobody wants it any more,
    /// or somebody rang where it went: that call was reached.
    pub(crate) fn go_elsewhere(&mut self, id: ClientId) -> bool {
        let Some(client) = self.clients.get_mut(&id) else {
            return false;
        };
        let (purpose, from) = (client.purpose, client.destination);
        if client.others.is_empty() {
            return false;
        }
        let mut others = std::mem::take(&mut client.others);
        let mut request = client.request.clone();
        let proof = client.proof.take().map(|proof| Box::new(proof.afresh()));
        if !self.is_still_wanted(purpose) || self.has_rung(purpose) {
            return false;
        }
        let Way { destination, sent_by, contact } = others.remove(0);
        // What one server was told in answer to its challenge is nothing for another.
        for name in [Name::Via, Name::Authorization, Name::ProxyAuthorization] {
            request.headers.remove(name);
        }
        if let Some(contact) = &contact
            && request.headers.has(Name::Contact)
        {
            request.headers.set(Name::Contact, contact.as_str());
        }
        let uri = request.uri.to_text();
        let via = self.via(destination, &sent_by, &uri.to_str());
        self.sign_request(&mut request, &via);
        let again = self.open_client(request, destination, purpose, proof, others);
        self.replace_client(purpose, id, again);
        match purpose {
            Purpose::Invite(invite) => {
                if let Some(entry) = self.invites.get_mut(&invite) {
                    entry.sent_by = Text::from(sent_by);
                    entry.contact = contact.map(Text::from).or(entry.contact.take());
                }
                self.emit(Event::InviteMoved { invite, from, to: destination });
            }
            Purpose::Outside(request_id) => {
                self.emit(Event::RequestMoved { request_id, from, to: destination });
            }
            _ => {}
        }
        true
    }

    /// Where an INVITE of the owner that has further places is, if nothing at all came back from
    /// there over datagrams while it was sent four times, which takes seven times T1.
    #[must_use]
    pub fn silent_place(&self, invite: InviteId) -> Option<Destination> {
        let client = self.clients.get(&self.invites.get(&invite)?.client)?;
        let left = !client.others.is_empty() && client.is_silent(8 * self.settings.t1);
        left.then_some(client.destination)
    }

    /// Whether an INVITE made somebody ring, or more, where it went.
    fn has_rung(&self, purpose: Purpose) -> bool {
        match purpose {
            Purpose::Invite(invite) => {
                self.invites.get(&invite).is_some_and(|entry| !entry.dialogs.is_empty())
            }
            _ => false,
        }
    }
}
