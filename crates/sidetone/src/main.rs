//! Sidetone: a WebRTC-native telephone exchange in one binary.
//!
//! This file is the table of contents: read the arguments, then either ask a running exchange or
//! be one. Everything it starts is stopped in the reverse order.

#![forbid(unsafe_code)]

mod arguments;
mod first_start;
mod greeting;
mod http;
mod listeners;
mod logging;
mod missing;
mod phone;
mod pid_file;
mod printed;
mod process;
mod prompts;
mod reload;
mod script;
mod serve;
mod surroundings;
mod tools;

use std::process::ExitCode;

use clap::Parser as _;

use arguments::Arguments;

/// The allocator: returns memory of past calls to the system, which the default one does not.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.version {
        printed::line(process::version());
        return ExitCode::SUCCESS;
    }
    if let Some(tool) = &arguments.tool {
        return tools::run(tool, &arguments);
    }
    if arguments.remote || arguments.execute.is_some() {
        return process::ask(&arguments);
    }
    match serve::run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(words) => {
            printed::complaint(format_args!("sidetone: {words}"));
            ExitCode::FAILURE
        }
    }
}
