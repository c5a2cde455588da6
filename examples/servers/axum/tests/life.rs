//! A task's life through both servers, each of which is killed in the midst and started again.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use steadywire::{Client, Config, Event, EventKind, Follow, Level, OutcomeKind, Receipt, Reporter};

/// A bound on hanging, for machines that do other things too. Nothing is measured.
const LIMIT: Duration = Duration::from_secs(60);

struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start(program: &str, address: &str) -> Self {
        let mut child = Command::new(program).arg(address).stdout(Stdio::piped()).spawn().unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
        Self { child, url: url.trim().to_owned() }
    }

    /// Kills it, and starts it at the same address.
    fn restart(mut self, program: &str) -> Self {
        let address = self.url["ws://".len()..].trim_end_matches("/ws").to_owned();
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        Self::start(program, &address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn client(url: &str) -> Client {
    Client::new(Config::new(url).reconnect_interval(20).max_reconnect_backoff(100)).unwrap()
}

/// The next event of the follow that is wanted. Retries and changes of the link are skipped.
fn until(follow: &mut Follow, wanted: impl Fn(&Event<'_>) -> bool) -> Event<'static> {
    loop {
        let event = follow.next_timeout(LIMIT).expect("it is told in time").expect("the task has not ended");
        assert!(!matches!(event.kind(), EventKind::Lost | EventKind::Error), "{}", event.to_json());
        if wanted(&event) {
            return event;
        }
    }
}

fn is_progress(event: &Event<'_>, value: f64) -> bool {
    matches!(event, Event::Progress(progress) if progress.progress == value)
}

/// To the point where the task has survived a restart and both links are up.
fn begin(program: &str) -> (Server, Client, Reporter, Follow) {
    let server = Server::start(program, "127.0.0.1:0");
    let worker = client(&server.url);
    let reporter = worker.report("build").unwrap();
    let mut follow = client(&server.url).follow("build").unwrap();
    reporter.progress(40.0, "compile", "").unwrap();
    until(&mut follow, |event| is_progress(event, 40.0));
    let server = server.restart(program);
    // What is written to a link that has just died is gone: progress is not sent again.
    let begun = Instant::now();
    while worker.stats()["connects"] != 2 {
        assert!(begun.elapsed() < LIMIT, "{:?}", worker.stats());
        std::thread::yield_now();
    }
    reporter.progress(60.0, "link", "").unwrap();
    until(&mut follow, |event| is_progress(event, 60.0));
    reporter.log(Level::Info, "after").unwrap();
    until(&mut follow, |event| matches!(event, Event::Log(log) if log.message == "after"));
    (server, worker, reporter, follow)
}

#[test]
fn the_outcome_comes_through_a_restart_and_a_late_follower_has_it() {
    let (server, _worker, reporter, mut follow) = begin(env!("CARGO_BIN_EXE_axum-server"));
    let receipt = reporter.complete(r#"{"files":12}"#).wait().unwrap();
    assert_eq!(receipt, Receipt::Written { ack_unsupported: true });
    let Event::Complete(complete) = until(&mut follow, |event| event.kind() == EventKind::Complete) else { panic!() };
    assert_eq!(complete.data, r#"{"files":12}"#);
    let outcome = client(&server.url).wait("build").unwrap().wait_timeout(LIMIT).unwrap();
    assert_eq!((outcome.kind, outcome.data.as_str()), (OutcomeKind::Complete, r#"{"files":12}"#));
}

#[test]
fn with_ack_an_outcome_that_died_with_the_server_is_sent_again() {
    let program = env!("CARGO_BIN_EXE_ack");
    let (server, worker, reporter, mut follow) = begin(program);
    // It takes what is written to it, and dies before it reads it.
    kill_process(Pid::from_child(&server.child), Signal::STOP).unwrap();
    let written = worker.stats()["framesOut"].as_u64().unwrap();
    let mut receipt = reporter.complete(r#"{"files":12}"#);
    while worker.stats()["framesOut"].as_u64().unwrap() == written {
        std::thread::yield_now();
    }
    let _server = server.restart(program);
    assert_eq!(receipt.wait_timeout(LIMIT).unwrap(), Receipt::Acked);
    let Event::Complete(complete) = until(&mut follow, |event| event.kind() == EventKind::Complete) else { panic!() };
    assert_eq!(complete.data, r#"{"files":12}"#);
}
