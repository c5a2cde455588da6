//! Memory per connection that is up and has one listener.

use std::io;
use std::time::Duration;

use futures_util::StreamExt;
use serde::{Deserialize, Serialize};

use crate::Plan;
use crate::child::{Child, Contestant, Role};
use crate::report::{Figures, Unit};
use crate::tally::{Tally, Totals};
use crate::tungstenite;
use crate::usage::{Mark, raise_file_limit, resident_kib, threads};

/// How many are opened at once: below what a listener queues.
pub(crate) const BATCH: usize = 50;
/// After the last connect, for the first pings and pongs to be over.
const SETTLE: Duration = Duration::from_secs(2);

/// What a contestant reports.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Idle {
    kib: u64,
    threads: u64,
    connect_cpu_s: f64,
}

pub(crate) fn measure(plan: &Plan, figures: &mut Figures) -> io::Result<()> {
    let connections = plan.connections;
    for round in 0..plan.rounds.min(3) {
        for contestant in Plan::turn(round, &[Contestant::Tungstenite]) {
            let (server, port) = Child::serve(Role::Sink)?;
            let idle: Idle = Child::run(Role::Idle { contestant, port, connections })?;
            server.finish::<Totals>()?;
            let each = connections as f64;
            figures.add(
                format!("memory per idle connection of {connections}"),
                Unit::KiB,
                contestant,
                idle.kib as f64 / each,
            );
            figures.add("CPU per connect", Unit::Micros, contestant, 1e6 * idle.connect_cpu_s / each);
            figures.add(
                format!("threads with {connections} connections"),
                Unit::Count,
                contestant,
                idle.threads as f64,
            );
        }
    }
    Ok(())
}

/// The contestant's part. One connection is made first, so that what a process needs once is not
/// counted a thousandth per connection.
pub(crate) fn run(contestant: Contestant, port: u16, connections: usize) -> io::Result<Idle> {
    raise_file_limit()?;
    match contestant {
        Contestant::Steadywire => {
            let mut clients = crate::ours::connect_many(port, 1)?;
            weigh(
                || std::thread::sleep(SETTLE),
                || {
                    clients.extend(crate::ours::connect_many(port, connections)?);
                    Ok(())
                },
            )
        }
        Contestant::Tungstenite => {
            let runtime = tungstenite::runtime()?;
            runtime.block_on(connect_many(port, 1))?;
            weigh(
                || runtime.block_on(async { tokio::time::sleep(SETTLE).await }),
                || runtime.block_on(connect_many(port, connections)),
            )
        }
        _ => Err(io::Error::other("holds one connection")),
    }
}

fn weigh(settle: impl Fn(), connect: impl FnOnce() -> io::Result<()>) -> io::Result<Idle> {
    settle();
    let before = resident_kib()?;
    let start = Mark::now();
    connect()?;
    let connect_cpu_s = start.until(Mark::now()).cpu_s;
    settle();
    Ok(Idle { kib: resident_kib()?.saturating_sub(before), threads: threads()?, connect_cpu_s })
}

/// Connections that are read by a task each.
async fn connect_many(port: u16, count: usize) -> io::Result<()> {
    for _ in 0..count {
        let mut socket = tungstenite::connect(port).await?;
        let tally = Box::new(Tally::default());
        tokio::spawn(async move {
            while let Some(Ok(message)) = socket.next().await {
                if let Ok(event) =
                    message.to_text().map_err(drop).and_then(|text| crate::parse::parse(text).map_err(drop))
                {
                    event.count(&tally);
                }
            }
        });
    }
    Ok(())
}
