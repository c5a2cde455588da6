//! Builds the programs of tests/c against the shared library and runs them, each against the server that it wants.
//!
//! `STEADYWIRE_RUN_UNDER` = a command before each program, such as valgrind; `STEADYWIRE_CFLAGS` = more for the
//! compiler, such as `-fsanitize=address`.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "this is a test")]

mod build;
mod run;
mod scripts;

use run::{Program, hub, runtime};
use steadywire_faults::Server;
use steadywire_hub::Hub;

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

#[test]
fn every_call_is_answered() {
    let runtime = runtime();
    let hub = hub(&runtime);
    Program::new("calls").run(&[&hub.url()]);
}

#[test]
fn the_promises_of_a_callback_hold() {
    let runtime = runtime();
    let hub = hub(&runtime);
    Program::new("promises").run(&[&hub.url()]);
}

#[test]
fn callbacks_run_in_the_programs_own_loop() {
    let runtime = runtime();
    let hub = hub(&runtime);
    Program::new("poll").run(&[&hub.url()]);
}

#[test]
fn the_program_is_asked() {
    let runtime = runtime();
    let hub = runtime.block_on(Hub::builder().listen("127.0.0.1:0").token("right!").start()).unwrap();
    let ends = runtime.block_on(Server::start(scripts::ends()));
    Program::new("asked").run(&[&hub.url(), &ends.url()]);
}

#[test]
fn operators_are_told() {
    let runtime = runtime();
    let hub = hub(&runtime);
    Program::new("log").run(&[&hub.url()]);
}

#[test]
fn the_process_is_left_alone() {
    let runtime = runtime();
    let hub = hub(&runtime);
    let resets = runtime.block_on(Server::start(scripts::resets()));
    Program::new("process").run(&[&hub.url(), &resets.url()]);
}

#[test]
fn the_library_may_be_loaded_and_let_go() {
    let runtime = runtime();
    let hub = hub(&runtime);
    let library = build::library();
    Program::new("loaded").run(&[library.to_str().unwrap(), &hub.url()]);
}

#[test]
fn an_end_survives_the_death_of_the_server() {
    let runtime = runtime();
    let first = hub(&runtime);
    let (url, address) = (first.url(), first.local_addr());
    let mut worker = Program::new("worker").start(&[&url]);
    assert_eq!(worker.line(), "begun");
    runtime.block_on(first.kill());
    worker.tell("killed");
    assert_eq!(worker.line(), "completed");
    let second = runtime.block_on(Hub::builder().listen(address.to_string()).start()).unwrap();
    worker.tell("restarted");
    worker.finish();
    assert_eq!(second.url(), url);
}

#[test]
fn what_clients_take_is_given_back() {
    let runtime = runtime();
    let hub = hub(&runtime);
    Program::new("cycles").run(&[&hub.url()]);
}

#[test]
fn an_exception_that_leaves_a_callback_ends_the_process() {
    use std::os::unix::process::ExitStatusExt;
    const SIGABRT: i32 = 6;
    let (status, errors) = Program::new("throws").start(&[]).fail();
    assert_eq!(status.signal(), Some(SIGABRT), "{status}: {errors}");
    assert!(errors.contains("foreign exception"), "{errors}");
}
