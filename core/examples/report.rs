//! Reports a task of ten steps: `cargo run --example report -- ws://127.0.0.1:8080/ws build-7`
#![allow(clippy::disallowed_macros, clippy::disallowed_methods, reason = "a program may print and take its time")]

use std::time::Duration;

use steadywire::{Client, Config, Error, Level};

fn main() -> Result<(), Error> {
    let mut args = std::env::args().skip(1);
    let (Some(url), Some(task)) = (args.next(), args.next()) else {
        eprintln!("usage: report URL TASK");
        std::process::exit(2);
    };
    let client = Client::new(Config::new(url))?;
    let reporter = client.report(&task)?;
    for step in 1..=10 {
        std::thread::sleep(Duration::from_millis(200));
        reporter.log(Level::Info, &format!("step {step} is done"))?;
        reporter.progress(f64::from(step) * 10.0, "work", "")?;
    }
    let receipt = reporter.complete(r#"{"steps":10}"#).wait()?;
    println!("the end was reported: {receipt:?}");
    client.disconnect().wait()
}
