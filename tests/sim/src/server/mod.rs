//! The model server: small, and right by looking at it. It is the truth that sessions are judged by.
//!
//! It knows no time, no sockets and no faults: the world tells it what arrives and takes what it sends.

mod history;
mod ledger;

use std::collections::BTreeMap;

use steadywire::protocol::{
    self, Body, ClientLink, Control, MessageKind, Outgoing, Request, TaskState, TaskStatus, encode_ack,
    encode_heartbeat, encode_hello, encode_message, encode_refusal, encode_state, encode_subscribed, terminal_word,
};

pub use history::{Kind, Publisher, TaskEnd};
use history::{Reader, Task};
pub use ledger::{End, Ledger, Mail, Marker, Run, marker_in};

use crate::LinkId;
use crate::chaos::{Chaos, Fault};
use crate::plan::ServerPlan;
use crate::wire::Packet;

/// How long a late acknowledgement takes, at most, in milliseconds.
const LATE_ACK_MS: u64 = 8000;

/// The server's wall clock when a run begins.
pub const SERVER_START: i64 = 1_732_000_000_000;

/// The server.
#[derive(Debug)]
pub struct Server {
    /// How it behaves.
    pub plan: ServerPlan,
    /// What happened.
    pub ledger: Ledger,
    /// Whether anybody can connect.
    pub is_up: bool,
    tasks: BTreeMap<String, Task>,
    peers: BTreeMap<LinkId, Peer>,
    /// The newest connection of each client that names its connections, and its number.
    clients: BTreeMap<String, (u64, LinkId)>,
    /// Acknowledgements that are sent later.
    late: Vec<(u64, LinkId, String)>,
    out: Vec<(LinkId, Packet)>,
    epochs: u64,
    now: u64,
}

#[derive(Debug)]
struct Peer {
    follows: BTreeMap<String, Reader>,
    heard_at: u64,
    beat_at: u64,
}

impl Server {
    /// A server that has just been started.
    pub fn new(plan: ServerPlan) -> Self {
        Self {
            plan,
            ledger: Ledger::default(),
            is_up: true,
            tasks: BTreeMap::new(),
            peers: BTreeMap::new(),
            clients: BTreeMap::new(),
            late: Vec::new(),
            out: Vec::new(),
            epochs: 0,
            now: 0,
        }
    }

    /// What it sends, in order.
    pub fn sent(&mut self) -> Vec<(LinkId, Packet)> {
        std::mem::take(&mut self.out)
    }

    /// A connection is up.
    pub fn accept(&mut self, now: u64, link: LinkId) {
        self.now = now;
        self.peers.insert(link, Peer { follows: BTreeMap::new(), heard_at: now, beat_at: now });
        self.greet(link);
    }

    /// Greets, where there is anything to say.
    pub fn greet(&mut self, link: LinkId) {
        if self.plan.features != protocol::Features::default() && self.peers.contains_key(&link) {
            let (wall, features, every) = (self.wall(), self.plan.features, self.plan.beats_every);
            self.say(link, |out| encode_hello(out, wall, features, every));
        }
    }

    /// A connection is gone, as far as the server knows.
    pub fn gone(&mut self, now: u64, link: LinkId) {
        self.now = now;
        self.peers.remove(&link);
        self.late.retain(|(_, of, _)| *of != link);
        self.leaves(Publisher::Link(link));
    }

    /// Nobody publishes any more as this one did.
    pub fn leaves(&mut self, who: Publisher) {
        for task in self.tasks.values_mut() {
            if task.publishers.remove(&who) && task.publishers.is_empty() {
                task.orphaned_at = Some(self.now);
            }
        }
    }

    /// Whether a connection is there, as far as the server knows.
    pub fn has(&self, link: LinkId) -> bool {
        self.peers.contains_key(&link)
    }

    /// It stops. What it forgets is gone for ever; connections end without a word from it.
    pub fn stop(&mut self, now: u64, forgets: bool) {
        self.now = now;
        self.is_up = false;
        self.peers.clear();
        self.clients.clear();
        self.late.clear();
        self.out.clear();
        if forgets {
            self.tasks.clear();
        }
        for task in self.tasks.values_mut() {
            task.publishers.clear();
            task.orphaned_at = Some(now);
        }
    }

