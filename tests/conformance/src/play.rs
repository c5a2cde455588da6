//! Plays a scenario: the scripted server here, the client in a driver.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use steadywire_faults::{Script, Server, is_part};

use crate::driver::{Driver, Said};
use crate::log::{Call, Log};
use crate::scenario::list;

/// Plays a scenario and gives all that was seen.
///
/// # Errors
/// What was not as the scenario says.
pub async fn play(vector: &Map<String, Value>, driver: &mut Driver) -> Result<Log, String> {
    let server = Server::start(Script::from_json(&vector["server"])?).await;
    let mut life = Life { driver, seen: Log::default(), at: 0, named: BTreeMap::new() };
    let problem = live(vector, &mut life, &server).await.err();
    life.seen.transcript = server.transcript();
    match problem {
        None => Ok(life.seen),
        Some(problem) => Err(format!("{problem}\n{}", life.seen)),
    }
}

async fn live(vector: &Map<String, Value>, life: &mut Life<'_>, server: &Server) -> Result<(), String> {
    life.begin(vector, &server.url()).await?;
    for (index, step) in list(vector, "client").iter().enumerate() {
        // The server first: what it noticed is why the client's step fails, and stands before the client can see it.
        let done = tokio::select! {
            biased;
            problem = server.failed() => Err(problem.text),
            done = life.step(step) => done,
        };
        done.map_err(|problem| format!("client step {}, {step}: {problem}", index + 1))?;
    }
    server.finished().await.map_err(|problem| problem.text)?;
    let wanted = list(vector, "events");
    while life.seen.events.len() < wanted.len() {
        life.hear().await.map_err(|problem| format!("{problem}; wanted {}", wanted[life.seen.events.len()]))?;
    }
    let before = life.seen.events.len();
    life.end().await?;
    compare(wanted, &life.seen.events, before)?;
    let asked = list(vector, "asked");
    if !is_part(&Value::from(asked), Some(&Value::from(life.seen.asked.clone()))) {
        return Err(format!("the questions for credentials are not {}", Value::from(asked)));
    }
    server.finished().await.map_err(|problem| format!("after its end: {}", problem.text))?;
    Ok(())
}

/// A client's life in a driver.
struct Life<'a> {
    driver: &'a mut Driver,
    seen: Log,
    /// How far the events have been awaited.
    at: usize,
    /// Where the latest call of a name is in the log.
    named: BTreeMap<String, usize>,
}

impl Life<'_> {
    /// Makes the client. Retries come fast and always alike, and no progress is conflated.
    async fn begin(&mut self, vector: &Map<String, Value>, url: &str) -> Result<(), String> {
        let mut config = json!({ "reconnectInterval": 5, "maxReconnectBackoff": 20, "conflate": "never", "seed": 1 });
        let own = vector.get("config").and_then(Value::as_object).cloned().unwrap_or_default();
        config.as_object_mut().into_iter().for_each(|config| config.extend(own.clone()));
        let options: Vec<(String, String)> =
            config.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), value.to_string())).collect();
        let mut fields = vec!["client", "client", url];
        if let Some(token) = vector.get("credentials").and_then(Value::as_str) {
            fields.extend(["credentials", token]);
        }
        fields.extend(options.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]));
        self.driver.tell(&fields)?;
        self.called("client").await
    }

    async fn step(&mut self, step: &Value) -> Result<(), String> {
        match step.get("await") {
            Some(Value::String(what)) if what == "event" => self.event(&step["match"]).await,
            Some(Value::String(what)) => {
                let name = text(step, "of").unwrap_or(what);
                let call = *self.named.get(name).ok_or_else(|| format!("no call is named {name}"))?;
                self.settle(call, step).await
            }
            awaited => {
                let call = self.call(step).await?;
                match (&self.seen.calls[call].refused, text(step, "refused")) {
                    (Some(kind), Some(wanted)) if kind == wanted => Ok(()),
                    (Some(kind), _) => Err(format!("it was refused with {kind}")),
                    (None, Some(wanted)) => Err(format!("it was not refused with {wanted}")),
                    (None, None) if awaited == Some(&Value::Bool(true)) => self.settle(call, step).await,
                    (None, None) => Ok(()),
                }
            }
        }
    }

    /// Begins a call.
    async fn call(&mut self, step: &Value) -> Result<usize, String> {
        let verb = text(step, "do").ok_or("a step does or awaits something")?;
        let name = text(step, "as").unwrap_or(verb);
        let index = self.seen.calls.len();
        let id = format!("{index}-{name}");
        let arguments = arguments(verb, step);
        self.seen.calls.push(Call { id: id.clone(), answers: answers(verb), ..Call::default() });
        self.named.insert(name.to_owned(), index);
        let mut fields = vec![id.as_str(), verb];
        fields.extend(arguments.iter().map(String::as_str));
        self.driver.tell(&fields)?;
        self.called(&id).await?;
        Ok(index)
    }

    /// Waits until the driver has done what it was told.
    async fn called(&mut self, id: &str) -> Result<(), String> {
        loop {
            let said = self.hear().await?;
            if matches!(&said, Said::Called(done) | Said::Refused(done, _) if done == id) {
                return Ok(());
            }
        }
    }

    /// Waits for a call's answer, which is as the step says.
    async fn settle(&mut self, call: usize, step: &Value) -> Result<(), String> {
        while self.seen.calls[call].settled.is_none() {
            self.hear().await?;
        }
        let call = &self.seen.calls[call];
        match (call.settled.as_ref(), text(step, "fails")) {
            (Some(Err(kind)), Some(wanted)) if kind == wanted => return Ok(()),
            (Some(Err(kind)), _) => return Err(format!("it failed with {kind}")),
            (_, Some(wanted)) => return Err(format!("it did not fail with {wanted}")),
            _ => {}
        }
        let answer = call.settled.as_ref().and_then(|settled| settled.as_ref().ok());
        let followed = Value::from(call.followed.clone());
        for (name, found) in [("outcome", answer), ("receipt", answer), ("followed", Some(&followed))] {
            if let Some(wanted) = step.get(name).filter(|wanted| !is_part(wanted, found)) {
                return Err(format!("the {name} is not {wanted}"));
            }
        }
        Ok(())
    }

    /// Waits for an event that holds at least this, after the one that was awaited last.
    async fn event(&mut self, wanted: &Value) -> Result<(), String> {
        loop {
            while let Some(event) = self.seen.events.get(self.at) {
                self.at += 1;
                if is_part(wanted, Some(event)) {
                    return Ok(());
                }
            }
            self.hear().await?;
        }
    }

    /// Disconnects, and frees the client once every call has its answer.
    async fn end(&mut self) -> Result<(), String> {
        self.driver.tell(&["end", "disconnect"])?;
        self.called("end").await?;
        while let Some(open) = self.open().map(str::to_owned) {
            self.hear().await.map_err(|problem| format!("{open}: {problem}"))?;
        }
        self.driver.tell(&["stats", "stats"])?;
        while self.seen.stats.is_null() {
            self.hear().await?;
        }
        self.driver.tell(&["free", "free"])?;
        self.called("free").await
    }

    fn open(&self) -> Option<&str> {
        let open = |call: &&Call| call.answers && call.refused.is_none() && call.settled.is_none();
        let own = Some("the runner's own disconnect").filter(|_| !self.seen.ended);
        self.seen.calls.iter().find(open).map(|call| call.id.as_str()).or(own)
    }

    /// Takes down the next that the driver says.
    async fn hear(&mut self) -> Result<Said, String> {
        let said = self.driver.hear().await?;
        match &said {
            Said::Asked(asked) => self.seen.asked.push(asked.clone()),
            Said::Event(event) => self.seen.event(event),
            Said::Answer(id, _) if id == "end" => self.seen.ended = true,
            Said::Answer(id, stats) if id == "stats" => self.seen.stats = stats.clone(),
            Said::Called(_) => {}
            Said::Refused(id, kind) => self.seen.call(id)?.refused = Some(kind.clone()),
            Said::Followed(id, event) => self.seen.call(id)?.followed.push(event.clone()),
            Said::Answer(id, value) => self.seen.call(id)?.settle(Ok(value.clone()))?,
            Said::Failed(id, kind) => self.seen.call(id)?.settle(Err(kind.clone()))?,
        }
        Ok(said)
    }
}

