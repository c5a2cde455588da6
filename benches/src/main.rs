//! Measures Steadywire against a raw socket and against bare tokio-tungstenite, each in its own
//! process, on the same messages from the same server.

mod blaster;
mod child;
mod corpus;
mod echo;
mod frames;
mod idle;
mod lagging;
mod ours;
mod parse;
mod reading;
mod report;
mod sending;
mod sink;
mod tally;
mod tungstenite;
mod upgrade;
mod usage;
mod walk;

use std::io;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::child::{Contestant, Listening, Role};
use crate::report::Figures;

const HELP: &str = "steadywire-bench [--quick] [--json] [--rounds N] [--only PART[,PART]]
  --quick    about a minute instead of about three
  --json     figures and ratios as JSON
  --rounds   how often each measurement is taken (the median is reported)
  --only     any of: full, paced, echo, idle, sending, lagging
  --c-programs DIR
             measure the programs of benches/c too, which are in DIR (make bench-all)";

/// How much is measured.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) rounds: usize,
    /// Messages per reading run.
    pub(crate) events: u64,
    pub(crate) paced_seconds: u64,
    pub(crate) echo_rounds: usize,
    pub(crate) connections: usize,
    /// Messages per sending run.
    pub(crate) sent: u64,
    /// Where the contestants are that are programs of their own; `None` leaves them out.
    pub(crate) c_programs: Option<PathBuf>,
}

impl Plan {
    const WHOLE: Self = Self {
        rounds: 7,
        events: 1_000_000,
        paced_seconds: 10,
        echo_rounds: 20_000,
        connections: 1_000,
        sent: 200_000,
        c_programs: None,
    };

    /// The contestants of one round, in an order that changes with the round.
    pub(crate) fn turn(round: usize, rivals: &[Contestant]) -> Vec<Contestant> {
        let mut turn = rivals.to_vec();
        turn.push(Contestant::Steadywire);
        let first = round % turn.len();
        turn.rotate_left(first);
        turn
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.as_slice() {
        [flag, role] if flag == child::FLAG => act(role),
        _ => measure(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("steadywire-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(arguments: &[String]) -> io::Result<()> {
    let mut arguments = arguments.iter().map(String::as_str);
    let (mut quick, mut json, mut rounds, mut only, mut c_programs) = (false, false, None, None, None);
    let usage = || io::Error::other(HELP);
    while let Some(argument) = arguments.next() {
        match argument {
            "--quick" => quick = true,
            "--json" => json = true,
            "--rounds" => rounds = Some(arguments.next().and_then(|n| n.parse().ok()).ok_or_else(usage)?),
            "--only" => only = Some(arguments.next().ok_or_else(usage)?),
            "--c-programs" => c_programs = Some(arguments.next().map(PathBuf::from).ok_or_else(usage)?),
            "--help" => {
                println!("{HELP}");
                return Ok(());
            }
            _ => return Err(usage()),
        }
    }
    let mut plan = if quick {
        Plan { rounds: 3, events: 400_000, paced_seconds: 2, echo_rounds: 5_000, sent: 50_000, ..Plan::WHOLE }
    } else {
        Plan::WHOLE
    };
    plan.rounds = rounds.unwrap_or(plan.rounds).max(1);
    plan.c_programs = c_programs;

    type Part = fn(&Plan, &mut Figures) -> io::Result<()>;
    let parts: [(&str, Part); 6] = [
        ("full", reading::full_speed),
        ("paced", reading::paced),
        ("echo", echo::measure),
        ("idle", idle::measure),
        ("sending", sending::measure),
        ("lagging", lagging::measure),
    ];
    if let Some(only) = only
        && !only.split(',').all(|name| parts.iter().any(|(part, _)| *part == name))
    {
        return Err(usage());
    }
    let mut figures = Figures::default();
    for (name, part) in parts {
        if only.is_none_or(|only| only.split(',').any(|wanted| wanted == name)) {
            eprintln!("measuring: {name}");
            part(&plan, &mut figures).map_err(|error| io::Error::other(format!("{name}: {error}")))?;
        }
    }
    if json {
        println!("{:#}", figures.json());
    } else {
        println!("{}", figures.markdown());
    }
    Ok(())
}

/// One part of a measurement, in a process of its own.
fn act(role: &str) -> io::Result<()> {
    child::watch_the_time();
    match serde_json::from_str(role)? {
        Role::Blaster { corpus, events, per_second } => {
            let blaster = blaster::Blaster::new(corpus);
            blaster.serve(&listen()?, events, per_second)?;
            child::report(&())
        }
        Role::EchoServer { core } => {
            usage::pin(core)?;
            echo::serve(&listen()?)?;
            child::report(&())
        }
        Role::Sink => {
            usage::raise_file_limit()?;
            child::report(&sink::serve(listen()?, child::told_to_end)?)
        }
        Role::Reader { contestant, port, corpus, events } => {
            child::report(&reading::read(contestant, port, corpus, events)?)
        }
        Role::Echo { contestant, port, core, rounds } => child::report(&echo::run(contestant, port, core, rounds)?),
        Role::Idle { contestant, port, connections } => child::report(&idle::run(contestant, port, connections)?),
        Role::Sender { contestant, port, messages } => child::report(&sending::run(contestant, port, messages)?),
        Role::Laggard { port } => child::report(&ours::lag(port)?),
    }
}

/// A listener on a free port, which the process that started this one is told.
fn listen() -> io::Result<TcpListener> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    child::report(&Listening { port: listener.local_addr()?.port() })?;
    Ok(listener)
}
