//! The life of a session as a scenario for the players, one step after the other (tests/vectors/README.md, "Traces").

use serde_json::{Map, Value, json};
use steadywire::Error;
use steadywire::event::{Batch, Item};
use steadywire::session::{Draft, DraftKind, Failure, Input, LeaseKind, Now, Output, Platform, Session, Transmit};
use steadywire_tests::player::{inner_state, output_json, settled_json, transmit_json};

/// Writes the life of one session down.
#[derive(Debug, Default)]
pub struct Recorder {
    head: Map<String, Value>,
    steps: Vec<Value>,
    step: Map<String, Value>,
    seen: Vec<Value>,
    /// All steps are kept, not just the one at hand.
    keeps: bool,
    on: bool,
}

impl Recorder {
    /// A recorder of a session made like this. Unless it `keeps`, it only knows the latest step.
    pub fn new(
        name: &str,
        options: &Map<String, Value>,
        platform: Platform,
        seed: u32,
        nonce: [u8; 12],
        keeps: bool,
    ) -> Self {
        let nonce: String = nonce.iter().map(|byte| format!("{byte:02x}")).collect();
        let head = json!({
            "name": name, "config": options,
            "platform": {
                "pings": platform.pings, "credentials": platform.credentials, "classify": platform.classify,
            },
            "seed": seed, "nonce": nonce,
        });
        let Value::Object(head) = head else { unreachable!("it is an object") };
        Self { head, keeps, on: true, ..Self::default() }
    }

    /// A recorder that does nothing.
    pub fn off() -> Self {
        Self::default()
    }

    /// A step begins.
    pub fn begin(&mut self, now: Now, input: Option<&Input<'_>>, writes: Option<u64>) {
        if !self.on {
            return;
        }
        self.step = input.map_or_else(|| object(json!({ "driver": "ready" })), |input| object(step_json(input)));
        self.step.insert("now".into(), json!([now.mono_ms, now.wall_ms]));
        if let Some(writes) = writes {
            self.step.insert("writes".into(), writes.into());
        }
    }

    /// The call was refused.
    pub fn refused(&mut self, error: &Error) {
        if self.on {
            self.step.insert("error".into(), error.kind().name().into());
        }
    }

    /// The session wants something done.
    pub fn output(&mut self, output: &Output) {
        if self.on {
            self.seen.push(output_json(output));
        }
    }

    /// The session tells something.
    pub fn batch(&mut self, batch: &Batch) {
        if !self.on {
            return;
        }
        for item in batch.iter() {
            self.seen.push(match item {
                Item::Event(event) => event.to_json(),
                Item::Settled(ticket, settlement) => settled_json(ticket, settlement),
            });
        }
    }

    /// The session writes something.
    pub fn transmit(&mut self, transmit: &Transmit) {
        if self.on {
            self.seen.push(transmit_json(transmit));
        }
    }

    /// The step is over. Returns it in readable form.
    pub fn end(&mut self) -> Value {
        if !self.on {
            return Value::Null;
        }
        let seen = std::mem::take(&mut self.seen);
        if !seen.is_empty() {
            self.step.insert("expect".into(), Value::Array(seen));
        }
        let step = Value::Object(std::mem::take(&mut self.step));
        if self.keeps {
            self.steps.push(step.clone());
        }
        step
    }

    /// The step at hand, which something has interrupted.
    pub fn unfinished(&self) -> Value {
        json!({ "step": self.step, "so far": self.seen })
    }

    /// The whole trace, with a check of everything at its end.
    pub fn finish(self, session: &Session) -> Option<Value> {
        if !self.keeps {
            return None;
        }
        let (mut trace, mut steps) = (self.head, self.steps);
        steps.push(json!({ "check": inner_state(session) }));
        trace.insert("steps".into(), steps.into());
        Some(Value::Object(trace))
    }
}

