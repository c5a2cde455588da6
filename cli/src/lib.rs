//! The terminal program as a library, for what ships it in another shape: the Python package does.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may fail by it"))]

mod args;
mod demo;
mod exit;
mod faults;
mod interrupt;
mod link;
mod page;
mod reach;
#[cfg(unix)]
mod run;
mod send;
mod serve;
mod text;
mod token;
mod watch;

use std::ffi::OsString;
use std::io::Write;

use clap::Parser;

use args::{Cli, Command};

/// Runs the program as if it had been started with these words, its own name first, and gives the status to end with.
///
/// Once per process: it handles the signals of the process from then on, chained to the handlers that were there, and
/// leaves threads behind that handle them. It reads standard input and writes standard output and standard error. A
/// second interrupt ends the process at once.
pub fn main(words: impl IntoIterator<Item = OsString>) -> u8 {
    let status = match Cli::try_parse_from(words) {
        Ok(cli) => command(&cli.command).status(),
        Err(told) => {
            // Whoever closed our output wants to hear nothing.
            let _ = told.print();
            u8::try_from(told.exit_code()).unwrap_or(2)
        }
    };
    // Where Rust is not the whole program, nobody else does it.
    let _ = std::io::stdout().flush();
    status
}

fn command(command: &Command) -> exit::Exit {
    match command {
        Command::Serve(args) => serve::serve(args),
        #[cfg(unix)]
        Command::Run(args) => run::run(args),
        #[cfg(not(unix))]
        Command::Run(_) => exit::fail(exit::Exit::Usage, "run is not available on this system yet"),
        Command::Watch(args) => watch::watch(args),
        Command::Send(args) => send::send(args),
        Command::Demo(args) => demo::demo(args),
        Command::Faults(args) => faults::faults(args),
    }
}
