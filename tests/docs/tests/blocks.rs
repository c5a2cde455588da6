//! Every block of Rust in README.md and docs/, run against a hub; somebody reports the tasks that it follows.
#![allow(
    unused,
    unreachable_code,
    missing_docs,
    clippy::all,
    clippy::unwrap_used,
    clippy::uninlined_format_args,
    clippy::needless_pass_by_value,
    clippy::semicolon_if_nothing_returned,
    clippy::redundant_clone,
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "documents show what matters"
)]

use std::error::Error;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use steadywire::*;
use steadywire_hub::Hub;

/// A bound on hanging, for machines that do other things too. Nothing is measured.
const LIMIT: Duration = Duration::from_secs(60);

include!(concat!(env!("OUT_DIR"), "/blocks.rs"));

/// Where documents get their secrets from.
async fn fetch_token(fresh: bool) -> Result<String, std::io::Error> {
    Ok(format!("token {fresh}"))
}

fn play<F>(place: &str, is_run: bool, tasks: &[&'static str], block: impl FnOnce(String) -> F + Send + 'static)
where
    F: Future<Output = Result<(), Box<dyn Error>>>,
{
    if !is_run {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let hub = runtime.block_on(Hub::builder().listen("127.0.0.1:0").start()).unwrap();
    let url = hub.url();
    let worker = Client::new(Config::new(&url)).unwrap();
    for task in tasks {
        let reporter = worker.report(task).unwrap();
        reporter.progress(40.0, "compile", "12 of 30").unwrap();
        reporter.log(Level::Info, "half").unwrap();
        assert_eq!(reporter.complete(r#"{"warnings":0}"#).wait().unwrap(), Receipt::Acked);
    }
    let (tell, told) = sync_channel(1);
    std::thread::spawn(move || {
        let result = runtime.block_on(block(url)).map_err(|error| error.to_string());
        tell.send(result).unwrap();
        drop((hub, runtime));
    });
    match told.recv_timeout(LIMIT) {
        Ok(result) => assert_eq!(result, Ok(()), "{place}"),
        Err(_) => panic!("{place}: it panicked or did not end"),
    }
}
