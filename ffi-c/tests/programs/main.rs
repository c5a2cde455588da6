//! Builds the programs of tests/c against the shared library and runs them, each against the server that it wants.
//!
//! `STEADYWIRE_RUN_UNDER` = a command before each program, such as valgrind.
#![allow(clippy::unwrap_used, reason = "this is a test")]

mod build;
mod run;
mod scripts;

use run::{Program, runtime};
use steadywire_faults::Server;

#[test]
fn what_cannot_be_taken_is_answered() {
    Program::new("misuse").run(&[]);
}

#[test]
fn options_are_taken_and_checked() {
    Program::new("options").run(&[]);
}

#[test]
fn every_field_of_every_kind_of_event_can_be_read() {
    let runtime = runtime();
    let kinds = runtime.block_on(Server::start(scripts::every_kind()));
    let lines = runtime.block_on(Server::start(scripts::many_lines()));
    Program::new("events").run(&[&kinds.url(), &lines.url()]);
}
