//! The client's steps of a scenario.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use steadywire::{Client, Error, Follow, Level, Message, Outcome, Pending, Receipt, Reporter};
use steadywire_faults::is_part;

use super::events::{Events, patiently};

pub(super) struct Steps {
    client: Client,
    events: Events,
    calls: BTreeMap<String, Call>,
    reporters: BTreeMap<String, Reporter>,
}

/// What a call that has not been awaited gave.
enum Call {
    Nothing(Pending<()>),
    Outcome(Pending<Outcome>),
    Receipt(Pending<Receipt>),
    Follow(Follow),
}

impl Steps {
    pub(super) fn new(client: Client, events: Events) -> Self {
        Self { client, events, calls: BTreeMap::new(), reporters: BTreeMap::new() }
    }

    pub(super) async fn step(&mut self, step: &Value) -> Result<(), String> {
        if let Some(awaited) = text(step, "await") {
            return self.wait(awaited, step).await;
        }
        let call = match self.call(step) {
            Ok(call) => call,
            Err(error) if text(step, "refused") == Some(error.kind().name()) => return Ok(()),
            Err(error) => return Err(error.to_string()),
        };
        match call {
            Some(call) if step.get("await") == Some(&Value::Bool(true)) => settle(call, step).await,
            Some(call) => {
                let name = text(step, "as").unwrap_or_else(|| text(step, "do").unwrap_or_default());
                self.calls.insert(name.to_owned(), call);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Every receipt that nobody awaited has settled by now.
    pub(super) fn check_receipts(self) -> Result<(), String> {
        let open = |(_, call): &(&String, &Call)| matches!(call, Call::Receipt(receipt) if !receipt.is_ready());
        match self.calls.iter().find(open) {
            Some((name, _)) => Err(format!("the receipt {name} never settled")),
            None => Ok(()),
        }
    }

    fn call(&mut self, step: &Value) -> Result<Option<Call>, Error> {
        let task = text(step, "task");
        let named = task.unwrap_or_default();
        let client = &self.client;
        Ok(match text(step, "do").unwrap_or_default() {
            "connect" => Some(Call::Nothing(client.connect(task))),
            "reconnect" => Some(Call::Nothing(client.reconnect())),
            "disconnect" => Some(Call::Nothing(client.disconnect())),
            "flush" => Some(Call::Nothing(client.flush())),
            "subscribe" => client.subscribe(named).map(|()| None)?,
            "unsubscribe" => client.unsubscribe(named).map(|()| None)?,
            "follow" => Some(Call::Follow(client.follow(named)?)),
            "wait" => Some(Call::Outcome(client.wait(named)?)),
            "send" => {
                let message = message(&step["message"])?.ack(step.get("ack") == Some(&Value::Bool(true)));
                Some(Call::Receipt(client.send(message)?))
            }
            "report" => {
                self.reporters.insert(named.to_owned(), client.report(named)?);
                None
            }
            "complete" => {
                let reporter = self.reporters.remove(named).expect("the task is reported");
                Some(Call::Receipt(reporter.complete(&step["data"].to_string())))
            }
            other => panic!("a step that nobody understands: {other}"),
        })
    }

    async fn wait(&mut self, awaited: &str, step: &Value) -> Result<(), String> {
        if awaited == "event" {
            return self.events.next(&step["match"]).await.map(drop);
        }
        let name = text(step, "of").unwrap_or(awaited);
        let call = self.calls.remove(name).ok_or(format!("no call is named {name}"))?;
        settle(call, step).await
    }
}

async fn settle(call: Call, step: &Value) -> Result<(), String> {
    let compare = |name: &str, found: Value| match step.get(name) {
        Some(wanted) if !is_part(wanted, Some(&found)) => Err(format!("the {name} is {found}")),
        _ => Ok(()),
    };
    let failed = match call {
        Call::Nothing(pending) => match (patiently(pending).await?, text(step, "fails")) {
            (Ok(()), None) => return Ok(()),
            (Ok(()), Some(kind)) => return Err(format!("it did not fail with {kind}")),
            (Err(error), _) => error,
        },
        Call::Outcome(pending) => match patiently(pending).await? {
            Ok(outcome) => return compare("outcome", outcome.to_json()),
            Err(error) => error,
        },
        Call::Receipt(pending) => match patiently(pending).await? {
            Ok(receipt) => return compare("receipt", receipt.to_json()),
            Err(error) => error,
        },
        Call::Follow(mut follow) => {
            let mut seen = Vec::new();
            while let Some(event) = patiently(follow.next()).await? {
                seen.push(event.to_json());
            }
            return compare("followed", json!(seen));
        }
    };
    match text(step, "fails") {
        Some(kind) if kind == failed.kind().name() => Ok(()),
        _ => Err(failed.to_string()),
    }
}

fn message(value: &Value) -> Result<Message, Error> {
    let field = |name: &str| text(value, name).unwrap_or_default();
    let task = field("taskId");
    let data = || value["data"].to_string();
    Ok(match field("type") {
        "progress" => Message::progress(task, value["progress"].as_f64().unwrap_or_default())
            .stage(field("stage"))
            .text(field("message")),
        "log" => Message::log(task, Level::from_word(field("level")).unwrap_or(Level::Info), field("message")),
        "status" => Message::status(task, data())?,
        "complete" => Message::complete(task, data())?,
        "error" => Message::error(task, field("message")).code(field("code")),
        kind => Message::other(kind, task).data_json(data())?,
    })
}

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Value::as_str)
}