/// Whether a call of that kind is answered later.
fn answers(verb: &str) -> bool {
    !matches!(verb, "subscribe" | "unsubscribe" | "report" | "progress" | "log" | "status")
}

/// What a step tells the driver beside the name of the call and the verb.
fn arguments(verb: &str, step: &Value) -> Vec<String> {
    let word = |value: &Value, name: &str| text(value, name).unwrap_or_default().to_owned();
    let data = |value: &Value| value.get("data").unwrap_or(&Value::Null).to_string();
    let number = |value: &Value| value.get("progress").unwrap_or(&json!(0)).to_string();
    let level = |value: &Value| text(value, "level").unwrap_or("info").to_owned();
    match verb {
        "connect" => text(step, "task").map(str::to_owned).into_iter().collect(),
        "send" => {
            let message = &step["message"];
            let kind = word(message, "type");
            let ack = step.get("ack") == Some(&Value::Bool(true));
            let rest = match kind.as_str() {
                "progress" => vec![number(message), word(message, "stage"), word(message, "message")],
                "log" => vec![level(message), word(message, "message")],
                "error" => vec![word(message, "message"), word(message, "code")],
                _ => vec![data(message)],
            };
            [vec![ack.to_string(), kind, word(message, "taskId")], rest].concat()
        }
        "progress" => vec![word(step, "task"), number(step), word(step, "stage"), word(step, "message")],
        "log" => vec![word(step, "task"), level(step), word(step, "message")],
        "status" | "complete" => vec![word(step, "task"), data(step)],
        "fail" => vec![word(step, "task"), word(step, "message"), word(step, "code")],
        _ => text(step, "task").map(str::to_owned).into_iter().collect(),
    }
}

/// The events are those wanted, in order, and no more. Those of the runner's own disconnect are not listed.
fn compare(wanted: &[Value], all: &[Value], before: usize) -> Result<(), String> {
    let of_the_end = |event: &&Value| {
        event["event"] == "disconnected"
            || is_part(&json!({ "event": "stateChange", "state": "disconnected" }), Some(event))
            || is_part(&json!({ "event": "lost", "reason": "disconnected" }), Some(event))
    };
    let (seen, after) = all.split_at(before);
    let seen: Vec<&Value> = seen.iter().chain(after.iter().filter(|event| !of_the_end(event))).collect();
    let is_it = |(wanted, seen): (&Value, &&Value)| is_part(wanted, Some(seen));
    if wanted.len() == seen.len() && wanted.iter().zip(&seen).all(is_it) {
        return Ok(());
    }
    let at = wanted.iter().zip(&seen).position(|pair| !is_it(pair)).unwrap_or(wanted.len().min(seen.len()));
    let missing = wanted.get(at).map_or("nothing more".to_owned(), Value::to_string);
    Err(format!("event {}: wanted {missing}", at + 1))
}

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Value::as_str)
}
