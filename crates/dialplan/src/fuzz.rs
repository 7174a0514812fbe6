//! Entry points for the fuzzer, and a host that lives in memory for them and for the tests.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::pattern::{Fit, Pattern};
use crate::{Dialplan, Flow, FunctionError, Host, Position, RunEvent, Stack, Stop, expand};

/// A channel that answers everything at once.
#[derive(Debug)]
pub struct MemoryHost {
    pub plan: Arc<Dialplan>,
    pub stack: Stack,
    pub position: Position,
    pub variables: HashMap<String, String>,
    pub globals: HashMap<String, String>,
    pub caller: Option<String>,
    pub now: jiff::Zoned,
    /// `App(arguments)` of every application that ran.
    pub executed: Vec<String>,
    pub warnings: Vec<String>,
    /// What a program printed.
    pub printed: Vec<String>,
    pub special: Vec<String>,
    /// What the applications `Answers` give, in order; then [`Flow::Next`].
    pub answers: VecDeque<Result<Flow, Stop>>,
    /// Turns after which [`Host::yield_now`] says that the caller hung up.
    pub turns_left: u32,
    pub turns: u32,
}

impl MemoryHost {
    pub fn new(text: &str) -> Self {
        let document = sidetone_conf::parse(text, "extensions.conf");
        Self {
            plan: Arc::new(crate::load(&document)),
            stack: Stack::default(),
            position: Position::new("default", "s", 1),
            variables: HashMap::new(),
            globals: HashMap::new(),
            caller: None,
            now: jiff::Zoned::default(),
            executed: Vec::new(),
            warnings: Vec::new(),
            printed: Vec::new(),
            special: Vec::new(),
            answers: VecDeque::new(),
            turns_left: 1_000,
            turns: 0,
        }
    }
}

impl Host for MemoryHost {
    fn dialplan(&self) -> Arc<Dialplan> {
        self.plan.clone()
    }

    fn stack(&mut self) -> &mut Stack {
        &mut self.stack
    }

    fn set_position(&mut self, position: &Position) {
        self.position = position.clone();
    }

    fn position(&self) -> Position {
        self.position.clone()
    }

    fn variable(&self, name: &str) -> Option<String> {
        match name {
            "EXTEN" => Some(self.position.extension.to_string()),
            "CONTEXT" => Some(self.position.context.to_string()),
            "PRIORITY" => Some(self.position.priority.to_string()),
            _ => self.own_variable(name).or_else(|| self.globals.get(name).cloned()),
        }
    }

