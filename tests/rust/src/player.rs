//! Plays a scenario on a bare session in virtual time and writes down all that comes out.

use serde_json::{Map, Value, json};
use steadywire::event::{Item, Level, Settlement};
use steadywire::session::{
    CredentialsFailure, CredentialsRequest, Disposition, Draft, DraftKind, Ending, Failure, Input, LeaseKind, Now,
    Output, Platform, Session, Transmit,
};
use steadywire::{Config, ErrorKind};

/// Where the wall clock of every scenario starts.
pub const WALL_START: i64 = 1_732_000_000_000;

/// Plays the scenario and returns its steps with what came out of each in `expect`, and `error` where the call
/// was refused.
///
/// # Panics
/// If the scenario cannot be read.
pub fn play(vector: &Map<String, Value>) -> Vec<Value> {
    let mut player = Player::new(vector);
    let steps = vector["steps"].as_array().expect("steps are a list");
    steps.iter().map(|step| player.step(step)).collect()
}

struct Player {
    session: Session,
    mono_ms: u64,
    /// What the wall clock is ahead of the monotonic one.
    wall_ahead: i64,
    last_ping: u64,
    blocked: bool,
    /// How many more frames the transport takes in this step.
    room: u64,
    seen: Vec<Value>,
}

impl Player {
    fn new(vector: &Map<String, Value>) -> Self {
        let mut config = Config::new("ws://localhost:8080/ws");
        for (name, value) in vector.get("config").and_then(Value::as_object).into_iter().flatten() {
            config.set(name, value).unwrap_or_else(|error| panic!("{error}"));
        }
        let flag = |name, default| {
            let platform = vector.get("platform").and_then(|platform| platform.get(name));
            platform.and_then(Value::as_bool).unwrap_or(default)
        };
        let platform = Platform {
            pings: flag("pings", true),
            credentials: flag("credentials", false),
            classify: flag("classify", false),
        };
        let seed = vector.get("seed").map_or(1, small);
        let nonce = vector.get("nonce").and_then(Value::as_str).map_or([0; 12], nonce);
        let mut session = Session::on(platform, config, seed, nonce).unwrap_or_else(|error| panic!("{error}"));
        if let Some(random) = vector.get("random").and_then(Value::as_array) {
            let values: Vec<u32> = random.iter().map(|one| number(one).try_into().expect("32 bits")).collect();
            session = session.with_random(&values);
        }
        Self {
            session,
            mono_ms: 0,
            wall_ahead: WALL_START,
            last_ping: 0,
            blocked: false,
            room: u64::MAX,
            seen: Vec::new(),
        }
    }

    fn step(&mut self, step: &Value) -> Value {
        let mut played = step.as_object().expect("a step is an object").clone();
        played.remove("expect");
        played.remove("error");
        if let Some(now) = step.get("now") {
            self.mono_ms = number(&now[0]);
            self.wall_ahead = now[1].as_i64().expect("the wall clock is a whole number") - signed(self.mono_ms);
        }
        self.room = step.get("writes").map_or(u64::MAX, number);
        if let Some(value) = step.get("after") {
            self.advance(number(value));
        } else if let Some(value) = step.get("late") {
            self.mono_ms += number(value);
            self.input(Input::Timeout, true).expect("a timeout is never refused");
        } else if let Some(wanted) = step.get("check") {
            played.insert("check".into(), self.check(wanted));
        } else if let Some(driver @ ("block" | "unblock")) = step.get("driver").and_then(Value::as_str) {
            self.blocked = driver == "block";
            self.drain(false);
        } else if step.get("driver").and_then(Value::as_str) == Some("ready") {
            self.drain(false);
        } else if let Err(kind) = self.repeated(step) {
            played.insert("error".into(), kind.name().into());
        }
        let mut seen = std::mem::take(&mut self.seen);
        if step.get("count") == Some(&Value::Bool(true)) {
            seen = runs(&seen);
        }
        if !seen.is_empty() {
            played.insert("expect".into(), Value::Array(seen));
        }
        Value::Object(played)
    }

    /// Lets time pass and fires every deadline at its time.
    fn advance(&mut self, by: u64) {
        let end = self.mono_ms + by;
        let mut still = 0;
        while let Some(deadline) = self.session.next_deadline().filter(|deadline| *deadline <= end) {
            still = if deadline <= self.mono_ms { still + 1 } else { 0 };
            assert!(still < 100, "the session spins: its deadline {deadline} does not move");
            self.mono_ms = self.mono_ms.max(deadline);
            self.input(Input::Timeout, true).expect("a timeout is never refused");
        }
        self.mono_ms = end;
    }