    /// Time passes: heartbeats, late answers, tasks without a worker, clients that are silent. Returns connections
    /// that it gives up.
    pub fn tick(&mut self, now: u64) -> Vec<LinkId> {
        self.now = now;
        let wall = self.wall();
        let (due, late): (Vec<_>, Vec<_>) = std::mem::take(&mut self.late).into_iter().partition(|(at, ..)| *at <= now);
        self.late = late;
        for (_, link, text) in due {
            self.out.push((link, Packet::Text(text)));
        }
        let mut silent = Vec::new();
        if let Some(every) = self.plan.beats_every {
            for (link, peer) in &mut self.peers {
                if now - peer.heard_at > every * 5 / 2 {
                    silent.push(*link);
                } else if now - peer.beat_at >= every {
                    peer.beat_at = now;
                    let mut text = String::new();
                    encode_heartbeat(&mut text, "", wall, false);
                    self.out.push((*link, Packet::Text(text)));
                    self.out.push((*link, Packet::Ping(0)));
                }
            }
        }
        if let Some(lease) = self.plan.lease {
            let is_over = |task: &Task| {
                task.epoch.is_some() && task.end.is_none() && task.orphaned_at.is_some_and(|at| now - at >= lease)
            };
            let over: Vec<String> =
                self.tasks.iter().filter(|(_, task)| is_over(task)).map(|(id, _)| id.clone()).collect();
            for id in over {
                let said = self.tasks[&id].said.clone();
                let (failed, data) = said.unwrap_or_else(|| {
                    (true, format!("{{\"error\":\"the worker is gone @{}\",\"code\":\"worker_lost\"}}", self.epochs))
                });
                self.append(&id, Kind::End(failed), &data);
            }
        }
        silent
    }

    /// A ping or a pong arrived.
    pub fn is_alive(&mut self, now: u64, link: LinkId) {
        if let Some(peer) = self.peers.get_mut(&link) {
            peer.heard_at = now;
        }
    }

    /// A text arrived.
    ///
    /// # Panics
    /// If it is none that a client may send.
    pub fn hear(&mut self, now: u64, link: LinkId, text: &str, chaos: &mut Chaos) {
        self.now = now;
        let Some(peer) = self.peers.get_mut(&link) else { return };
        peer.heard_at = now;
        let frame = protocol::parse(text).unwrap_or_else(|why| panic!("the server got {text}: {why}"));
        assert!(frame.seq.is_none() && frame.epoch.is_none(), "a client says where it is: {text}");
        let wall = self.wall();
        match &frame.body {
            Body::Control(Control::Request(request)) => self.request(link, &frame.task_id, request, chaos),
            Body::Control(_) => panic!("a client says what only a server may: {text}"),
            Body::Heartbeat { received } => {
                if !received && self.plan.answers {
                    let task = frame.task_id.clone();
                    self.say(link, |out| encode_heartbeat(out, &task, wall, true));
                }
            }
            _ => self.publish(link, text, &frame, chaos),
        }
    }

    /// A worker beside ours sends a message.
    pub fn work(&mut self, now: u64, worker: usize, task: &str, kind: Kind, data: &str) {
        self.now = now;
        self.append(task, kind, data);
        self.stays(Publisher::Worker(worker), task);
    }

    /// The next message for this connection of what it follows.
    pub fn next_for(&mut self, link: LinkId) -> Option<String> {
        let peer = self.peers.get_mut(&link)?;
        peer.follows.iter_mut().find_map(|(id, reader)| self.tasks.get(id)?.read(reader, &self.plan))
    }

    /// What it knows of a task: epoch and newest position, and the end if it has one.
    pub fn knows(&self, task: &str) -> Option<(&str, u64, Option<&TaskEnd>)> {
        let task = self.tasks.get(task)?;
        Some((task.epoch.as_deref()?, task.seq, task.end.as_ref()))
    }

    /// Its wall clock.
    pub fn wall(&self) -> i64 {
        SERVER_START + i64::try_from(self.now).expect("runs are short")
    }

    fn say(&mut self, link: LinkId, write: impl FnOnce(&mut String)) {
        let mut text = String::new();
        write(&mut text);
        self.out.push((link, Packet::Text(text)));
    }