    fn own_variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }

    fn set_variable(&mut self, name: &str, value: Option<String>) {
        let name = name.trim_start_matches('_').to_owned();
        match value {
            Some(value) => self.variables.insert(name, value),
            None => self.variables.remove(&name),
        };
    }

    async fn call_function(&mut self, name: &str, text: &str) -> Result<String, FunctionError> {
        match name {
            "LEN" => Ok(text.chars().count().to_string()),
            "ECHO" => Ok(text.to_owned()),
            "DOUBLE" => Ok(text.repeat(2)),
            "GLOBAL" => Ok(self.globals.get(text).cloned().unwrap_or_default()),
            _ => Err(FunctionError::Unknown),
        }
    }

    async fn write_function(
        &mut self,
        name: &str,
        arguments: &str,
        value: &str,
    ) -> Result<(), FunctionError> {
        if name != "GLOBAL" {
            return Err(FunctionError::Unknown);
        }
        self.globals.insert(arguments.to_owned(), value.to_owned());
        Ok(())
    }

    async fn execute(
        &mut self,
        application: &str,
        arguments: &str,
        _: &Position,
    ) -> Result<Flow, Stop> {
        self.executed.push(format!("{application}({arguments})"));
        match application {
            "Hangup" => Err(Stop::Hangup { cause: arguments.parse().unwrap_or(16) }),
            "Busy" => Err(Stop::Hangup { cause: 17 }),
            "Congestion" => Err(Stop::Hangup { cause: 34 }),
            "Ask" => self.answers.pop_front().unwrap_or(Ok(Flow::Next)),
            // As Dial runs a subroutine before it calls.
            "Sub" => {
                let target = Position::new(arguments, "s", 1);
                crate::run_subroutine(self, target, &[]).await.map(|_| Flow::Next)
            }
            _ => Ok(Flow::Next),
        }
    }

    fn knows_application(&self, application: &str) -> bool {
        matches!(application, "Hangup" | "Ask" | "Sub" | "Verbose" | "Answer")
    }

    fn caller_id_number(&self) -> Option<String> {
        self.caller.clone()
    }

    fn now(&self) -> jiff::Zoned {
        self.now.clone()
    }

    fn report(&mut self, event: RunEvent<'_>) {
        match event {
            RunEvent::Executing { .. } => {}
            RunEvent::Printed { text } => self.printed.push(text.to_owned()),
            RunEvent::AutoFallthrough { status } => self.special.push(format!("auto {status}")),
            RunEvent::Special { extension, .. } => self.special.push(extension.to_owned()),
            RunEvent::Warning { message } => self.warnings.push(message.to_owned()),
        }
    }

    async fn yield_now(&mut self) -> Result<(), Stop> {
        self.turns += 1;
        self.turns_left = self.turns_left.checked_sub(1).ok_or(Stop::Hangup { cause: 16 })?;
        Ok(())
    }
}

/// Runs a future of a [`MemoryHost`], which never waits.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
}

/// Expressions end, whatever they say.
pub fn fuzz_expression(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    // Recursion and the size of a result must be bounded by the length of the text.
    if let Ok(outcome) = crate::expression::evaluate(&text) {
        assert!(outcome.text.len() <= text.len() + 64, "{text:?} became {:?}", outcome.text);
    }
}

/// Expansions end, stay within their bound, and leave text without `$` alone.
pub fn fuzz_expand(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut host = MemoryHost::new("");
    host.set_variable("A", Some("${B}".to_owned()));
    host.set_variable("B", Some("LEN(x):0:1".to_owned()));
    match block_on(expand(&mut host, &text)) {
        Ok(value) => {
            assert!(value.len() <= crate::limits::MAX_VALUE_BYTES);
            assert!(text.contains('$') || value == text);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// A pattern prints as one that is equal, and the fit of a string agrees with the fit of its
/// beginnings. The first line is the pattern, the rest is dialled.
pub fn fuzz_pattern(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (pattern, dialled) = text.split_once('\n').unwrap_or((&text, ""));
    let Ok(pattern) = Pattern::new(pattern) else {
        return;
    };
    let printed = pattern.to_string();
    assert_eq!(Pattern::new(&printed).as_ref(), Ok(&pattern), "{printed}");
    if pattern.fit(dialled) == Fit::No {
        return;
    }
    for (end, _) in dialled.char_indices() {
        let beginning = dialled.get(..end).unwrap_or_default();
        assert_ne!(pattern.fit(beginning), Fit::No, "{printed} {beginning}");
    }
}

/// Any text loads as a dialplan, prints, and runs to an end.
pub fn fuzz_dialplan(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut host = MemoryHost::new(&text);
    host.turns_left = 3;
    let plan = host.plan.clone();
    assert!(crate::show::show(&plan, &crate::show::Selection::default()).is_ok());
    let _ = plan.unknown_applications(&|_| false);
    let _ = plan.unknown_functions(&|_| false);
    if let Some(context) = plan.contexts().first() {
        let start = Position::new(&context.name, "101", 1);
        let _ = block_on(crate::run(&mut host, start));
    }
    let _ = crate::TimeRange::new(&text);
    let _ = crate::arguments::split(&text);
    let _ = crate::target::Call::new(&text);
}
