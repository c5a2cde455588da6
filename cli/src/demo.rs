//! `steadywire demo`: a hub, a task and a watcher in one process, while the link is cut twice.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use steadywire::{Client, Config, Event, Level, Limit, Message};
use steadywire_hub::{Hub, HubHandle};
use tokio::sync::oneshot;

use crate::args::DemoArgs;
use crate::exit::{Exit, fail};
use crate::watch::model::{Link, Model};
use crate::watch::{self, Input, Screen};
use crate::{link, page};

const TASK: &str = "demo";

/// The task's steps; each says one line and how far it is.
const STEPS: u32 = 120;

const STEP_TIME: Duration = Duration::from_millis(50);

const STAGES: [&str; 3] = ["prepare", "train", "evaluate"];

/// The link is cut when the watcher has seen this much.
const CUT_AT: [f64; 2] = [25.0, 60.0];

/// How long a second outcome is waited for, which must not come.
const AFTERMATH: Duration = Duration::from_millis(700);

/// Shows it, checks it, and ends with 0 if everything was as promised.
pub(crate) fn demo(args: &DemoArgs) -> Exit {
    match play(args.stay) {
        Ok(exit) => exit,
        Err(text) => fail(Exit::Lost, text),
    }
}

fn play(stay: bool) -> Result<Exit, String> {
    let (hub, stop, serving) = start_hub()?;
    let url = hub.url();
    let watcher = Client::new(config(&url)).map_err(|error| error.to_string())?;
    let worker = Client::new(config(&url)).map_err(|error| error.to_string())?;

    let (sender, inputs) = sync_channel(watch::MAX_WAITING_EVENTS);
    crate::interrupt::tell(sender.clone()).map_err(|error| error.to_string())?;
    watch::begin(&watcher, &[TASK.to_owned()], sender).map_err(|error| error.to_string())?;
    let mut stage = Stage { screen: watch::screen_for_people(), hub: &hub, cuts: 0, seen: Seen::default() };
    let hello = "A hub, a task and a watcher in one process. Their links will be cut twice.";
    stage.screen.say(hello).map_err(|error| error.to_string())?;
    let shown = format!("The same in a browser: {}", page::address(&hub));
    stage.screen.say(&shown).map_err(|error| error.to_string())?;

    let working = std::thread::spawn({
        let worker = worker.clone();
        move || work(&worker)
    });
    let exit = watch::show(&mut Model::new(&[TASK.to_owned()]).in_local_time(), &inputs, &mut stage);
    let Stage { seen, cuts, .. } = stage;
    let exit = if exit == Exit::Complete { judge(seen, cuts, &inputs) } else { exit };

    if stay && exit == Exit::Complete {
        // Whoever closed our output can still end us.
        let _ = writeln!(io::stdout(), "The hub and its page stay up until Ctrl-C.");
        while inputs.recv().is_ok_and(|input| !matches!(input, Input::Signal(_))) {}
    }
    drop(inputs);
    link::close(&watcher, link::CLOSE_PATIENCE);
    if exit == Exit::Complete {
        // A worker that is in the middle of its steps is not waited for.
        drop(working.join());
        link::close(&worker, link::CLOSE_PATIENCE);
    }
    // The hub ends with its thread; that it is gone already is fine.
    let _ = stop.send(());
    drop(serving.join());
    Ok(exit)
}

/// A link that comes back within about a second, so that there is something to see.
fn config(url: &str) -> Config {
    Config::new(url).reconnect_interval(1000).max_reconnect_backoff(1500).max_connect_attempts(Limit::Unlimited)
}

type RunningHub = (std::sync::Arc<HubHandle>, oneshot::Sender<()>, JoinHandle<()>);

fn start_hub() -> Result<RunningHub, String> {
    let (tell, told) = sync_channel(1);
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = std::thread::spawn(move || serve(&tell, stopped));
    let hub = told.recv().map_err(|_| "the hub did not start".to_owned())??;
    Ok((hub, stop, serving))
}

fn serve(tell: &SyncSender<Result<std::sync::Arc<HubHandle>, String>>, stopped: oneshot::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return drop(tell.send(Err(error.to_string()))),
    };
    runtime.block_on(async {
        let hub =
            Hub::builder().listen("127.0.0.1:0").page(page::PAGE).start().await.map_err(|error| error.to_string());
        let hub = hub.map(std::sync::Arc::new);
        let failed = hub.is_err();
        if tell.send(hub).is_err() || failed {
            return;
        }
        // Stopped or forgotten: both mean the end.
        let _ = stopped.await;
    });
}

