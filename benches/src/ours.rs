//! The client under measurement, with the settings it has by default, except where every event is
//! counted: there `conflate` is `never`. Handlers run on the client's dispatch thread.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use steadywire::{Client, Config, Conflate, Event, EventKind, Level, Message};

use crate::corpus::{self, Corpus, TASKS};
use crate::echo::{STAGE, TASK, TEXT_OF, value};
use crate::idle;
use crate::lagging::{Lagged, PER_EVENT};
use crate::sending;
use crate::tally::Tally;
use crate::usage::resident_kib;

/// How often the lagging consumer's memory is looked at.
const LOOK: Duration = Duration::from_millis(50);

fn config(port: u16) -> Config {
    Config::new(format!("ws://127.0.0.1:{port}/ws"))
}

/// Reads until the run is over.
pub(crate) fn read(port: u16, corpus: Corpus, tally: &Arc<Tally>) -> io::Result<()> {
    let client = Client::new(config(port).conflate(Conflate::Never)).map_err(io::Error::other)?;
    let (over, is_over) = channel();
    let on_progress = Arc::clone(tally);
    client.on(EventKind::Progress, move |event| {
        if let Event::Progress(p) = event {
            on_progress.progress(&p.task_id, &p.stage, p.progress, &p.message, p.timestamp);
        }
    });
    let on_log = Arc::clone(tally);
    client.on(EventKind::Log, move |event| {
        if let Event::Log(l) = event {
            on_log.log(&l.task_id, l.level as u8, &l.message, l.timestamp, l.metadata.as_deref());
        }
    });
    let on_status = Arc::clone(tally);
    client.on(EventKind::Status, move |event| {
        if let Event::Status(s) = event {
            on_status.status(&s.task_id, &s.data, s.timestamp);
        }
    });
    let on_complete = Arc::clone(tally);
    client.on(EventKind::Complete, move |event| {
        if let Event::Complete(c) = event
            && on_complete.complete(&c.task_id, &c.data, c.timestamp)
        {
            // Only fails where nobody waits any more.
            let _ = over.send(());
        }
    });
    for task in corpus::task_names(corpus) {
        client.subscribe(&task).map_err(io::Error::other)?;
    }
    client.connect(None).wait().map_err(io::Error::other)?;
    is_over.recv().map_err(io::Error::other)
}

/// Round trips from the send in the handler to the handler's next call, in nanoseconds.
pub(crate) fn echo(port: u16, rounds: usize) -> io::Result<Vec<u64>> {
    let client = Client::new(config(port)).map_err(io::Error::other)?;
    client.connect(None).wait().map_err(io::Error::other)?;
    let (done, is_done) = channel();
    let (sender, mut times, mut sent) = (client.clone(), Vec::with_capacity(rounds), Instant::now());
    client.on(EventKind::Progress, move |event| {
        if let Event::Progress(p) = event
            && p.progress == value(times.len())
        {
            times.push(u64::try_from(sent.elapsed().as_nanos()).unwrap_or(u64::MAX));
            if times.len() == rounds {
                let _ = done.send(std::mem::take(&mut times));
                return;
            }
            sent = Instant::now();
            if let Err(error) = sender.send(progress(times.len())) {
                eprintln!("steadywire-bench: {error}");
            }
        }
    });
    drop(client.send(progress(0)).map_err(io::Error::other)?);
    is_done.recv().map_err(io::Error::other)
}

/// Clients that are connected and have one listener each.
pub(crate) fn connect_many(port: u16, count: usize) -> io::Result<Vec<Client>> {
    let mut clients = Vec::with_capacity(count);
    while clients.len() < count {
        let mut batch = Vec::new();
        for _ in clients.len()..count.min(clients.len() + idle::BATCH) {
            let client = Client::new(config(port)).map_err(io::Error::other)?;
            let tally = Box::new(Tally::default());
            client.on(EventKind::Progress, move |event| {
                if let Event::Progress(p) = event {
                    tally.progress(&p.task_id, &p.stage, p.progress, &p.message, p.timestamp);
                }
            });
            batch.push(client.connect(None));
            clients.push(client);
        }
        for connected in batch {
            connected.wait().map_err(io::Error::other)?;
        }
    }
    Ok(clients)
}

/// Sends log lines, a batch at a time, each flushed: all receipts have settled.
pub(crate) fn send(port: u16, messages: u64) -> io::Result<()> {
    let client = Client::new(config(port)).map_err(io::Error::other)?;
    client.connect(None).wait().map_err(io::Error::other)?;
    for index in 0..messages {
        let message = Message::log(TASK, Level::Info, sending::line(index));
        // The flush waits for this receipt too.
        drop(client.send(message).map_err(io::Error::other)?);
        if (index + 1) % sending::BATCH == 0 || index + 1 == messages {
            client.flush().wait().map_err(io::Error::other)?;
        }
    }
    client.disconnect().wait().map_err(io::Error::other)
}

/// A consumer that cannot keep up, until every task has ended.
pub(crate) fn lag(port: u16) -> io::Result<Lagged> {
    let client = Client::new(config(port)).map_err(io::Error::other)?;
    let (handled, completed) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let (first, is_first) = channel();
    let (over, is_over) = channel();
    let count = Arc::clone(&handled);
    client.on(EventKind::Progress, move |_| {
        if count.fetch_add(1, Relaxed) == 0 {
            let _ = first.send(());
        }
        std::thread::sleep(PER_EVENT);
    });
    let count = Arc::clone(&completed);
    client.on(EventKind::Complete, move |_| {
        if count.fetch_add(1, Relaxed) + 1 == TASKS as u64 {
            let _ = over.send(());
        }
    });
    for task in corpus::task_names(Corpus::Progress) {
        client.subscribe(&task).map_err(io::Error::other)?;
    }
    client.connect(None).wait().map_err(io::Error::other)?;
    is_first.recv().map_err(io::Error::other)?;
    let start = Instant::now();
    let before = resident_kib()?;
    let mut peak = before;
    loop {
        match is_over.recv_timeout(LOOK) {
            Err(RecvTimeoutError::Timeout) => peak = peak.max(resident_kib()?),
            ended => {
                ended.map_err(io::Error::other)?;
                return Ok(Lagged {
                    growth_kib: peak - before,
                    handled: handled.load(Relaxed),
                    completed: completed.load(Relaxed),
                    wall_s: start.elapsed().as_secs_f64(),
                });
            }
        }
    }
}

fn progress(round: usize) -> Message {
    Message::progress(TASK, value(round)).stage(STAGE).text(TEXT_OF)
}
