//! Follows one task until it ends: `cargo run --example follow -- ws://127.0.0.1:8080/ws build-7`
#![allow(clippy::disallowed_macros, reason = "a program may print")]

use steadywire::{Client, Config, Error, Event, OutcomeKind};

fn main() -> Result<(), Error> {
    let mut args = std::env::args().skip(1);
    let (Some(url), Some(task)) = (args.next(), args.next()) else {
        eprintln!("usage: follow URL TASK");
        std::process::exit(2);
    };
    let client = Client::new(Config::new(url))?;
    for event in client.follow(&task)? {
        match event {
            Event::Progress(progress) => println!("{:3.0} % {}", progress.progress, progress.stage),
            Event::Log(log) => println!("{:5} {}", log.level.name(), log.message),
            other => println!("{}", other.to_json()),
        }
    }
    // Known by now, so this does not wait.
    let outcome = client.wait(&task)?.wait()?;
    client.disconnect().wait()?;
    std::process::exit(i32::from(outcome.kind != OutcomeKind::Complete));
}
