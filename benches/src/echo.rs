//! Round trips through a server that sends back what it gets, all on one core.

use std::io::{self, Write};
use std::net::TcpListener;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use futures_util::{SinkExt, StreamExt};
use serde::{Deserialize, Serialize};
use tokio_tungstenite::tungstenite::Message;

use crate::Plan;
use crate::child::{Child, Contestant, Role};
use crate::frames::{CLOSE, Frames, PING, PONG, TEXT, put};
use crate::parse::{Typed, parse};
use crate::report::{Figures, Unit};
use crate::usage::{Mark, pin};
use crate::{tungstenite, upgrade};

/// Round trips before the first that counts.
const WARM_UP: usize = 1_000;
pub(crate) const TASK: &str = "run-7f3a00";
pub(crate) const STAGE: &str = "train";
pub(crate) const TEXT_OF: &str = "epoch 3, step 1200";

/// What a contestant reports.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Echoed {
    p50_us: f64,
    p99_us: f64,
    cpu_us: f64,
    rounds: usize,
}

pub(crate) fn measure(plan: &Plan, figures: &mut Figures) -> io::Result<()> {
    for round in 0..plan.rounds {
        for contestant in Plan::turn(round, &[Contestant::Tungstenite]) {
            let (server, port) = Child::serve(Role::EchoServer { core: 0 })?;
            let rounds = plan.echo_rounds;
            let echoed: Echoed = Child::run(Role::Echo { contestant, port, core: 0, rounds })?;
            server.finish::<()>()?;
            if echoed.rounds != rounds {
                return Err(io::Error::other(format!("void: {} of {rounds} round trips", echoed.rounds)));
            }
            for (measure, value) in [
                ("echo on one core, p50", echoed.p50_us),
                ("echo on one core, p99", echoed.p99_us),
                ("echo on one core, CPU per round trip", echoed.cpu_us),
            ] {
                figures.add(measure, Unit::Micros, contestant, value);
            }
        }
    }
    Ok(())
}

/// The contestant's part.
pub(crate) fn run(contestant: Contestant, port: u16, core: usize, rounds: usize) -> io::Result<Echoed> {
    pin(core)?;
    let start = Mark::now();
    let all = WARM_UP + rounds;
    let mut times = match contestant {
        Contestant::Steadywire => crate::ours::echo(port, all)?,
        Contestant::Tungstenite => tungstenite::runtime()?.block_on(echo(port, all))?,
        _ => return Err(io::Error::other("has no echo")),
    };
    let cpu_us = start.until(Mark::now()).cpu_s * 1e6 / all as f64;
    let times = times.get_mut(WARM_UP..).unwrap_or_default();
    times.sort_unstable();
    let at = |share: f64| times.get((times.len() as f64 * share) as usize).map_or(f64::NAN, |ns| *ns as f64 / 1e3);
    Ok(Echoed { p50_us: at(0.50), p99_us: at(0.99), cpu_us, rounds: times.len() })
}

/// The server: sends back every text that reports progress.
pub(crate) fn serve(listener: &TcpListener) -> io::Result<()> {
    let (mut stream, _) = listener.accept()?;
    let rest = upgrade::accept(&mut stream)?;
    let mut frames = Frames::new(16 * 1024, &rest);
    let mut out = Vec::new();
    loop {
        out.clear();
        while let Some((opcode, payload)) = frames.next() {
            match opcode {
                TEXT if payload.starts_with(br#"{"type":"progress""#) => put(&mut out, TEXT, payload),
                PING => put(&mut out, PONG, payload),
                CLOSE => return Ok(()),
                _ => {}
            }
        }
        stream.write_all(&out)?;
        // A client that goes away without a goodbye is no fault of the run.
        if !frames.fill(&mut stream).unwrap_or(false) {
            return Ok(());
        }
    }
}

/// What a rival sends: the same message, filled in the same way.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a, D> {
    r#type: &'a str,
    task_id: &'a str,
    timestamp: i64,
    data: D,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Progress<'a> {
    task_id: &'a str,
    stage: &'a str,
    progress: f64,
    message: &'a str,
    timestamp: i64,
}

/// A progress message as text.
fn progress(value: f64) -> io::Result<String> {
    let timestamp = now();
    let data = Progress { task_id: TASK, stage: STAGE, progress: value, message: TEXT_OF, timestamp };
    Ok(serde_json::to_string(&Envelope { r#type: "progress", task_id: TASK, timestamp, data })?)
}

/// Milliseconds since the Unix epoch.
pub(crate) fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(0))
}

/// A value that differs from round to round.
pub(crate) fn value(round: usize) -> f64 {
    (round % 1_000) as f64 / 10.0
}

async fn echo(port: u16, rounds: usize) -> io::Result<Vec<u64>> {
    let mut socket = tungstenite::connect(port).await?;
    let mut times = Vec::with_capacity(rounds);
    while times.len() < rounds {
        let expected = value(times.len());
        let sent = Instant::now();
        socket.send(Message::text(progress(expected)?)).await.map_err(io::Error::other)?;
        loop {
            let message = socket.next().await.ok_or_else(|| io::Error::other("the server left early"))?;
            if let Message::Text(text) = message.map_err(io::Error::other)? {
                match parse(text.as_str())? {
                    Typed::Progress { progress, .. } if progress == expected => break,
                    other => return Err(io::Error::other(format!("not what was sent: {other:?}"))),
                }
            }
        }
        times.push(u64::try_from(sent.elapsed().as_nanos()).unwrap_or(u64::MAX));
    }
    Ok(times)
}