    fn request(&mut self, link: LinkId, id: &str, request: &Request<'_>, chaos: &mut Chaos) {
        let features = self.plan.features;
        match request {
            Request::Subscribe { tasks } => {
                let carries_cursor = tasks.iter().any(|(_, since)| since.is_some());
                assert!(features.batch || tasks.len() == 1, "many tasks in one subscribe, of {features:?}");
                assert!(features.resume || !carries_cursor, "a cursor for a server with {features:?}");
                for (id, since) in tasks {
                    if chaos.strikes(Fault::RefuseSubscribe) {
                        self.refuse_subscribe(link, id);
                        continue;
                    }
                    let since = since.as_ref().map(|cursor| (&*cursor.epoch, cursor.seq));
                    self.follow(link, id, since);
                }
            }
            Request::Unsubscribe => {
                if let Some(peer) = self.peers.get_mut(&link) {
                    peer.follows.remove(id);
                }
            }
            Request::Query => {
                assert!(features.query, "a query for a server with {features:?}");
                let state = self.state_of(id);
                let data = self.tasks.get(id).and_then(|task| task.end.clone()).map(|(_, data)| data);
                let state = TaskState { epoch: state.0.map(Into::into), data: data.as_deref(), ..state.1 };
                let wall = self.wall();
                self.say(link, |out| encode_state(out, id, wall, &state));
            }
            Request::Publish { link: named, tasks } => {
                assert!(features.publish, "publish for a server with {features:?}");
                let named = named.as_ref().expect("a client says which connection this is");
                if !self.is_newest(link, named) {
                    return self.fence(link);
                }
                for id in tasks {
                    self.tasks.entry(id.as_ref().to_owned()).or_default();
                    self.stays(Publisher::Link(link), id);
                }
            }
        }
    }

    /// A connection says whose it is, and which. The one that was its client's newest before is cut off.
    fn is_newest(&mut self, link: LinkId, named: &ClientLink<'_>) -> bool {
        let known = self.clients.get(&*named.client).copied();
        if known.is_some_and(|(number, at)| at != link && number >= named.number) {
            return false;
        }
        self.clients.insert(named.client.clone().into_owned(), (named.number, link));
        if let Some((_, at)) = known.filter(|(_, at)| *at != link) {
            self.fence(at);
        }
        true
    }

    /// Nothing more is taken from this connection.
    fn fence(&mut self, link: LinkId) {
        if self.peers.contains_key(&link) {
            self.gone(self.now, link);
            self.out.push((link, Packet::Close(Some(4409), "a newer link of this client is there".into())));
            self.ledger.fenced += 1;
        }
    }

    fn follow(&mut self, link: LinkId, id: &str, since: Option<(&str, u64)>) {
        let task = self.tasks.entry(id.to_owned()).or_default();
        let (reader, recovered) = task.reader(&self.plan, since);
        if let Some(peer) = self.peers.get_mut(&link) {
            peer.follows.insert(id.to_owned(), reader);
        }
        if self.plan.features.resume || self.plan.features.query {
            let (epoch, state) = self.state_of(id);
            let state = TaskState { epoch: epoch.map(Into::into), recovered, ..state };
            let wall = self.wall();
            self.say(link, |out| encode_subscribed(out, id, wall, &state));
        }
    }

    fn refuse_subscribe(&mut self, link: LinkId, id: &str) {
        let data =
            "{\"error\":\"too many\",\"code\":\"too_many_subscriptions\",\"fatal\":false,\"action\":\"subscribe\"}";
        let wall = self.wall();
        let message = Outgoing { data: Some(data), ..Outgoing::new(MessageKind::Error, id, wall) };
        self.say(link, |out| encode_message(out, &message));
    }

    fn state_of(&self, id: &str) -> (Option<String>, TaskState<'static>) {
        let mut state =
            TaskState { epoch: None, seq: None, recovered: None, status: Some(TaskStatus::Unknown), data: None };
        let Some((epoch, seq, end)) = self.knows(id) else {
            if self.tasks.get(id).is_some_and(|task| !task.publishers.is_empty()) {
                state.status = Some(TaskStatus::Running);
            }
            return (None, state);
        };
        state.seq = Some(seq);
        state.status = Some(match end {
            None => TaskStatus::Running,
            Some((false, _)) => TaskStatus::Complete,
            Some((true, _)) => TaskStatus::Error,
        });
        (Some(epoch.to_owned()), state)
    }

