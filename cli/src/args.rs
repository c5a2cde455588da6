//! The command line.

#![allow(rustdoc::bare_urls, reason = "these comments are the help texts of the program")]

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use steadywire_faults::{FaultKind, Upstream};

use crate::reach::ReachArgs;

const EXIT_STATUS: &str = "\
Exit status:
  0  complete: every task ended well, everything was delivered
  1  a task ended with an error
  2  wrong usage
  3  lost: a task has no outcome, or something could not be delivered
`run` ends with the exit status of its command.";

const EXAMPLES: &str = "\
Try it:
  steadywire demo
  steadywire serve &
  steadywire run --task build -- cargo build
  steadywire watch build          (in another terminal, before or while it runs)";

/// Follow and report long-running tasks over a link that may break.
#[derive(Debug, Parser)]
#[command(name = "steadywire", version, after_help = EXIT_STATUS, before_long_help = EXAMPLES, max_term_width = 100)]
#[command(propagate_version = true, subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a hub: the server that workers report to and watchers follow
    Serve(ServeArgs),
    /// Run a command and report its output, its progress and its end as a task
    #[command(after_help = RUN_HELP)]
    Run(RunArgs),
    /// Follow tasks until each has ended
    #[command(after_help = WATCH_HELP)]
    Watch(WatchArgs),
    /// Report something about a task: progress, a log line, its end
    #[command(after_help = SEND_HELP)]
    Send(SendArgs),
    /// See it work: a hub, a task and a watcher, while the link is cut twice
    Demo(DemoArgs),
    /// Misbehave on purpose, to try a client: a server that plays a script, or a proxy before any server
    #[command(after_help = FAULTS_HELP)]
    Faults(FaultsArgs),
}

const RUN_HELP: &str = "\
The command's output is passed through unchanged. It runs under a pseudo-terminal when standard output is one,
so that progress bars are drawn; standard input and signals reach it. It never waits for the network: without a
hub it runs just the same, and what could not be sent is counted. Once the command has ended, output of processes
that it leaves behind is passed on until they pause, for a second at most; a signal from then on makes us leave.

Exit status: that of the command; 128 + N when signal N ended it; 127 not found; 126 not executable.";

