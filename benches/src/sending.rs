//! Log lines out, each batch known to have arrived before the next.

use std::io;

use futures_util::{SinkExt, StreamExt};
use serde::{Deserialize, Serialize};
use tokio_tungstenite::tungstenite::Message;

use crate::Plan;
use crate::child::{Child, Contestant, Role};
use crate::echo::{TASK, now};
use crate::report::{Figures, Unit};
use crate::tally::{Kind, Tally, Totals};
use crate::tungstenite;
use crate::usage::Mark;

/// How many are sent before the far end must have answered: half of the default outbox.
pub(crate) const BATCH: u64 = 500;

/// What a contestant reports.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Sent {
    cpu_s: f64,
    wall_s: f64,
}

pub(crate) fn measure(plan: &Plan, figures: &mut Figures) -> io::Result<()> {
    let messages = plan.sent;
    let expected = {
        let tally = Tally::default();
        for index in 0..messages {
            tally.log(TASK, 1, &line(index), 0, None);
        }
        tally.totals()
    };
    for round in 0..plan.rounds {
        for contestant in Plan::turn(round, &[Contestant::Tungstenite]) {
            let (server, port) = Child::serve(Role::Sink)?;
            let sent: Sent = Child::run(Role::Sender { contestant, port, messages })?;
            let arrived: Totals = server.finish()?;
            if arrived != expected {
                return Err(io::Error::other(format!(
                    "void: {} of {messages} log lines arrived as sent by {}",
                    arrived.count(Kind::Log),
                    contestant.name()
                )));
            }
            figures.add("sending, CPU per message", Unit::Micros, contestant, 1e6 * sent.cpu_s / messages as f64);
            figures.add(
                "sending, messages per second",
                Unit::MillionsPerSecond,
                contestant,
                messages as f64 / 1e6 / sent.wall_s,
            );
        }
    }
    Ok(())
}

/// The contestant's part.
pub(crate) fn run(contestant: Contestant, port: u16, messages: u64) -> io::Result<Sent> {
    let start = Mark::now();
    match contestant {
        Contestant::Steadywire => crate::ours::send(port, messages)?,
        Contestant::Tungstenite => tungstenite::runtime()?.block_on(send(port, messages))?,
        _ => return Err(io::Error::other("does not send")),
    }
    let span = start.until(Mark::now());
    Ok(Sent { cpu_s: span.cpu_s, wall_s: span.wall_s })
}

/// The text of one log line.
pub(crate) fn line(index: u64) -> String {
    format!("batch {index} took {} ms on gpu-{}", index % 900, index % 16)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a> {
    r#type: &'a str,
    task_id: &'a str,
    timestamp: i64,
    data: Log<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Log<'a> {
    task_id: &'a str,
    level: &'a str,
    message: &'a str,
    timestamp: i64,
}

async fn send(port: u16, messages: u64) -> io::Result<()> {
    let mut socket = tungstenite::connect(port).await?;
    for index in 0..messages {
        let (timestamp, line) = (now(), line(index));
        let data = Log { task_id: TASK, level: "info", message: &line, timestamp };
        let text = serde_json::to_string(&Envelope { r#type: "log", task_id: TASK, timestamp, data })?;
        socket.feed(Message::text(text)).await.map_err(io::Error::other)?;
        if (index + 1) % BATCH == 0 || index + 1 == messages {
            socket.send(Message::Ping(Vec::new().into())).await.map_err(io::Error::other)?;
            while !matches!(socket.next().await, Some(Ok(Message::Pong(_)))) {}
        }
    }
    socket.close(None).await.map_err(io::Error::other)
}