    /// A step with `times` is played that often: task ids get the number appended, leases count on from theirs; with
    /// `numbered` both, and messages too are of tasks with the number.
    fn repeated(&mut self, step: &Value) -> Result<(), ErrorKind> {
        let numbered = step.get("numbered").is_some();
        let in_one = !numbered && step.get("do") == Some(&"send".into());
        let Some(times) = step.get("times").map(number).filter(|_| !in_one) else {
            return self.call(step);
        };
        let mut one = step.clone();
        one["times"] = 1.into();
        for n in 1..=times {
            for place in ["/task", "/message/taskId"] {
                let task = step.pointer(place).and_then(Value::as_str).filter(|_| numbered);
                if let (Some(task), Some(place)) = (task, one.pointer_mut(place)) {
                    *place = format!("{task}{n}").into();
                }
            }
            if let Some(lease) = step.get("lease") {
                one["lease"] = (number(lease) + n - 1).into();
            } else if let Some(task) = step.get("task").and_then(Value::as_str) {
                one["task"] = format!("{task}{n}").into();
            } else if let Some(task) = step.pointer("/data/taskId").and_then(Value::as_str) {
                one["data"]["taskId"] = format!("{task}{n}").into();
            }
            self.call(&one)?;
        }
        Ok(())
    }

    fn call(&mut self, step: &Value) -> Result<(), ErrorKind> {
        let ticket = step.get("ticket").map_or(0, number);
        let lease = step.get("lease").map_or(0, number);
        let task = step.get("task").and_then(Value::as_str);
        let named = task.unwrap_or_default();
        let generation = step.get("generation").map_or(self.session.generation(), small);
        let text = |name: &str| step.get(name).and_then(Value::as_str).unwrap_or_default();
        let message = text("message");
        let failure = || Failure {
            kind: ErrorKind::from_name(text("kind")).unwrap_or(ErrorKind::ConnectionLost),
            message,
            http_status: step.get("httpStatus").map(small),
            retry_after_ms: step.get("retryAfterMs").map(number),
            fatal: step.get("fatal") == Some(&Value::Bool(true)),
        };
        let leased = |kind| Input::Lease { lease, task: named, kind };
        let is = |name: &str| step.get(name).and_then(Value::as_bool).unwrap_or_default();
        let frame;
        let input = match (text("do"), text("server"), text("driver")) {
            ("connect", ..) => Input::Connect { ticket, task },
            ("reconnect", ..) => Input::Reconnect { ticket },
            ("disconnect", ..) => Input::Disconnect { ticket },
            ("subscribe", ..) => Input::Subscribe { task: named },
            ("unsubscribe", ..) => Input::Unsubscribe { task: named },
            ("follow", ..) => leased(LeaseKind::Follow),
            ("wait", ..) => leased(LeaseKind::Wait),
            ("track", ..) => leased(LeaseKind::Track),
            ("report", ..) => leased(LeaseKind::Report),
            ("unlease", ..) => Input::Unlease { lease },
            ("flush", ..) => Input::Flush { ticket },
            ("close", ..) => Input::Close,
            ("send", ..) => return self.send(ticket, step),
            (_, "open", _) => Input::Opened { generation },
            (_, "refuse", _) => Input::DialFailed { generation, failure: failure() },
            (_, "frame", _) => {
                frame = step["data"].to_string();
                Input::Text { generation, text: &frame }
            }
            (_, "text", _) => Input::Text { generation, text: text("text") },
            (_, "binary", _) => Input::Binary { generation, head: text("text").as_bytes() },
            (_, "ping", _) => Input::Ping { generation },
            (_, "pong", _) => {
                Input::Pong { generation, payload: Some(step.get("ping").map_or(self.last_ping, number)) }
            }
            (_, "close", _) => Input::Closed { generation, code: step.get("code").map(small), reason: text("reason") },
            (_, "break", _) => Input::Broken { generation, failure: failure() },
            (.., "readPaused") => Input::ReadPaused { generation },
            (.., "readResumed") => Input::ReadResumed { generation },
            (.., "woke") => Input::Woke { slept_ms: number(&step["sleptMs"]) },
            (.., "online") => Input::Online(is("value")),
            (.., "visible") => Input::Visible(is("value")),
            (.., "credentials") => {
                let failed = step.get("fail").and_then(Value::as_str);
                let failed = failed.map(|message| CredentialsFailure { message, fatal: is("fatal") });
                Input::Credentials { generation, result: failed.map_or(Ok(()), Err) }
            }
            (.., "classified") => {
                let named = step.get("disposition").and_then(Value::as_str);
                let disposition = named.map(|name| Disposition::from_name(name).expect("a disposition"));
                Input::Classified { generation, disposition }
            }
            (.., "timeout") => Input::Timeout,
            _ => panic!("a step that nobody understands: {step}"),
        };
        self.input(input, false)
    }

