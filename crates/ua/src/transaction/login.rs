//! Requests of ours that were challenged (401, 407): the same request with credentials, as a new
//! transaction of the same call (RFC 3261 §22.2, §22.3). The owner hears of a challenge only when
//! it cannot be answered.

use sidetone_sip::headers::{CSeq, TypedHeader as _, Via};
use sidetone_sip::{Name, Request, Response, Text};

use super::{ClientId, Purpose};
use crate::dialog::Cancelling;
use crate::digest::Proof;
use crate::stack::Stack;

/// More requests than a dialog sends after its BYE: notices of a transfer.
const OVERTAKEN: u32 = 100;

impl Stack {
    /// 500 to a BYE: a request with a higher number overtook it (RFC 3261 §12.2.2), and the peer
    /// would keep the call. Once more, with a number above all.
    pub(crate) fn repeat_bye(&mut self, id: ClientId, response: &Response) -> bool {
        let Some(client) = self.clients.get(&id) else {
            return false;
        };
        let overtaken = response.status.code() == 500 && client.purpose == Purpose::Bye;
        let Some(via) = client.request.headers.typed::<Via>().ok().flatten() else {
            return false;
        };
        if !overtaken {
            return false;
        }
        let (destination, mut request) = (client.destination, (*client.request).clone());
        let number = self.next_number(Purpose::Bye, &request);
        let cseq = CSeq { number, method: request.method.clone() };
        request.headers.set(Name::CSeq, cseq.to_text());
        let mut via = via;
        via.params.set("branch", Some(self.fresh_branch()));
        request.headers.replace_top(&via);
        self.open_client(Box::new(request), destination, Purpose::ByeAgain, None, Vec::new());
        true
    }

    /// Answers the challenge of a final response. False when it is none, or when it cannot be
    /// answered: then the response is for the owner.
    pub(crate) fn repeat_with_credentials(&mut self, id: ClientId, response: &Response) -> bool {
        if !matches!(response.status.code(), 401 | 407) {
            return false;
        }
        let Some(client) = self.clients.get_mut(&id) else {
            return false;
        };
        let (purpose, destination) = (client.purpose, client.destination);
        let Some(mut proof) = client.proof.take() else {
            return false;
        };
        let others = client.others.clone();
        let mut request = (*client.request).clone();
        if !self.is_still_wanted(purpose) || !proof.learn(response) {
            return false;
        }
        let Some(via) = request.headers.typed::<Via>().ok().flatten() else {
            return false;
        };
        let number = self.next_number(purpose, &request);
        let cseq = CSeq { number, method: request.method.clone() };
        request.headers.set(Name::CSeq, cseq.to_text());
        let mut via = via;
        via.params.set("branch", Some(self.fresh_branch()));
        request.headers.replace_top(&via);
        self.prove(&mut request, &proof);
        self.note_credentials(&request, purpose);
        self.remember_proof(purpose, &proof);
        let again = self.open_client(Box::new(request), destination, purpose, Some(proof), others);
        self.replace_client(purpose, id, again);
        true
    }

    /// Writes the credentials into a request, in place of those it has.
    pub(crate) fn prove(&mut self, request: &mut Request, proof: &Proof) {
        request.headers.remove(Name::Authorization);
        request.headers.remove(Name::ProxyAuthorization);
        let uri = request.uri.to_text();
        let method = request.method.to_string();
        for (name, value) in proof.sign(&mut *self.random, &method, &uri.to_str()) {
            request.headers.push(name, Text::from(value));
        }
    }

    /// Whether anybody still waits for what the request is about.
    pub(super) fn is_still_wanted(&self, purpose: Purpose) -> bool {
        match purpose {
            Purpose::Invite(invite) => self
                .invites
                .get(&invite)
                .is_some_and(|entry| matches!(entry.cancel, Cancelling::Not)),
            Purpose::InDialog(id, _) | Purpose::Prack(id) | Purpose::Refresh(id) => {
                self.dialogs.contains_key(&id)
            }
            Purpose::Bye | Purpose::ByeAgain | Purpose::Outside(_) => true,
            Purpose::Cancel | Purpose::Orphan => false,
        }
    }

    /// The CSeq number of the repeated request: above all before it.
    fn next_number(&mut self, purpose: Purpose, request: &Request) -> u32 {
        let before = request.headers.typed::<CSeq>().ok().flatten().map_or(0, |cseq| cseq.number);
        match purpose {
            Purpose::InDialog(id, _) | Purpose::Prack(id) | Purpose::Refresh(id) => {
                let Some(dialog) = self.dialogs.get_mut(&id) else {
                    return before.wrapping_add(1);
                };
                dialog.local_seq = dialog.local_seq.wrapping_add(1) & 0x7FFF_FFFF;
                dialog.local_seq
            }
            Purpose::Invite(_) | Purpose::Outside(_) => self.fresh_cseq(),
            Purpose::Bye | Purpose::ByeAgain => before.wrapping_add(OVERTAKEN),
            Purpose::Cancel | Purpose::Orphan => before.wrapping_add(1),
        }
    }

    /// The next request of the dialog proves itself at once.
    fn remember_proof(&mut self, purpose: Purpose, proof: &Proof) {
        if let Purpose::InDialog(id, _) | Purpose::Prack(id) | Purpose::Refresh(id) = purpose
            && let Some(dialog) = self.dialogs.get_mut(&id)
        {
            dialog.proof = Some(Box::new(proof.clone()));
        }
    }

    /// Whoever waited for the first transaction waits for the second.
    pub(super) fn replace_client(&mut self, purpose: Purpose, before: ClientId, after: ClientId) {
        match purpose {
            Purpose::Invite(invite) => {
                let Some(entry) = self.invites.get_mut(&invite) else {
                    return;
                };
                entry.client = after;
                // What rang before the challenge was another attempt.
                let early = std::mem::take(&mut entry.dialogs);
                for (_, dialog) in early {
                    self.end_dialog(dialog);
                }
            }
            Purpose::InDialog(id, _) => {
                let Some(dialog) = self.dialogs.get_mut(&id) else {
                    return;
                };
                for (_, client) in &mut dialog.requests {
                    if *client == before {
                        *client = after;
                    }
                }
            }
            _ => {}
        }
    }
}
