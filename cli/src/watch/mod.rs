//! `steadywire watch`: follow tasks until each has ended.

mod bars;
mod json;
pub(crate) mod model;
mod plain;

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use steadywire::{Client, Event, Limit};

use crate::args::WatchArgs;
use crate::exit::{Exit, fail};
use crate::link;
use model::Model;

/// Events on their way to the screen. When the screen is slow, the client's inbox decides what goes.
pub(crate) const MAX_WAITING_EVENTS: usize = 1024;

/// How many events are shown in one go.
const MAX_BATCH: usize = 256;

/// How often moving numbers are drawn without an event.
const TICK: Duration = Duration::from_millis(100);

/// What a watcher waits for.
pub(crate) enum Input {
    /// Something happened.
    Event(Event<'static>),
    /// A signal asks us to leave.
    Signal(i32),
}

/// A way of showing events. An error means that nobody reads us any more.
pub(crate) trait Screen {
    /// Shows an event.
    fn event(&mut self, event: &Event<'_>, model: &mut Model, now: Duration) -> io::Result<()>;
    /// Says something of our own.
    fn say(&mut self, text: &str) -> io::Result<()>;
    /// Draws what waits to be drawn.
    fn draw(&mut self, model: &Model, now: Duration) -> io::Result<()>;
    /// Nothing more will come.
    fn finish(&mut self, model: &Model, now: Duration) -> io::Result<()>;
}

/// Follows the tasks and ends with the worst of their outcomes.
pub(crate) fn watch(args: &WatchArgs) -> Exit {
    let mut config = match link::config(&args.client) {
        Ok(config) => config,
        Err(error) => return fail(Exit::Usage, error),
    };
    if let Some(attempts) = args.max_attempts {
        config = config.max_connect_attempts(Limit::Times(attempts)).max_reconnect_attempts(Limit::Times(attempts));
    }
    let client = match Client::new(config) {
        Ok(client) => client,
        Err(error) => return fail(Exit::Usage, error),
    };
    let (sender, inputs) = sync_channel(MAX_WAITING_EVENTS);
    if let Err(error) = crate::interrupt::tell(sender.clone()) {
        return fail(Exit::Usage, format_args!("signals cannot be received: {error}"));
    }
    if let Err(error) = begin(&client, &args.tasks, sender) {
        return fail(Exit::Usage, error);
    }
    let mut screen: Box<dyn Screen> =
        if args.json { Box::new(json::Json::new(io::stdout())) } else { screen_for_people() };
    let exit = show(&mut Model::new(&args.tasks).in_local_time(), &inputs, &mut *screen);
    // Whoever still has something to hand over must not wait for us.
    drop(inputs);
    if let Some(why) = link::refusal(&client).filter(|_| exit == Exit::Lost) {
        eprintln!("steadywire: {why}");
    }
    link::close(&client, link::CLOSE_PATIENCE);
    exit
}

/// Bars on a terminal, else plain lines.
pub(crate) fn screen_for_people() -> Box<dyn Screen> {
    let is_dumb = std::env::var_os("TERM").is_some_and(|name| name == "dumb");
    if console::Term::stdout().features().is_attended() && !is_dumb {
        Box::new(bars::Bars::new())
    } else {
        Box::new(plain::Plain::new(io::stdout()))
    }
}

/// Sends every event of the client to the channel, and asks for the tasks.
pub(crate) fn begin(client: &Client, tasks: &[String], sender: SyncSender<Input>) -> Result<(), steadywire::Error> {
    client.on_any(move |event| {
        // When the watcher has ended there is nobody left to tell.
        drop(sender.send(Input::Event(event.clone().into_owned())));
    });
    for task in tasks {
        client.subscribe(task)?;
    }
    // Its failure is told by events: every task is lost then.
    drop(client.connect(None));
    Ok(())
}

/// Shows events until every task has ended, a signal comes, or nobody reads us any more.
pub(crate) fn show(model: &mut Model, inputs: &Receiver<Input>, screen: &mut dyn Screen) -> Exit {
    match show_all(model, inputs, screen) {
        Ok(exit) => exit,
        // As if the signal that others get had ended us; nothing to complain about.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::signal(13),
        Err(error) => fail(Exit::Lost, format_args!("cannot write: {error}")),
    }
}

fn show_all(model: &mut Model, inputs: &Receiver<Input>, screen: &mut dyn Screen) -> io::Result<Exit> {
    let begin = Instant::now();
    loop {
        let mut next = match inputs.recv_timeout(TICK) {
            Ok(input) => Some(input),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return Ok(Exit::Lost),
        };
        let mut shown = 0;
        while let Some(input) = next {
            match input {
                Input::Event(event) => screen.event(&event, model, begin.elapsed())?,
                Input::Signal(signal) => {
                    screen.finish(model, begin.elapsed())?;
                    return Ok(Exit::signal(signal));
                }
            }
            if let Some(exit) = model.result() {
                screen.finish(model, begin.elapsed())?;
                return Ok(exit);
            }
            shown += 1;
            next = if shown < MAX_BATCH { inputs.try_recv().ok() } else { None };
        }
        screen.draw(model, begin.elapsed())?;
    }
}