    fn send(&mut self, ticket: u64, step: &Value) -> Result<(), ErrorKind> {
        let repeat = step.get("times").map_or(1, number);
        for _ in 0..repeat {
            let message = &step["message"];
            let text = |name: &str| message.get(name).and_then(Value::as_str).unwrap_or_default();
            let raw = |name: &str| message.get(name).map(Value::to_string);
            let verbatim = message.get("dataText").and_then(Value::as_str).map(str::to_owned);
            let (data, metadata) = (verbatim.or_else(|| raw("data")), raw("metadata"));
            let json = data.as_deref().unwrap_or("null");
            let kind = match text("type") {
                "progress" => DraftKind::Progress {
                    stage: text("stage"),
                    progress: message["progress"].as_f64().unwrap_or(f64::NAN),
                    message: text("message"),
                },
                "log" => DraftKind::Log {
                    level: Level::from_word(text("level")).unwrap_or(Level::Info),
                    message: text("message"),
                    metadata: metadata.as_deref(),
                },
                "status" => DraftKind::Status { data: json },
                "complete" => DraftKind::Complete { data: json },
                "error" => DraftKind::Error { message: text("message"), code: text("code"), data: data.as_deref() },
                "heartbeat" => DraftKind::Heartbeat,
                kind => DraftKind::Other { kind, data: data.as_deref() },
            };
            let ack = step.get("ack") == Some(&Value::Bool(true));
            let timestamp = message.get("timestamp").and_then(Value::as_i64);
            let message = Draft { kind, task: text("taskId"), timestamp, ack };
            self.input(Input::Send { ticket, message }, false)?;
        }
        Ok(())
    }

    fn input(&mut self, input: Input<'_>, timed: bool) -> Result<(), ErrorKind> {
        let result = self.session.handle_input(self.now(), input);
        self.drain(timed);
        result.map_err(|error| error.kind())
    }

    /// Everything that comes out: what to do, what to tell, what to write; again until nothing does.
    fn drain(&mut self, timed: bool) {
        loop {
            let before = self.seen.len();
            while let Some(output) = self.session.poll_output() {
                self.see(output_json(&output), timed);
            }
            let batch = std::mem::take(self.session.batch());
            for item in batch.iter() {
                let value = match item {
                    Item::Event(event) => event.to_json(),
                    Item::Settled(ticket, settlement) => settled_json(ticket, settlement),
                };
                self.see(value, timed);
            }
            while !self.blocked
                && self.room > 0
                && let Some(transmit) = self.session.poll_transmit(self.now())
            {
                self.room -= 1;
                if let Transmit::Ping(number) = transmit {
                    self.last_ping = number;
                }
                self.see(transmit_json(&transmit), timed);
            }
            if self.seen.len() == before {
                return;
            }
        }
    }

    fn see(&mut self, mut value: Value, timed: bool) {
        if timed {
            value["at"] = self.mono_ms.into();
        }
        self.seen.push(value);
    }

    fn check(&self, wanted: &Value) -> Value {
        let mut found = inner_state(&self.session);
        let fields = wanted.as_object().expect("a check is an object");
        let one = |(name, value): (&String, &Value)| {
            let found = found.get_mut(name).map(Value::take).unwrap_or_else(|| panic!("nothing is called {name}"));
            (name.clone(), if name == "stats" { subset(&found, value) } else { found })
        };
        Value::Object(fields.iter().map(one).collect())
    }

    fn now(&self) -> Now {
        Now { mono_ms: self.mono_ms, wall_ms: signed(self.mono_ms) + self.wall_ahead }
    }
}

