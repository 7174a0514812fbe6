//! What the dialplan says of a channel by `CHANNEL()`, where it otherwise is as its endpoint says.
//! Beside step 6 of the INVITE walk.

use std::time::{Duration, Instant};

use sidetone_dialplan::{Position, Stop};

use super::Channel;

/// Most channels stay in one extension and are told nothing, so that it is boxed.
#[derive(Debug, Default)]
pub struct Told {
    language: Option<String>,
    account_code: Option<String>,
    user_field: String,
    /// The extension it was in before this one.
    pub last: Option<Position>,
    /// The channel that hung up last: itself, or its peer.
    pub hung_up_by: String,
    /// Where it goes on when its next bridge ends and it stays.
    pub after_bridge: Option<Position>,
    /// When it last went on so, and how often at once after the time before.
    rounds: Option<(Instant, u32)>,
}

/// How often in a row a channel goes on after its bridges without a rest: enough for whatever a
/// dialplan means by it.
const ROUNDS: u32 = 5;

/// What counts as at once, and how long it rests.
const REST: Duration = Duration::from_secs(1);

impl Channel {
    /// What it was told.
    pub fn told_mut(&mut self) -> &mut Told {
        self.told.get_or_insert_default()
    }

    /// Where it goes on now that its bridge is over, if it was told. An extension that names itself
    /// and whose calls end at once would otherwise go round as fast as the machine can.
    ///
    /// # Errors
    /// [`Stop`] when it is hung up while it rests.
    pub async fn after_bridge(&mut self) -> Result<Option<Position>, Stop> {
        let now = self.exchange.now();
        let told = self.told_mut();
        let Some(to) = told.after_bridge.take() else {
            return Ok(None);
        };
        let before = told.rounds.filter(|(last, _)| now < *last + REST);
        let rounds = before.map_or(0, |(_, rounds)| rounds + 1);
        if rounds == ROUNDS {
            let name = &self.name;
            tracing::warn!("{name} goes round in {to} by after_bridge_goto: once a second now");
        }
        if rounds >= ROUNDS {
            self.pause(REST).await?;
        }
        self.told_mut().rounds = Some((self.exchange.now(), rounds));
        Ok(Some(to))
    }

    /// The language of its prompts: its own, the endpoint's, or `defaultlanguage`.
    #[must_use]
    pub fn language(&self) -> String {
        let own = self.told.as_ref().and_then(|told| told.language.clone());
        let own = own.unwrap_or_else(|| self.endpoint.language.clone());
        if own.is_empty() { self.exchange.config().asterisk.default_language.clone() } else { own }
    }

    /// Sets the language of its prompts; empty for the endpoint's.
    pub fn set_language(&mut self, language: &str) {
        self.told_mut().language = Some(language.to_owned()).filter(|text| !text.is_empty());
    }

    /// The account its call is for: its own, or the endpoint's.
    #[must_use]
    pub fn account_code(&self) -> &str {
        let own = self.told.as_ref().and_then(|told| told.account_code.as_deref());
        own.unwrap_or(&self.endpoint.accountcode)
    }

    /// Sets the account its call is for.
    pub fn set_account_code(&mut self, code: &str) {
        self.told_mut().account_code = Some(code.to_owned());
        self.listing.update(|facts| code.clone_into(&mut facts.account_code));
    }

    /// `CHANNEL(userfield)`, words of the dialplan's own.
    #[must_use]
    pub fn user_field(&self) -> &str {
        self.told.as_ref().map_or("", |told| &told.user_field)
    }

    /// Sets `CHANNEL(userfield)`.
    pub fn set_user_field(&mut self, words: &str) {
        words.clone_into(&mut self.told_mut().user_field);
    }

    /// Which application runs, and with what, as lists show it.
    #[must_use]
    pub fn application(&self) -> (String, String) {
        let facts = self.exchange.live().facts(self.id);
        facts.map(|facts| (facts.application, facts.data)).unwrap_or_default()
    }
}
