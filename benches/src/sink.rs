//! A server that holds many connections, answers pings and counts the log lines it is sent.

use std::io;
use std::rc::Rc;

use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::frames::{CLOSE, Frames, PING, PONG, TEXT, put};
use crate::parse::Level;
use crate::tally::{Tally, Totals};
use crate::upgrade;

/// Serves until `stop` is readable to its end, then says what was counted.
pub(crate) fn serve(listener: std::net::TcpListener, stop: impl FnOnce() + Send + 'static) -> io::Result<Totals> {
    listener.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let tally = Rc::new(Tally::default());
    let (stopped, mut stops) = tokio::sync::mpsc::channel::<()>(1);
    std::thread::spawn(move || {
        stop();
        drop(stopped);
    });
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        loop {
            tokio::select! {
                _ = stops.recv() => return Ok::<(), io::Error>(()),
                accepted = listener.accept() => {
                    let (stream, _) = accepted?;
                    let tally = Rc::clone(&tally);
                    tokio::task::spawn_local(async move {
                        // A client that goes away without a goodbye is no fault of the run.
                        let _ = attend(stream, &tally).await;
                    });
                }
            }
        }
    })?;
    Ok(tally.totals())
}

async fn attend(mut stream: TcpStream, tally: &Tally) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut head = Vec::new();
    let end = loop {
        if stream.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
        if let Some(end) = upgrade::head_end(&head) {
            break end;
        }
    };
    stream.write_all(&upgrade::answer(&String::from_utf8_lossy(&head[..end]))?).await?;
    let mut frames = Frames::new(4 * 1024, &head[end..]);
    drop(head);
    loop {
        let mut out = Vec::new();
        let mut closed = false;
        while let Some((opcode, payload)) = frames.next() {
            match opcode {
                TEXT => count(payload, tally),
                PING => put(&mut out, PONG, payload),
                CLOSE => {
                    put(&mut out, CLOSE, payload);
                    closed = true;
                }
                _ => {}
            }
        }
        stream.write_all(&out).await?;
        if closed {
            return Ok(());
        }
        let count = stream.read(frames.space()).await?;
        if count == 0 {
            return Ok(());
        }
        frames.filled(count);
    }
}

/// Counts a log line, its time apart: clients fill that in themselves.
fn count(payload: &[u8], tally: &Tally) {
    if let Ok(sent) = serde_json::from_slice::<Sent>(payload)
        && sent.kind == "log"
    {
        tally.log(&sent.task_id, sent.data.level as u8, &sent.data.message, 0, None);
    }
}

#[derive(Deserialize)]
struct Sent {
    #[serde(rename = "type")]
    kind: String,
    #[serde(rename = "taskId")]
    task_id: String,
    #[serde(default)]
    data: Data,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Data {
    level: Level,
    message: String,
}
