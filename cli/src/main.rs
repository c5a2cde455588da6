//! The terminal program.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may fail by it"))]

mod args;
mod demo;
mod exit;
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

use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};

fn main() -> ExitCode {
    let exit = match &Cli::parse().command {
        Command::Serve(args) => serve::serve(args),
        #[cfg(unix)]
        Command::Run(args) => run::run(args),
        #[cfg(not(unix))]
        Command::Run(_) => exit::fail(exit::Exit::Usage, "run is not available on this system yet"),
        Command::Watch(args) => watch::watch(args),
        Command::Send(args) => send::send(args),
        Command::Demo(args) => demo::demo(args),
    };
    exit.into()
}
