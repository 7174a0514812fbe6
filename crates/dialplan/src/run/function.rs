//! An extension that is a function of a program: its orders are carried out one by one.

use std::sync::Arc;

use super::{CAUSE_DIALPLAN_FAILURE, MAX_HANGUP_PRIORITIES, Runner, execute};
use crate::arguments::split_call;
use crate::host::{RunEvent, Stop};
use crate::limits::MAX_VALUE_BYTES;
use crate::script::{Answer, Step};
use crate::{ExpandError, Flow, Host, Position, builtin, expand};

/// The function of an extension: the context it stands in and its name there.
pub(super) struct Function {
    pub(super) context: Arc<str>,
    pub(super) name: Arc<str>,
}

/// How a function came to its end.
enum End {
    Finished,
    /// An application leads elsewhere, as Goto does.
    Left(Flow),
    Failed(String),
    Stopped(Stop),
}

/// What becomes of an application that a function called.
enum Outcome {
    Answered(Answer),
    Left(Flow),
    Stopped(Stop),
}

impl<H: Host> Runner<'_, H> {
    /// Runs the function and answers the next position; `None` when the subroutine returned.
    pub(super) async fn function(
        &mut self,
        position: &Position,
        function: &Function,
    ) -> Result<Option<Position>, Stop> {
        let end = match self.enter(position, function) {
            Ok(()) => {
                let end = self.obey(position).await;
                self.host.stack().leave_function();
                end
            }
            Err(reason) => End::Failed(reason),
        };
        if self.host.stack().depth() < self.base {
            return Ok(None);
        }
        match end {
            End::Finished => self.follow(position, Flow::Next).map(Some),
            End::Left(flow) => self.follow(position, flow).map(Some),
            End::Failed(reason) => self.failed(position, &reason, CAUSE_DIALPLAN_FAILURE).map(Some),
            End::Stopped(stop) => Err(stop),
        }
    }

    fn enter(&mut self, position: &Position, function: &Function) -> Result<(), String> {
        let plan = self.host.dialplan();
        let program = plan.program.as_ref().ok_or("the program of this extension is gone")?;
        let Function { context, name } = function;
        self.host.stack().begin_function(program, context, name, &position.extension)
    }

    async fn obey(&mut self, position: &Position) -> End {
        let mut stopped = None;
        let mut applications = 0_u32;
        let mut answer = Answer::Go;
        loop {
            let Some(session) = self.host.stack().session() else {
                return End::Failed("the program of this extension is gone".to_owned());
            };
            let step = session.resume(answer);
            for text in session.printed() {
                self.host.report(RunEvent::Printed { text: &text });
            }
            answer = match step {
                Step::Turn => {
                    if let Err(stop) = self.host.yield_now().await {
                        stopped.get_or_insert(stop);
                    }
                    Answer::Go
                }
                Step::Read(name) => self.read(&name).await,
                Step::Write(name, value) => self.write(&name, value).await,
                Step::IsHungUp => {
                    if let Err(stop) = self.host.yield_now().await {
                        stopped.get_or_insert(stop);
                    }
                    Answer::Truth(stopped.is_some())
                }
                // Whoever was told once that the call is over is told again, and may end itself.
                Step::Application { .. } if stopped.is_some() && !self.gone => Answer::HungUp,
                Step::Application { name, arguments } => {
                    applications += 1;
                    if self.gone && applications > MAX_HANGUP_PRIORITIES {
                        return End::Failed("it goes in a circle after the call".to_owned());
                    }
                    match self.application(position, &name, &arguments).await {
                        Outcome::Answered(answer) => answer,
                        Outcome::Left(flow) => return End::Left(flow),
                        Outcome::Stopped(Stop::Detached) => return End::Stopped(Stop::Detached),
                        Outcome::Stopped(_) if self.gone => Answer::Done,
                        Outcome::Stopped(stop) => {
                            stopped.get_or_insert(stop);
                            Answer::HungUp
                        }
                    }
                }
                step @ (Step::Finished | Step::HungUp | Step::Failed(_)) => {
                    return self.ended(step, stopped);
                }
            };
        }
    }

    /// How a function ended that came to its last [`Step`]. That the call is over counts more than
    /// an error, which is said then.
    fn ended(&mut self, step: Step, stopped: Option<Stop>) -> End {
        let end = match step {
            Step::Failed(reason) => End::Failed(reason),
            Step::HungUp => End::Stopped(Stop::NORMAL),
            _ => End::Finished,
        };
        if self.gone {
            return if let End::Stopped(_) = end { End::Finished } else { end };
        }
        let Some(stop) = stopped else { return end };
        if let End::Failed(reason) = end {
            expand::warn(self.host, &reason);
        }
        End::Stopped(stop)
    }

    async fn application(&mut self, position: &Position, name: &str, arguments: &str) -> Outcome {
        if arguments.len() > MAX_VALUE_BYTES {
            return Outcome::Answered(Answer::Refused(ExpandError::TooLong.to_string()));
        }
        let is_ours = builtin::find(name).is_some();
        if !is_ours && !self.host.knows_application(name) {
            let words = format!("application '{name}' not found");
            return Outcome::Answered(Answer::Refused(words));
        }
        if let Err(stop) = self.take_turn().await
            && !self.gone
        {
            return Outcome::Stopped(stop);
        }
        self.host.report(RunEvent::Executing { position, application: name, arguments });
        let outcome = execute(self.host, name, arguments, position).await;
        if !is_ours {
            self.total = 0;
            // Only now: a subroutine that the application ran may be a function of this session.
            if let Some(session) = self.host.stack().session() {
                session.rested();
            }
        }
        match outcome {
            Ok(Flow::Next) if self.host.stack().depth() >= self.base => {
                Outcome::Answered(Answer::Done)
            }
            Ok(flow) => Outcome::Left(flow),
            Err(stop) => Outcome::Stopped(stop),
        }
    }

    async fn read(&mut self, name: &str) -> Answer {
        if !name.ends_with(')') {
            return Answer::Value(self.host.variable(name));
        }
        let Some((function, arguments)) = split_call(name) else {
            return Answer::Value(None);
        };
        match expand::call(self.host, function, arguments, 0).await {
            Ok(value) => Answer::Value(Some(value)),
            Err(error) => Answer::Refused(error.to_string()),
        }
    }

    async fn write(&mut self, name: &str, value: Option<String>) -> Answer {
        if value.as_ref().is_some_and(|value| value.len() > MAX_VALUE_BYTES) {
            return Answer::Refused(ExpandError::TooLong.to_string());
        }
        let name = name.trim();
        let Some(value) = value.or_else(|| name.contains('(').then(String::new)) else {
            self.host.set_variable(name, None);
            return Answer::Done;
        };
        match builtin::assign(self.host, name, &value).await {
            Flow::Missing(reason) => Answer::Refused(reason),
            _ => Answer::Done,
        }
    }
}