/// An input as a step of a scenario.
fn step_json(input: &Input<'_>) -> Value {
    match input {
        Input::Connect { ticket, task: None } => json!({ "do": "connect", "ticket": ticket }),
        Input::Connect { ticket, task } => json!({ "do": "connect", "ticket": ticket, "task": task }),
        Input::Reconnect { ticket } => json!({ "do": "reconnect", "ticket": ticket }),
        Input::Disconnect { ticket } => json!({ "do": "disconnect", "ticket": ticket }),
        Input::Subscribe { task } => json!({ "do": "subscribe", "task": task }),
        Input::Unsubscribe { task } => json!({ "do": "unsubscribe", "task": task }),
        Input::Lease { lease, task, kind } => {
            let call = match kind {
                LeaseKind::Follow => "follow",
                LeaseKind::Wait => "wait",
                LeaseKind::Track => "track",
                LeaseKind::Report => "report",
            };
            json!({ "do": call, "lease": lease, "task": task })
        }
        Input::Unlease { lease } => json!({ "do": "unlease", "lease": lease }),
        Input::Send { ticket, message } => {
            json!({ "do": "send", "ticket": ticket, "message": draft_json(message), "ack": message.ack })
        }
        Input::Flush { ticket } => json!({ "do": "flush", "ticket": ticket }),
        Input::Close => json!({ "do": "close" }),
        Input::Opened { generation } => json!({ "server": "open", "generation": generation }),
        Input::DialFailed { generation, failure } => failure_json("refuse", *generation, failure),
        Input::Text { generation, text } => json!({ "server": "text", "generation": generation, "text": text }),
        Input::Binary { generation, head } => {
            json!({ "server": "binary", "generation": generation, "text": String::from_utf8_lossy(head) })
        }
        Input::Ping { generation } => json!({ "server": "ping", "generation": generation }),
        Input::Pong { generation, payload } => {
            json!({ "server": "pong", "generation": generation, "ping": payload })
        }
        Input::Closed { generation, code, reason } => {
            let mut step = json!({ "server": "close", "generation": generation, "reason": reason });
            if let Some(code) = code {
                step["code"] = (*code).into();
            }
            step
        }
        Input::Broken { generation, failure } => failure_json("break", *generation, failure),
        Input::ReadPaused { generation } => json!({ "driver": "readPaused", "generation": generation }),
        Input::ReadResumed { generation } => json!({ "driver": "readResumed", "generation": generation }),
        Input::Woke { slept_ms } => json!({ "driver": "woke", "sleptMs": slept_ms }),
        Input::Online(value) => json!({ "driver": "online", "value": value }),
        Input::Visible(value) => json!({ "driver": "visible", "value": value }),
        Input::Credentials { generation, result: Ok(()) } => {
            json!({ "driver": "credentials", "generation": generation })
        }
        Input::Credentials { generation, result: Err(failure) } => json!({
            "driver": "credentials", "generation": generation, "fail": failure.message, "fatal": failure.fatal,
        }),
        Input::Classified { generation, disposition } => {
            let mut step = json!({ "driver": "classified", "generation": generation });
            if let Some(disposition) = disposition {
                step["disposition"] = disposition.name().into();
            }
            step
        }
        Input::Timeout => json!({ "driver": "timeout" }),
    }
}

fn failure_json(word: &str, generation: u32, failure: &Failure<'_>) -> Value {
    let mut step = json!({
        "server": word, "generation": generation, "kind": failure.kind.name(), "message": failure.message,
    });
    if let Some(status) = failure.http_status {
        step["httpStatus"] = status.into();
    }
    if let Some(after) = failure.retry_after_ms {
        step["retryAfterMs"] = after.into();
    }
    if failure.fatal {
        step["fatal"] = true.into();
    }
    step
}

fn draft_json(draft: &Draft<'_>) -> Value {
    let mut message = match &draft.kind {
        DraftKind::Progress { stage, progress, message } => {
            json!({ "type": "progress", "stage": stage, "progress": progress, "message": message })
        }
        DraftKind::Log { level, message, metadata } => {
            let mut log = json!({ "type": "log", "level": level.name(), "message": message });
            if let Some(metadata) = metadata {
                log["metadata"] = parsed(metadata);
            }
            log
        }
        DraftKind::Status { data } => json!({ "type": "status", "dataText": data }),
        DraftKind::Complete { data } => json!({ "type": "complete", "dataText": data }),
        DraftKind::Error { message, code, data } => {
            let mut error = json!({ "type": "error", "message": message, "code": code });
            if let Some(data) = data {
                error["dataText"] = (*data).into();
            }
            error
        }
        DraftKind::Heartbeat => json!({ "type": "heartbeat" }),
        DraftKind::Other { kind, data } => {
            let mut other = json!({ "type": kind });
            if let Some(data) = data {
                other["dataText"] = (*data).into();
            }
            other
        }
    };
    message["taskId"] = draft.task.into();
    if let Some(timestamp) = draft.timestamp {
        message["timestamp"] = timestamp.into();
    }
    message
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).expect("the simulator sends JSON")
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => unreachable!("a step is an object"),
    }
}