/// The simulated task: it never looks at the network.
fn work(client: &Client) -> Result<(), steadywire::Error> {
    let reporter = client.report(TASK)?;
    for step in 1..=STEPS {
        let stage = STAGES[((step - 1) * STAGES.len() as u32 / STEPS) as usize];
        let progress = f64::from(step) / f64::from(STEPS) * 100.0;
        reporter.progress(progress, stage, &format!("step {step} of {STEPS}"))?;
        let line = Message::log(TASK, Level::Info, format!("step {step} done"));
        // Nobody waits for this receipt: `ack` makes the client send it until the hub has it.
        drop(client.send(line.metadata_json(format!(r#"{{"step":{step}}}"#))?.ack(true))?);
        std::thread::sleep(STEP_TIME);
    }
    reporter.complete(&format!(r#"{{"steps":{STEPS}}}"#)).wait()?;
    Ok(())
}

/// The screen, and what the demo does and checks beside it.
struct Stage<'a> {
    screen: Box<dyn Screen>,
    hub: &'a HubHandle,
    cuts: usize,
    seen: Seen,
}

/// What the watcher was given.
#[derive(Debug, Default)]
struct Seen {
    connects: usize,
    outcomes: usize,
    gaps: usize,
    /// How often each step's line came.
    lines: BTreeMap<u64, u32>,
}

impl Seen {
    fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Connected(_) => self.connects += 1,
            Event::Complete(_) | Event::Lost(_) => self.outcomes += 1,
            Event::Error(error) if error.fatal && error.task_id.is_some() => self.outcomes += 1,
            Event::Gap(_) => self.gaps += 1,
            Event::Log(log) => {
                let step = log.metadata.as_deref().and_then(step_of);
                *self.lines.entry(step.unwrap_or(0)).or_default() += 1;
            }
            _ => {}
        }
    }
}

impl Screen for Stage<'_> {
    fn event(&mut self, event: &Event<'_>, model: &mut Model, now: Duration) -> io::Result<()> {
        self.seen.event(event);
        self.screen.event(event, model, now)?;
        if let Some(at) = CUT_AT.get(self.cuts)
            && model.link == Link::Up
            && model.tasks[0].progress.is_some_and(|progress| progress >= *at)
        {
            self.cuts += 1;
            self.screen
                .say(&format!("-- the demo cuts every link now, for the {} time", ["1st", "2nd"][self.cuts - 1]))?;
            self.hub.cut_all();
        }
        Ok(())
    }

    fn say(&mut self, text: &str) -> io::Result<()> {
        self.screen.say(text)
    }

    fn draw(&mut self, model: &Model, now: Duration) -> io::Result<()> {
        self.screen.draw(model, now)
    }

    fn finish(&mut self, model: &Model, now: Duration) -> io::Result<()> {
        self.screen.finish(model, now)
    }
}

fn step_of(metadata: &str) -> Option<u64> {
    serde_json::from_str::<serde_json::Value>(metadata).ok()?.get("step")?.as_u64()
}

/// Says what came of it, and whether that is what was promised.
fn judge(mut seen: Seen, cuts: usize, inputs: &Receiver<Input>) -> Exit {
    while let Ok(input) = inputs.recv_timeout(AFTERMATH) {
        match input {
            Input::Event(event) => seen.event(&event),
            Input::Signal(signal) => return Exit::signal(signal),
        }
    }
    let whole =
        (1..=u64::from(STEPS)).all(|step| seen.lines.get(&step) == Some(&1)) && seen.lines.len() == STEPS as usize;
    let reconnects = seen.connects.saturating_sub(1);
    println!();
    println!("The links were cut {cuts} times; the watcher reconnected {reconnects} times.");
    println!(
        "{} of {STEPS} log lines arrived{}; {} gaps; {} outcome.",
        seen.lines.len(),
        if whole { ", each exactly once" } else { "" },
        seen.gaps,
        seen.outcomes
    );
    if whole && cuts == CUT_AT.len() && reconnects >= cuts && seen.gaps == 0 && seen.outcomes == 1 {
        Exit::Complete
    } else {
        fail(Exit::TaskError, "that is not what was promised")
    }
}