    fn publish(&mut self, link: LinkId, text: &str, frame: &protocol::Frame<'_>, chaos: &mut Chaos) {
        let id = frame.id.as_deref();
        let marker = marker_in(text).unwrap_or_else(|| panic!("a message without a marker: {text}"));
        self.ledger.arrives(marker, link, id);
        let wall = self.wall();
        if chaos.strikes(Fault::RefuseMessage) {
            // Only a message with an id can be told apart. One that was taken before is taken for good.
            let taken = id.is_some_and(|id| self.tasks.get(&*frame.task_id).is_some_and(|t| t.ids.contains_key(id)));
            if let Some(id) = id.filter(|_| !taken) {
                self.ledger.mail_mut(marker).refused = true;
                self.say(link, |out| encode_refusal(out, &frame.task_id, wall, id, "not now", "refused"));
                return;
            }
        }
        if let Some(id) = id.filter(|_| self.plan.features.ack) {
            let ids = &mut self.tasks.entry(frame.task_id.as_ref().to_owned()).or_default().ids;
            let known = ids.insert(id.to_owned(), marker);
            assert!(known.is_none_or(|of| of == marker), "{id} is the id of {known:?} and of {marker:?}");
            if known.is_none() {
                self.store(link, marker, frame);
            }
            self.ledger.mail_mut(marker).acked = true;
            let mut ack = String::new();
            encode_ack(&mut ack, &frame.task_id, wall, id);
            if chaos.strikes(Fault::LateAck) {
                self.late.push((self.now + chaos.rng.below(LATE_ACK_MS), link, ack));
            } else {
                self.out.push((link, Packet::Text(ack)));
            }
        } else {
            self.store(link, marker, frame);
        }
    }

    fn store(&mut self, link: LinkId, marker: Marker, frame: &protocol::Frame<'_>) {
        let task = &*frame.task_id;
        let mut data = String::new();
        let kind = match &frame.body {
            Body::Progress { stage, progress, message } => {
                protocol::encode_progress_data(&mut data, task, stage, *progress, message, self.wall());
                Kind::Progress
            }
            Body::Log { level, message, metadata } => {
                protocol::encode_log_data(&mut data, task, *level, message, self.wall(), *metadata);
                Kind::Line
            }
            Body::Status { data: given, .. } => {
                data.push_str(given);
                Kind::Status
            }
            Body::Complete { data: given } => {
                data.push_str(given);
                Kind::End(false)
            }
            Body::Error { data: given, fatal, action, refused_id, .. } => {
                data.push_str(given);
                let passes = *fatal == Some(false) || action.is_some() || refused_id.is_some();
                if passes { Kind::Status } else { Kind::End(true) }
            }
            _ => {
                data = format!("\"#{}.{}\"", marker.1, marker.0);
                Kind::Passing
            }
        };
        self.ledger.mail_mut(marker).stored += 1;
        self.append(task, kind, &data);
        self.stays(Publisher::Link(link), task);
    }

    fn stays(&mut self, who: Publisher, id: &str) {
        let task = self.tasks.get_mut(id).expect("it was published to");
        if task.end.is_none() {
            task.publishers.insert(who);
            task.orphaned_at = None;
        } else {
            task.publishers.clear();
        }
    }

    fn append(&mut self, id: &str, kind: Kind, data: &str) {
        let wall = self.wall();
        let task = self.tasks.entry(id.to_owned()).or_default();
        if kind != Kind::Passing {
            if task.needs_run() {
                self.epochs += 1;
                task.begin(format!("e{}", self.epochs));
                self.ledger.begins(id, task.epoch.as_deref().expect("it has just begun"));
            }
            let end = match kind {
                Kind::End(failed) => Some(End { failed, data: data.to_owned() }),
                _ => None,
            };
            task.end = end.as_ref().map(|end| (end.failed, end.data.clone()));
            self.ledger.grows(id, end);
        }
        let word = match kind {
            Kind::Progress => "progress",
            Kind::Line => "log",
            Kind::Status if data.starts_with("{\"error\"") => "error",
            Kind::Status => "status",
            Kind::End(false) => "complete",
            Kind::End(true) => "error",
            Kind::Passing => "chart",
        };
        if kind == Kind::Status
            && let Some(failed) = ends_by_word(data)
        {
            task.said = Some((failed, data.to_owned()));
        }
        let text = format!("{{\"type\":\"{word}\",\"taskId\":\"{id}\",\"timestamp\":{wall},\"data\":{data}");
        task.push(kind, text, &self.plan);
    }
}

/// Whether a status says that the task is over, and then whether it failed.
fn ends_by_word(data: &str) -> Option<bool> {
    let text = format!("{{\"type\":\"status\",\"taskId\":\"t\",\"data\":{data}}}");
    match protocol::parse(&text).ok()?.body {
        Body::Status { word, .. } => terminal_word(&word?.to_lowercase()).map(|status| status == TaskStatus::Error),
        _ => None,
    }
}
