//! The driver for Rust: does what it is told line by line. tests/conformance/README.md describes the lines.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::{BufRead, Write};

use serde_json::{Value, json};
use steadywire::{
    Client, Config, Credentials, CredentialsRequest, Error, Event, Follow, Level, Message, Outcome, Pending, Receipt,
    Reporter,
};
use tokio::sync::mpsc;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let (into, mut lines) = mpsc::channel(16);
    // A thread of its own: reading cannot be given up.
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if into.blocking_send(line).is_err() {
                break;
            }
        }
    });
    let mut life = None;
    while let Some(line) = lines.recv().await {
        let fields: Vec<&str> = line.split('\t').collect();
        let (name, rest) = fields.split_first().expect("a line has a field");
        let done = match (rest, &mut life) {
            (["client", url, options @ ..], _) => Life::begin(url, options).map(|begun| life = Some(begun)),
            (["free"], _) => {
                life = None;
                Ok(())
            }
            (rest, Some(life)) => life.call(name, rest),
            (_, None) => panic!("there is no client for {line}"),
        };
        match done {
            Ok(()) => say(&["called", name]),
            Err(error) => say(&["refused", name, error.kind().name()]),
        }
    }
}

/// A client and what it was told to do.
struct Life {
    client: Client,
    reporters: BTreeMap<String, Reporter>,
}

impl Life {
    fn begin(url: &str, options: &[&str]) -> Result<Self, Error> {
        let mut config = Config::new(url);
        for option in options.chunks_exact(2) {
            match option {
                ["credentials", token] => config = given(config, token),
                _ => config.set(option[0], &serde_json::from_str(option[1]).expect("an option is JSON"))?,
            }
        }
        let client = Client::new(config)?;
        client.on_any(|event| {
            if !matches!(event, Event::Retry(_)) {
                say(&["event", &event.to_json().to_string()]);
            }
        });
        Ok(Self { client, reporters: BTreeMap::new() })
    }

    fn call(&mut self, name: &str, fields: &[&str]) -> Result<(), Error> {
        let client = &self.client;
        match *fields {
            ["connect"] => nothing(name, client.connect(None)),
            ["connect", task] => nothing(name, client.connect(Some(task))),
            ["reconnect"] => nothing(name, client.reconnect()),
            ["disconnect"] => nothing(name, client.disconnect()),
            ["flush"] => nothing(name, client.flush()),
            ["stats"] => say(&["answer", name, &client.stats().to_string()]),
            ["subscribe", task] => client.subscribe(task)?,
            ["unsubscribe", task] => client.unsubscribe(task)?,
            ["follow", task] => follow(name, client.follow(task)?),
            ["wait", task] => outcome(name, client.wait(task)?),
            ["send", ack, kind, task, ref rest @ ..] => {
                receipt(name, client.send(message(kind, task, rest)?.ack(ack == "true"))?);
            }
            ["report", task] => {
                self.reporters.insert(task.to_owned(), client.report(task)?);
            }
            ["progress", task, percent, stage, text] => {
                self.reporter(task).progress(percent.parse().expect("a number"), stage, text)?;
            }
            ["log", task, level, text] => self.reporter(task).log(level_of(level), text)?,
            ["status", task, data] => self.reporter(task).status(data)?,
            ["complete", task, data] => receipt(name, self.taken(task).complete(data)),
            ["fail", task, text, code] => receipt(name, self.taken(task).fail(text, code)),
            _ => panic!("nobody understands {fields:?}"),
        }
        Ok(())
    }

    fn reporter(&self, task: &str) -> &Reporter {
        self.reporters.get(task).expect("the task is reported")
    }

    fn taken(&mut self, task: &str) -> Reporter {
        self.reporters.remove(task).expect("the task is reported")
    }
}

/// Gives the token for every attempt, and says what was asked.
fn given(config: Config, token: &str) -> Config {
    let token = token.to_owned();
    config.credentials(move |request: CredentialsRequest| {
        let asked = json!({
            "attempt": request.attempt, "reason": request.reason, "lastCloseCode": request.last_close_code,
            "httpStatus": request.http_status, "forceRefresh": request.force_refresh,
        });
        say(&["asked", &asked.to_string()]);
        let given = Credentials::new().token(token.clone());
        async move { Ok(given) }
    })
}

fn message(kind: &str, task: &str, fields: &[&str]) -> Result<Message, Error> {
    Ok(match (kind, fields) {
        ("progress", [percent, stage, text]) => {
            Message::progress(task, percent.parse().expect("a number")).stage(*stage).text(*text)
        }
        ("log", [level, text]) => Message::log(task, level_of(level), *text),
        ("error", [text, code]) => Message::error(task, *text).code(*code),
        ("status", [data]) => Message::status(task, *data)?,
        ("complete", [data]) => Message::complete(task, *data)?,
        (_, [data]) => Message::other(kind, task).data_json(*data)?,
        _ => panic!("nobody understands a message of {fields:?}"),
    })
}

fn nothing(name: &str, pending: Pending<()>) {
    answer(name, pending, |()| Value::Null);
}

fn receipt(name: &str, pending: Pending<Receipt>) {
    answer(name, pending, |receipt| receipt.to_json());
}

fn outcome(name: &str, pending: Pending<Outcome>) {
    answer(name, pending, |outcome| {
        let mut json = outcome.to_json();
        json["timestamp"] = outcome.timestamp.into();
        json
    });
}

/// Says the answer when it comes.
fn answer<T: Send + 'static>(name: &str, pending: Pending<T>, json: impl Fn(T) -> Value + Send + 'static) {
    let name = name.to_owned();
    tokio::spawn(async move {
        match pending.await {
            Ok(value) => say(&["answer", &name, &json(value).to_string()]),
            Err(error) => say(&["failed", &name, error.kind().name()]),
        }
    });
}

fn follow(name: &str, mut follow: Follow) {
    let name = name.to_owned();
    tokio::spawn(async move {
        while let Some(event) = follow.next().await {
            say(&["followed", &name, &event.to_json().to_string()]);
        }
        say(&["answer", &name, "null"]);
    });
}

fn level_of(word: &str) -> Level {
    Level::from_word(word).expect("a level")
}

fn say(fields: &[impl Display]) {
    let line: Vec<String> = fields.iter().map(ToString::to_string).collect();
    let mut out = std::io::stdout().lock();
    // Who no longer listens has gone.
    let _ = writeln!(out, "{}", line.join("\t")).and_then(|()| out.flush());
}
