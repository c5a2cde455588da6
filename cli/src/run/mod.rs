//! `steadywire run`: any command, reported as a task.

mod child;
mod collect;
mod lines;
mod outcome;
mod outlet;
mod progress;
mod pty;
mod pump;
mod report;
mod signals;

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use steadywire::State;

use crate::args::RunArgs;
use crate::exit::{Exit, fail};
use crate::link;
use child::{End, Observer};
use collect::Collector;
use outcome::Patience;
use outlet::TaskOutlet;
use signals::Target;

/// Runs the command and ends as it does.
pub(crate) fn run(args: &RunArgs) -> Exit {
    let client = match link::client(&args.client) {
        Ok(client) => client,
        Err(error) => return fail(Exit::Usage, error),
    };
    let reporter = match client.report(&args.task) {
        Ok(reporter) => reporter,
        Err(error) => return fail(Exit::Usage, error),
    };

    let pty = !args.no_pty && io::stdout().is_terminal();
    let target = Arc::new(Target::default());
    if let Err(error) = signals::forward_to(&target, pty) {
        eprintln!("steadywire: signals are not passed on: {error}");
    }
    let collector = Arc::new(Collector::default());
    let observer: Arc<dyn Observer> = collector.clone();
    let begin = Instant::now();
    let running = match child::start(&args.command, pty, &target, &observer) {
        Ok(running) => running,
        Err(error) => {
            eprintln!("steadywire: {}", error.text);
            target.ended();
            let patience = Patience::begin(args, &target);
            let pending = reporter.fail(&error.text, "not_started");
            outcome::deliver(&client, pending, args, &patience);
            link::close(&client, args.flush_timeout);
            return Exit::Status(error.status);
        }
    };

    let over = Arc::new(AtomicBool::new(false));
    let reporting = {
        let (collector, target, over) = (collector.clone(), target.clone(), over.clone());
        let outlet = TaskOutlet { client: client.clone(), task: args.task.clone() };
        let give_up = move || over.load(Ordering::Relaxed) || target.wants_us_gone();
        std::thread::spawn(move || report::report(&collector, &outlet, give_up))
    };
    let end = match running.wait() {
        Ok(end) => end,
        Err(error) => {
            eprintln!("steadywire: cannot wait for the command: {error}");
            End::Status(126)
        }
    };
    collector.close();

    let patience = Patience::begin(args, &target);
    while !reporting.is_finished() {
        if patience.is_over() || client.state() == State::Error {
            over.store(true, Ordering::Relaxed);
            break;
        }
        std::thread::sleep(patience.slice());
    }
    // It looks at `over` at least once per pause, and never waits for the network.
    drop(reporting.join());
    outcome::tell_unsent(&client, &args.task, collector.abandon());

    let pending = outcome::end_task(reporter, end, begin.elapsed());
    outcome::deliver(&client, pending, args, &patience);
    link::close(&client, args.flush_timeout);
    match end {
        End::Status(status) => Exit::Status(status),
        End::Signal(signal) => Exit::signal(signal),
    }
}
