//! Places and subroutines as options write them: `context^exten^priority(arg1^arg2)`.

use sidetone_base::ChannelId;
use sidetone_dialplan::target::Target;
use sidetone_dialplan::{Flow, Host as _, Position, Query, run_subroutine};
use sidetone_pbx::Channel;
use sidetone_pbx::channel::{BranchEvent, ChannelEvent, Errand};
use tokio::sync::mpsc;

/// Who hears what an errand brought about.
pub(in crate::applications) type Report = mpsc::Sender<ChannelEvent>;

/// Reads a place, seen from where the channel is. What is no place is named in the log.
pub(in crate::applications) fn read(channel: &Channel, text: &str) -> Option<Position> {
    let target = Target::new(&text.replace('^', ","));
    let found = target.and_then(|target| target.resolve_for(channel, &channel.position()));
    if found.is_none() {
        tracing::warn!("{}: '{text}' is no place in the dialplan", channel.name());
    }
    found
}

/// Whether there is something to run.
pub(in crate::applications) fn exists(channel: &Channel, to: &Position) -> bool {
    let exchange = channel.exchange();
    let query = Query {
        context: &to.context,
        extension: &to.extension,
        caller: Some(channel.caller().number.as_str()).filter(|number| !number.is_empty()),
        now: &|| exchange.wall_clock(),
    };
    channel.dialplan().find(&query, to.priority).is_some()
}

/// A subroutine and its arguments.
#[derive(Clone, Debug)]
pub(in crate::applications) struct Subroutine {
    to: Position,
    arguments: Vec<String>,
}

impl Subroutine {
    /// `[[context^]exten^]priority[(arg1^arg2)]`
    pub(in crate::applications) fn read(channel: &Channel, text: &str) -> Option<Self> {
        let (place, arguments) = text.split_once('(').unwrap_or((text, ""));
        let arguments = arguments.strip_suffix(')').unwrap_or(arguments);
        Some(Self { to: read(channel, place)?, arguments: arguments_of(arguments) })
    }

    /// `name^arg1^arg2`: extension s of the context of that name.
    pub(in crate::applications) fn of_name(text: &str) -> Self {
        let (name, arguments) = text.split_once('^').unwrap_or((text, ""));
        Self { to: Position::new(name.trim(), "s", 1), arguments: arguments_of(arguments) }
    }

    /// Runs it here.
    pub(in crate::applications) async fn run(
        self,
        channel: &mut Channel,
    ) -> Result<(), sidetone_dialplan::Stop> {
        if exists(channel, &self.to) {
            run_subroutine(channel, self.to, &self.arguments).await?;
        } else {
            tracing::warn!("{}: there is no subroutine {}", channel.name(), self.to);
        }
        Ok(())
    }

    /// Runs it on another channel, which then reports what `GOSUB_RESULT` is.
    pub(in crate::applications) fn errand(self, report: Option<Report>) -> Errand {
        Errand::new(move |channel| {
            Box::pin(async move {
                self.run(channel).await?;
                let result = channel.variables().value("GOSUB_RESULT").unwrap_or_default();
                let result = result.to_owned();
                done(channel.id(), report, result).await;
                Ok(Flow::Next)
            })
        })
    }
}

/// Tells who sent an errand that it is done.
pub(in crate::applications) async fn done(
    channel: ChannelId,
    report: Option<Report>,
    words: String,
) {
    if let Some(report) = report {
        // Whoever sent it may be gone.
        let _ = report.send((channel, BranchEvent::Done(words)).into()).await;
    }
}

fn arguments_of(text: &str) -> Vec<String> {
    if text.is_empty() {
        return Vec::new();
    }
    text.split(['^', ',']).map(|argument| argument.trim().to_owned()).collect()
}
