//! Step 6 of the INVITE walk: the channel as host of the dialplan.

use std::sync::Arc;

use sidetone_dialplan::lookup::Query;
use sidetone_dialplan::{
    Callable, Dialplan, Flow, FunctionError, Host, Position, RunEvent, Stack, Stop,
};

use super::{Channel, Happening};
use crate::Cause;

impl Host for Channel {
    fn dialplan(&self) -> Arc<Dialplan> {
        self.exchange.dialplan()
    }

    fn stack(&mut self) -> &mut Stack {
        &mut self.stack
    }

    fn set_position(&mut self, position: &Position) {
        let before = std::mem::replace(&mut self.position, position.clone());
        if (&before.context, &before.extension) != (&position.context, &position.extension) {
            self.told_mut().last = Some(before);
        }
        if self.bridging.redirect.as_ref() == Some(position) {
            self.bridging.redirect = None;
        }
        self.listing.update(|facts| {
            facts.context = position.context.to_string();
            facts.exten = position.extension.to_string();
            facts.priority = position.priority;
        });
    }

    fn position(&self) -> Position {
        self.position.clone()
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.predefined(name)
            .or_else(|| self.variables.value(name).map(str::to_owned))
            .or_else(|| self.exchange.global(name))
    }

    fn own_variable(&self, name: &str) -> Option<String> {
        self.variables.value(name).map(str::to_owned)
    }

    fn set_variable(&mut self, name: &str, value: Option<String>) {
        if !self.variables.set(name, value) {
            tracing::warn!("{}: too many channel variables, {name} is not set", self.name);
        }
    }

    async fn call_function(
        &mut self,
        name: &str,
        arguments: &str,
    ) -> Result<String, FunctionError> {
        let read = self.exchange.catalogue().read_function;
        read(self, name, arguments).await
    }

    async fn write_function(
        &mut self,
        name: &str,
        arguments: &str,
        value: &str,
    ) -> Result<(), FunctionError> {
        let write = self.exchange.catalogue().write_function;
        write(self, name, arguments, value)
    }

    async fn execute(
        &mut self,
        application: &str,
        arguments: &str,
        position: &Position,
    ) -> Result<Flow, Stop> {
        tracing::debug!(target: "walk", step = 6, "dialplan/run: {application}");
        // In `h` every wait ends at once, and the applications run all the same.
        if let Err(stop) = self.catch_up().await
            && !self.bridging.over
        {
            return Err(stop);
        }
        let Some(known) = self.exchange.catalogue().application(application) else {
            tracing::error!(
                "{}: extension {position} wants {application}(), which does not exist here: \
                 the call ends",
                self.name
            );
            self.note_stop(Cause(79));
            return Err(Stop::Hangup { cause: 79 });
        };
        (known.run)(self, arguments).await
    }

    fn knows_application(&self, application: &str) -> bool {
        self.exchange.catalogue().application(application).is_some()
    }

    fn switched_off(&self, what: Callable<'_>) -> Option<String> {
        let modules = &self.exchange.config().modules;
        match what {
            Callable::Application(name) => modules.application_off(name),
            Callable::Function(name) => modules.function_off(name),
        }
    }

    fn caller_id_number(&self) -> Option<String> {
        Some(self.caller.number.clone()).filter(|number| !number.is_empty())
    }

    fn now(&self) -> jiff::Zoned {
        self.exchange.wall_clock()
    }

    fn report(&mut self, event: RunEvent<'_>) {
        match event {
            RunEvent::Executing { position, application, arguments } => {
                self.show_application(application, arguments);
                tracing::info!(
                    target: "verbose",
                    channel = self.name.as_str(),
                    "    -- Executing [{}@{}:{}] {application}(\"{}\", \"{arguments}\")",
                    position.extension, position.context, position.priority, self.name
                );
            }
            RunEvent::AutoFallthrough { status } => {
                tracing::info!(
                    target: "verbose",
                    "  == Auto fallthrough, channel '{}' status is '{status}'", self.name
                );
            }
            RunEvent::Special { extension, reason } => {
                tracing::info!(target: "verbose", "{}: to '{extension}': {reason}", self.name);
            }
            RunEvent::Printed { text } => {
                tracing::info!(target: "verbose", "{}: {text}", self.name);
            }
            RunEvent::Warning { message } => {
                tracing::warn!("{} at {}: {message}", self.name, self.position);
            }
        }
    }

    fn over(&mut self, cause: u16) {
        self.bridging.over = true;
        self.note_stop(Cause(u8::try_from(cause).unwrap_or(Cause::NORMAL.0)));
    }

    async fn yield_now(&mut self) -> Result<(), Stop> {
        tokio::task::yield_now().await;
        self.catch_up().await
    }
}

impl Channel {
    /// Variables that are not stored but known.
    fn predefined(&self, name: &str) -> Option<String> {
        let seconds = |from: Option<std::time::Instant>| {
            let from = from?;
            Some(self.exchange.now().saturating_duration_since(from).as_secs().to_string())
        };
        Some(match name {
            "EXTEN" => self.position.extension.to_string(),
            "CONTEXT" => self.position.context.to_string(),
            "PRIORITY" => self.position.priority.to_string(),
            "CHANNEL" => self.name.clone(),
            "UNIQUEID" => self.unique_id.clone(),
            "HANGUPCAUSE" => self.hangup_cause().to_string(),
            "EPOCH" => self.exchange.wall_clock().timestamp().as_second().to_string(),
            "DATETIME" => self.exchange.wall_clock().strftime("%d%m%Y-%H:%M:%S").to_string(),
            "TIMESTAMP" => self.exchange.wall_clock().strftime("%Y%m%d-%H%M%S").to_string(),
            "SYSTEMNAME" => self.exchange.config().asterisk.system_name.clone(),
            "ENTITYID" => self.exchange.entity_id().to_owned(),
            "SIPCALLID" => self.sip.names.call_id.clone(),
            "SIPURI" => self.sip.names.target_uri.clone(),
            "ACCOUNTCODE" => self.account_code().to_owned(),
            "HINT" => self.hint(|(device, _)| device.to_owned())?,
            "HINTNAME" => self.hint(|(_, name)| name.to_owned())?,
            "ANSWEREDTIME" if self.variables.value(name).is_none() => seconds(self.answered)?,
            _ => return self.exchange.config().asterisk.directory(name),
        })
    }

    /// The device and the name of the hint of the current extension.
    fn hint(&self, part: impl Fn((&str, &str)) -> String) -> Option<String> {
        let plan = self.exchange.dialplan();
        let query = Query {
            context: &self.position.context,
            extension: &self.position.extension,
            caller: Some(&self.caller.number),
            now: &|| self.exchange.wall_clock(),
        };
        let hint = plan.find_hint(&query)?.extension.hint.as_ref()?;
        Some(part(hint.parts()))
    }

    fn hangup_cause(&self) -> u8 {
        if self.stop.is_some() {
            return self.cause.0;
        }
        let dialled = self.variables.value("~HANGUPCAUSE").and_then(|cause| cause.parse().ok());
        dialled.unwrap_or(0)
    }

    /// Reads a digit that is there or comes until the deadline.
    ///
    /// # Errors
    /// [`Stop`] when the channel is hung up.
    pub async fn read_digit(&mut self, until: std::time::Instant) -> Result<Option<char>, Stop> {
        loop {
            match self.wait(Some(until)).await? {
                Happening::Digit(digit) => return Ok(Some(digit)),
                Happening::Deadline => return Ok(None),
                Happening::Branch(..) | Happening::Played(_) => {}
            }
        }
    }
}