/// An output of a session, as steps expect it.
pub fn output_json(output: &Output) -> Value {
    match output {
        Output::Dial { generation } => json!({ "dial": generation }),
        Output::Drop { generation } => json!({ "drop": generation }),
        Output::Close { generation, code } => json!({ "close": generation, "code": code }),
        Output::NeedCredentials(request) => {
            let CredentialsRequest { generation, attempt, reason, last_close_code, http_status, force_refresh } =
                request;
            let mut value = json!({
                "credentials": generation, "attempt": attempt, "reason": reason, "forceRefresh": force_refresh,
            });
            if let Some(code) = last_close_code {
                value["lastCloseCode"] = (*code).into();
            }
            if let Some(status) = http_status {
                value["httpStatus"] = (*status).into();
            }
            value
        }
        Output::Classify(ending) => {
            let Ending { generation, close_code, http_status, kind, reason, disposition } = ending;
            let mut value = json!({
                "classify": generation, "kind": kind.name(), "reason": reason, "disposition": disposition.name(),
            });
            if let Some(code) = close_code {
                value["closeCode"] = (*code).into();
            }
            if let Some(status) = http_status {
                value["httpStatus"] = (*status).into();
            }
            value
        }
    }
}

/// Everything that a `check` can name.
pub fn inner_state(session: &Session) -> Value {
    let cursor = |(task, epoch, seq)| (task, json!({ "epoch": epoch, "seq": seq }));
    let cursors: Map<String, Value> = session.cursors().into_iter().map(cursor).collect();
    json!({
        "state": session.state().name(),
        "currentTask": session.current_task(),
        "deadline": session.next_deadline(),
        "cursors": cursors,
        "stats": session.stats().to_json(),
    })
}

/// A frame that is written, as steps expect it.
///
/// # Panics
/// If it is not JSON.
pub fn transmit_json(transmit: &Transmit) -> Value {
    match transmit {
        Transmit::Text(text) => {
            let frame: Value = serde_json::from_str(text).expect("what is written is JSON");
            json!({ "write": frame })
        }
        Transmit::Ping(number) => json!({ "ping": number }),
    }
}

/// A settlement, as steps expect it.
pub fn settled_json(ticket: u64, settlement: &Settlement) -> Value {
    match settlement {
        Settlement::Connected(Ok(())) => json!({ "settled": ticket, "connected": true }),
        Settlement::Connected(Err(error)) => {
            json!({ "settled": ticket, "failed": error.kind().name(), "message": error.message() })
        }
        Settlement::Disconnected => json!({ "settled": ticket, "disconnected": true }),
        Settlement::Flushed => json!({ "settled": ticket, "flushed": true }),
        Settlement::Receipt(receipt) => json!({ "settled": ticket, "receipt": receipt.to_json() }),
        Settlement::Outcome(outcome) => json!({ "settled": ticket, "outcome": outcome.to_json() }),
    }
}

/// How many of a kind came out in a row, for steps with `count`: a thousand frames are no reading matter.
fn runs(seen: &[Value]) -> Vec<Value> {
    const KINDS: [&str; 9] = ["event", "settled", "write", "ping", "dial", "drop", "close", "credentials", "classify"];
    let kind = |value: &&Value| KINDS.into_iter().find(|kind| value.get(kind).is_some());
    let same = |a: &Value, b: &Value| kind(&a) == kind(&b);
    seen.chunk_by(same).map(|run| json!({ "counted": kind(&&run[0]), "times": run.len() })).collect()
}

/// The fields of `found` that `wanted` names.
fn subset(found: &Value, wanted: &Value) -> Value {
    match wanted {
        Value::Object(fields) => {
            let one = |(name, value): (&String, &Value)| {
                let found = found.get(name).unwrap_or_else(|| panic!("there is no statistic {name}"));
                (name.clone(), subset(found, value))
            };
            Value::Object(fields.iter().map(one).collect())
        }
        _ => found.clone(),
    }
}

fn signed(millis: u64) -> i64 {
    i64::try_from(millis).expect("a scenario is short")
}

fn nonce(hex: &str) -> [u8; 12] {
    assert_eq!(hex.len(), 24, "a nonce has 24 hex digits");
    std::array::from_fn(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).expect("a nonce has hex digits"))
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no whole number"))
}

fn small<T: TryFrom<u64>>(value: &Value) -> T {
    T::try_from(number(value)).unwrap_or_else(|_| panic!("{value} is too large"))
}
