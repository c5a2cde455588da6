//! CPU and events per second, at full speed and paced.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::Plan;
use crate::blaster;
use crate::child::{Child, Contestant, Role};
use crate::corpus::{self, Corpus};
use crate::report::{Figures, Unit};
use crate::tally::{Tally, Totals};
use crate::usage::Mark;
use crate::{tungstenite, walk};

/// What a reader reports.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Read {
    /// From before the connect to the last event.
    cpu_s: f64,
    /// From the first progress event to the last event.
    steady_cpu_s: f64,
    steady_wall_s: f64,
    /// `None` for who does not look at the bytes.
    totals: Option<Totals>,
}

/// At full speed, both corpora.
pub(crate) fn full_speed(plan: &Plan, figures: &mut Figures) -> io::Result<()> {
    let mut rivals = vec![Contestant::Walk, Contestant::Tungstenite, Contestant::Bytes];
    let programs = plan.c_programs.as_deref();
    if programs.is_some() {
        rivals.extend(Contestant::OUTSIDE);
    }
    for (corpus, events) in [(Corpus::Plain, plan.events), (Corpus::Hard, plan.events / 4)] {
        let name = if corpus == Corpus::Plain { "plain" } else { "hard" };
        let expected = corpus::expected(corpus, events);
        for round in 0..plan.rounds {
            for contestant in Plan::turn(round, &rivals) {
                let read = run(contestant, programs, corpus, events, None)?;
                check(contestant, &read, &expected)?;
                let millions = expected.events() as f64 / 1e6;
                figures.add(
                    format!("CPU per million events, {name}"),
                    Unit::CpuSeconds,
                    contestant,
                    read.cpu_s / millions,
                );
                figures.add(
                    format!("events per second, {name}"),
                    Unit::MillionsPerSecond,
                    contestant,
                    millions / read.steady_wall_s,
                );
            }
        }
    }
    Ok(())
}

/// CPU at 1, 100 and 1,000 messages per second, connect and start-up apart.
pub(crate) fn paced(plan: &Plan, figures: &mut Figures) -> io::Result<()> {
    for rate in [1, 100, 1_000] {
        let events = u64::from(rate) * plan.paced_seconds;
        let expected = corpus::expected(Corpus::Plain, events);
        for contestant in Plan::turn(0, &[Contestant::Walk, Contestant::Tungstenite]) {
            let read = run(contestant, None, Corpus::Plain, events, Some(rate))?;
            check(contestant, &read, &expected)?;
            let figure = 1_000.0 * read.steady_cpu_s / read.steady_wall_s;
            figures.add(format!("CPU at {rate} messages per second"), Unit::CpuMillisPerSecond, contestant, figure);
        }
    }
    Ok(())
}

/// The contestant's part.
pub(crate) fn read(contestant: Contestant, port: u16, corpus: Corpus, events: u64) -> io::Result<Read> {
    let tally = std::sync::Arc::new(Tally::default());
    let bytes = if contestant == Contestant::Bytes { blaster::bytes_of(corpus, events) } else { 0 };
    let start = Mark::now();
    match contestant {
        Contestant::Walk => walk::read(port, corpus, &tally)?,
        Contestant::Tungstenite => tungstenite::read(port, corpus, &tally)?,
        Contestant::Bytes => walk::drain(port, corpus, bytes)?,
        Contestant::Steadywire => crate::ours::read(port, corpus, &tally)?,
        Contestant::C | Contestant::Beast | Contestant::Lws => {
            return Err(io::Error::other(format!("{} is a program of its own", contestant.name())));
        }
    }
    let end = Mark::now();
    let steady = tally.first().unwrap_or(start).until(end);
    Ok(Read {
        cpu_s: start.until(end).cpu_s,
        steady_cpu_s: steady.cpu_s,
        steady_wall_s: steady.wall_s,
        totals: (contestant != Contestant::Bytes).then(|| tally.totals()),
    })
}

fn run(
    contestant: Contestant,
    programs: Option<&Path>,
    corpus: Corpus,
    events: u64,
    per_second: Option<u32>,
) -> io::Result<Read> {
    let (server, port) = Child::serve(Role::Blaster { corpus, events, per_second })?;
    let read = match programs.zip(contestant.program()) {
        Some((programs, name)) => Child::run_program(&programs.join(name), port, &corpus::task_names(corpus))?,
        None => Child::run(Role::Reader { contestant, port, corpus, events })?,
    };
    server.finish::<()>()?;
    Ok(read)
}

/// Unequal counts or checksums void the run.
fn check(contestant: Contestant, read: &Read, expected: &Totals) -> io::Result<()> {
    match read.totals {
        Some(totals) if totals != *expected => {
            Err(io::Error::other(format!("void: {} counted {totals:?}, expected {expected:?}", contestant.name())))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;
    use crate::corpus::BLOCK;

    #[test]
    fn every_contestant_sees_the_same_events() {
        // Longer than a block, and not a multiple of it.
        let events = BLOCK as u64 + 1_000;
        let contestants = [Contestant::Walk, Contestant::Tungstenite, Contestant::Bytes, Contestant::Steadywire];
        for corpus in [Corpus::Plain, Corpus::Hard, Corpus::Progress] {
            let expected = corpus::expected(corpus, events);
            for contestant in &contestants {
                let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
                let port = listener.local_addr().expect("it is bound").port();
                let server = std::thread::spawn(move || blaster::Blaster::new(corpus).serve(&listener, events, None));
                let read = read(*contestant, port, corpus, events).expect("the run ends");
                check(*contestant, &read, &expected).expect("the same events");
                server.join().expect("no panic").expect("served to the end");
            }
        }
    }

    #[test]
    fn unequal_totals_void_the_run() {
        let expected = corpus::expected(Corpus::Plain, 10);
        let read = Read {
            cpu_s: 1.0,
            steady_cpu_s: 1.0,
            steady_wall_s: 1.0,
            totals: Some(corpus::expected(Corpus::Plain, 9)),
        };
        assert!(check(Contestant::Walk, &read, &expected).is_err());
    }
}