const WATCH_HELP: &str = "\
Exit status: the worst of all tasks: 0 complete, 1 error, 3 lost; 130 after Ctrl-C.
With --json every event is one line, for example {\"event\":\"progress\",\"taskId\":\"build\",...}.";

const SEND_HELP: &str = "\
Without any of --progress, --log, --status, --complete and --error, JSON lines are read from standard input:
  {\"progress\":40,\"stage\":\"train\",\"message\":\"epoch 3\"}
  {\"log\":\"disk is nearly full\",\"level\":\"warn\",\"metadata\":{}}
  {\"status\":{\"phase\":\"warmup\"}}
  {\"complete\":{\"files\":12}}
  {\"error\":\"out of memory\",\"code\":\"E42\"}
A line that cannot be read is reported with its number and makes the exit status 2; the others are sent.

Exit status: 0 when everything was delivered, 3 when it was not within --timeout.";

const FAULTS_HELP: &str = "\
It says its url, then what it does to whom, until Ctrl-C. The server of a script listens on this machine only.
docs/faults.md has the form of scripts, and all faults of the proxy:
  before the upgrade       refuse hangup hang
  in place of a message    fin rst silence close truncate garbage
  to a message             delay stall slow duplicate
256 connections at most are open at once; one more waits until one has ended.

Exit status: 0 after Ctrl-C, 1 after a problem with --strict, 2 wrong usage or a script that cannot be read,
3 when it cannot listen.";

/// Options of `serve`.
#[derive(Args, Debug)]
pub(crate) struct ServeArgs {
    /// Address and port; port 0 takes a free one. The endpoint is /ws
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub(crate) listen: String,
    /// Secret that clients must show; required to listen beyond this machine
    #[arg(long, env = "STEADYWIRE_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,
    /// Let web pages of this origin connect, e.g. https://app.example; may be repeated
    #[arg(long, value_name = "ORIGIN")]
    pub(crate) allow_origin: Vec<String>,
    /// Serve requests for this host name, e.g. hub.example; may be repeated
    #[arg(long, value_name = "HOST")]
    pub(crate) allow_host: Vec<String>,
    /// Tasks known at once; of more the oldest that has ended and nobody follows is forgotten
    #[arg(long, value_name = "N", default_value_t = steadywire_hub::limits::MAX_TASKS)]
    pub(crate) max_tasks: usize,
    /// Serve wss:// with this certificate: a PEM file, our own first, then those that lead to its authority
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// Private key of --tls-cert: a PEM file, not encrypted
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,
}

/// Options of `run`.
#[derive(Args, Debug)]
pub(crate) struct RunArgs {
    /// Name of the task
    #[arg(long, short, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) task: String,
    /// After the command: how long to wait until the hub has acknowledged the outcome; 0 = not at all
    #[arg(long, value_name = "SECONDS", default_value = "10s", value_parser = seconds)]
    pub(crate) flush_timeout: Duration,
    /// Never use a pseudo-terminal
    #[arg(long)]
    pub(crate) no_pty: bool,
    /// The command and its arguments
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
    #[command(flatten)]
    pub(crate) client: ClientArgs,
}

/// Options of `watch`.
#[derive(Args, Debug)]
pub(crate) struct WatchArgs {
    /// Names of the tasks
    #[arg(required = true, value_name = "TASK", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) tasks: Vec<String>,
    /// Print every event as one line of JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Give up after this many failed attempts in a row (default: never)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_attempts: Option<u32>,
    #[command(flatten)]
    pub(crate) client: ClientArgs,
}

/// Options of `send`.
#[derive(Args, Debug)]
pub(crate) struct SendArgs {
    /// Name of the task
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub(crate) task: String,
    /// `-` to read JSON lines from standard input, which is also the default
    #[arg(value_name = "-", value_parser = ["-"], conflicts_with_all = ["progress", "log", "status", "complete", "error"])]
    pub(crate) stdin: Option<String>,
    /// How far the task is, 0 to 100
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    pub(crate) progress: Option<f64>,
    /// What the task is doing, for --progress
    #[arg(long, requires = "progress")]
    pub(crate) stage: Option<String>,
    /// A few words on it, for --progress
    #[arg(long, value_name = "TEXT", requires = "progress")]
    pub(crate) message: Option<String>,
    /// A log line
    #[arg(long, value_name = "TEXT")]
    pub(crate) log: Option<String>,
    /// How important the log line is
    #[arg(long, requires = "log", default_value = "info")]
    pub(crate) level: LevelArg,
    /// A status of any form
    #[arg(long, value_name = "JSON", value_parser = json)]
    pub(crate) status: Option<String>,
    /// The task is complete, with this result
    #[arg(long, value_name = "JSON", num_args = 0..=1, default_missing_value = "null", conflicts_with = "error", value_parser = json)]
    pub(crate) complete: Option<String>,
    /// The task has failed
    #[arg(long, value_name = "TEXT")]
    pub(crate) error: Option<String>,
    /// A code for programs, for --error
    #[arg(long, requires = "error")]
    pub(crate) code: Option<String>,
    /// How long to wait until everything is delivered
    #[arg(long, value_name = "SECONDS", default_value = "10s", value_parser = seconds)]
    pub(crate) timeout: Duration,
    #[command(flatten)]
    pub(crate) client: ClientArgs,
}

impl SendArgs {
    /// Nothing to send was given on the command line.
    pub(crate) fn reads_stdin(&self) -> bool {
        self.progress.is_none()
            && self.log.is_none()
            && self.status.is_none()
            && self.complete.is_none()
            && self.error.is_none()
    }
}

/// Options of `demo`.
#[derive(Args, Debug)]
pub(crate) struct DemoArgs {
    /// Leave the hub and its page up until Ctrl-C
    #[arg(long)]
    pub(crate) stay: bool,
}

/// Options of `faults`.
#[derive(Args, Debug)]
pub(crate) struct FaultsArgs {
    /// A script: a name that --list knows, or a file of JSON
    #[arg(conflicts_with = "ChaosArgs")]
    pub(crate) script: Option<String>,
    /// Name the scripts that are there, and what a right client does with each
    #[arg(long, conflicts_with_all = ["script", "again", "strict", "proxy", "ChaosArgs"])]
    pub(crate) list: bool,
    /// Port to listen on; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    pub(crate) port: u16,
    /// After the last connection of the script begin again with the first
    #[arg(long = "loop")]
    pub(crate) again: bool,
    /// What the script does not wait for is a problem, and the first problem ends it
    #[arg(long)]
    pub(crate) strict: bool,
    /// Print every line as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Stand before this server instead, e.g. ws://127.0.0.1:8080/ws, and strike what passes
    #[arg(long, value_name = "URL", value_parser = Upstream::parse, help_heading = "Proxy",
        conflicts_with_all = ["script", "again", "strict"])]
    pub(crate) proxy: Option<Upstream>,
    #[command(flatten)]
    pub(crate) chaos: ChaosArgs,
}

/// What the proxy of `faults` does.
#[derive(Args, Debug)]
#[command(next_help_heading = "Proxy")]
pub(crate) struct ChaosArgs {
    /// Address and port to listen on; port 0 takes a free one [default: 127.0.0.1:0]
    #[arg(long, value_name = "ADDRESS", requires = "proxy", conflicts_with = "port")]
    pub(crate) listen: Option<SocketAddr>,
    /// The same seed and the same order of connections mean the same faults
    #[arg(long, value_name = "N", requires = "proxy", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Which faults, e.g. fin,rst,delay [default: all but garbage]
    #[arg(long, value_name = "LIST", requires = "proxy", value_delimiter = ',')]
    pub(crate) faults: Vec<FaultKind>,
    /// On average one fault in so many messages of the server, on each connection
    #[arg(long, value_name = "N", requires = "proxy", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) every: u64,
    /// After so many faults in all pass everything on as it is
    #[arg(long, value_name = "N", requires = "proxy")]
    pub(crate) max_faults: Option<u64>,
}

/// Where the hub is and how patiently to try.
#[derive(Args, Debug)]
pub(crate) struct ClientArgs {
    /// Where the hub is
    #[arg(long, env = "STEADYWIRE_URL", hide_env_values = true, default_value = "ws://127.0.0.1:8080/ws")]
    pub(crate) url: String,
    #[command(flatten)]
    pub(crate) reach: ReachArgs,
    #[command(flatten)]
    pub(crate) link: LinkArgs,
}

/// The client's options that matter at a terminal. Bare numbers are milliseconds.
#[derive(Args, Debug)]
#[command(next_help_heading = "Link options (milliseconds, or with a unit: 2s)")]
pub(crate) struct LinkArgs {
    /// First delay before trying again [default: 1000]
    #[arg(long, value_name = "TIME", value_parser = milliseconds, hide_short_help = true)]
    pub(crate) reconnect_interval: Option<Duration>,
    /// How much the delay grows with each failed attempt [default: 1.5]
    #[arg(long, value_name = "FACTOR", hide_short_help = true)]
    pub(crate) reconnect_backoff_multiplier: Option<f64>,
    /// Longest delay before trying again [default: 30000]
    #[arg(long, value_name = "TIME", value_parser = milliseconds, hide_short_help = true)]
    pub(crate) max_reconnect_backoff: Option<Duration>,
    /// Longest time for one attempt [default: 10000]
    #[arg(long, value_name = "TIME", value_parser = milliseconds, hide_short_help = true)]
    pub(crate) connect_timeout: Option<Duration>,
    /// Time between heartbeats; 0 = none [default: 30000]
    #[arg(long, value_name = "TIME", value_parser = milliseconds, hide_short_help = true)]
    pub(crate) heartbeat_interval: Option<Duration>,
    /// How long a sign of life may take [default: 10000]
    #[arg(long, value_name = "TIME", value_parser = milliseconds, hide_short_help = true)]
    pub(crate) heartbeat_timeout: Option<Duration>,
}

/// How important a log line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LevelArg {
    /// Of interest when looking for a fault.
    Debug,
    /// Worth knowing.
    Info,
    /// Something may be wrong.
    Warn,
    /// Something is wrong.
    Error,
}

fn milliseconds(text: &str) -> Result<Duration, String> {
    duration(text, 1)
}

fn seconds(text: &str) -> Result<Duration, String> {
    duration(text, 1000)
}

/// A time such as `10s`, `500ms`, `2m`; a bare number counts `bare_unit` milliseconds.
fn duration(text: &str, bare_unit: u32) -> Result<Duration, String> {
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let factor = match unit.trim() {
        "" => f64::from(bare_unit),
        "ms" => 1.0,
        "s" => 1000.0,
        "m" | "min" => 60_000.0,
        "h" => 3_600_000.0,
        _ => return Err("not a time: write it like 10s, 500ms or 2m".into()),
    };
    let value: f64 = number.parse().map_err(|_| "not a time: write it like 10s, 500ms or 2m")?;
    let total = value * factor;
    // A year: beyond it, timers of the platforms overflow.
    if total > 31_536_000_000.0 {
        return Err("longer than a year".into());
    }
    Ok(Duration::from_secs_f64(total / 1000.0))
}

fn percent(text: &str) -> Result<f64, String> {
    match text.trim_end_matches('%').parse::<f64>() {
        Ok(value) if (0.0..=100.0).contains(&value) => Ok(value),
        _ => Err("a number from 0 to 100 is needed".into()),
    }
}

fn json(text: &str) -> Result<String, String> {
    match serde_json::from_str::<&serde_json::value::RawValue>(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(format!("not JSON: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn parse(words: &[&str]) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(std::iter::once(&"steadywire").chain(words))
    }

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_has_help_without_machinery_in_it() {
        for command in ["serve", "run", "watch", "send", "demo", "faults"] {
            let error = parse(&[command, "--help"]).unwrap_err();
            assert_eq!(error.exit_code(), 0);
            assert!(error.to_string().contains("Usage:"), "{error}");
        }
    }

    #[test]
    fn what_follows_the_dashes_is_the_command() {
        let cli = parse(&["run", "--task", "t", "--", "cargo", "build", "--release", "--task", "x"]).unwrap();
        let Command::Run(run) = cli.command else { panic!() };
        assert_eq!(run.command, ["cargo", "build", "--release", "--task", "x"]);
        assert_eq!((run.task.as_str(), run.flush_timeout), ("t", Duration::from_secs(10)));
    }

    #[test]
    fn wrong_usage_exits_with_2() {
        for words in [
            &["run", "--task", "t"][..],
            &["run", "--", "true"],
            &["run", "--task", "", "--", "true"],
            &["watch"],
            &["watch", "t", "--max-attempts", "0"],
            &["send"],
            &["send", "t", "--progress", "101"],
            &["send", "t", "--stage", "x"],
            &["send", "t", "--complete", "{"],
            &["send", "t", "--complete", "--error", "x"],
            &["send", "t", "-", "--log", "x"],
            &["send", "t", "--timeout", "soon"],
            &["serve", "--tls-cert", "cert.pem"],
            &["serve", "--tls-key", "key.pem"],
            &["faults", "x", "--list"],
            &["faults", "x", "--port", "70000"],
            &["faults", "--proxy", "wss://x/"],
            &["faults", "x", "--proxy", "ws://x/"],
            &["faults", "--list", "--proxy", "ws://x/"],
            &["faults", "--proxy", "ws://x/", "--loop"],
            &["faults", "--proxy", "ws://x/", "--strict"],
            &["faults", "--proxy", "ws://x/", "--faults", "flood"],
            &["faults", "--proxy", "ws://x/", "--every", "0"],
            &["faults", "--proxy", "ws://x/", "--port", "1", "--listen", "127.0.0.1:1"],
            &["faults", "x", "--seed", "1"],
            &["faults", "x", "--listen", "127.0.0.1:0"],
            &["faults", "--list", "--seed", "1"],
            &["fly"],
        ] {
            let error = parse(words).expect_err(&words.join(" "));
            assert_eq!(error.exit_code(), 2, "{words:?}");
        }
    }

    #[test]
    fn complete_takes_an_optional_result() {
        let result = |words: &[&str]| match parse(words).unwrap().command {
            Command::Send(send) => send.complete,
            _ => panic!(),
        };
        assert_eq!(result(&["send", "t", "--complete"]).as_deref(), Some("null"));
        assert_eq!(result(&["send", "t", "--complete", "{\"a\":1}"]).as_deref(), Some("{\"a\":1}"));
        assert_eq!(result(&["send", "t"]), None);
    }

    #[test]
    fn times() {
        assert_eq!(seconds("10"), Ok(Duration::from_secs(10)));
        assert_eq!(seconds("0"), Ok(Duration::ZERO));
        assert_eq!(seconds("1.5"), Ok(Duration::from_millis(1500)));
        assert_eq!(milliseconds("250"), Ok(Duration::from_millis(250)));
        assert_eq!(milliseconds("2s"), Ok(Duration::from_secs(2)));
        assert_eq!(seconds("2m"), Ok(Duration::from_secs(120)));
        for wrong in ["", "s", "-1", "1x", "1..2", "99999h"] {
            assert!(seconds(wrong).is_err(), "{wrong:?}");
        }
    }
}
