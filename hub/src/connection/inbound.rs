//! What a client's message makes the hub do.

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::sync::atomic::Ordering;

use steadywire::protocol::{
    Body, ClientLink, Control, Cursor, Frame, MessageKind, Outgoing, Request, TaskState, TaskStatus, encode_ack,
    encode_heartbeat, encode_message, encode_refusal, encode_state, encode_subscribed, parse, write_string,
};

use super::{Connection, Subscription, TaskPin, Transport};
use crate::clock::now_ms;
use crate::history::{Since, Snapshot};
use crate::limits::{MAX_MESSAGE_ID_BYTES, MAX_TASK_ID_BYTES};
use crate::relay::relay;

/// Why a message was refused: a text for people and a code for programs.
pub(super) struct Refusal {
    code: &'static str,
    text: String,
}

/// A `subscribe`, which goes on as its answers find room: they may be many more than its connection holds. What it
/// names is bounded by the size of a message.
pub(super) struct Subscribing {
    /// The task of the message, and its id.
    task: String,
    id: Option<String>,
    rest: std::vec::IntoIter<(String, Option<Cursor<'static>>)>,
}

impl Subscribing {
    fn new(frame: &Frame<'_>, tasks: &[(Cow<'_, str>, Option<Cursor<'_>>)]) -> Self {
        let own = |(task, since): &(Cow<'_, str>, Option<Cursor<'_>>)| {
            let since = since.as_ref();
            let since = since.map(|since| Cursor { epoch: since.epoch.to_string().into(), seq: since.seq });
            (task.to_string(), since)
        };
        let rest = tasks.iter().map(own).collect::<Vec<_>>().into_iter();
        Self { task: frame.task_id.to_string(), id: frame.id.as_deref().map(str::to_owned), rest }
    }
}

impl<S: Transport> Connection<S> {
    pub(super) async fn handle(&mut self, text: &str) {
        self.hub.counters.messages_in.fetch_add(1, Ordering::Relaxed);
        let frame = match parse(text) {
            Ok(frame) => frame,
            Err(rejected) => return self.refuse("", None, "", &refusal("bad_message", rejected.to_string())),
        };
        let done = match (check_lengths(&frame), &frame.body) {
            (Err(problem), body) => Err((asked(body), problem)),
            (_, Body::Control(Control::Request(Request::Subscribe { tasks }))) => match self.check_batch(tasks) {
                Ok(()) => {
                    self.subscribing = Some(Subscribing::new(&frame, tasks));
                    return self.go_on().await;
                }
                Err(problem) => Err(("subscribe", problem)),
            },
            (_, Body::Control(Control::Request(Request::Publish { link, tasks }))) => {
                self.publish_again(link.as_ref(), tasks).await.map_err(|problem| ("publish", problem))
            }
            (_, Body::Control(Control::Request(request))) => self.request(&frame.task_id, request),
            (_, Body::Control(_)) => Ok(()),
            (_, Body::Heartbeat { received }) => {
                if !received && self.hub.options.features.heartbeat {
                    self.reply(|out| encode_heartbeat(out, &frame.task_id, now_ms(), true));
                }
                Ok(())
            }
            (_, body) => self.publish(text, &frame).await.map_err(|problem| (asked(body), problem)),
        };
        match done {
            Ok(()) => self.done(&frame.task_id, frame.id.as_deref()),
            Err((action, problem)) => self.refuse(&frame.task_id, frame.id.as_deref(), action, &problem),
        }
    }

    /// Goes on with the `subscribe` under way until its answers fill the place for them.
    pub(super) async fn go_on(&mut self) {
        let Some(mut under_way) = self.subscribing.take() else { return };
        while self.has_room() {
            let Some((task, since)) = under_way.rest.next() else {
                return self.done(&under_way.task, under_way.id.as_deref());
            };
            if let Err(problem) = self.subscribe(&task, since.as_ref()).await {
                self.refuse(&task, None, "subscribe", &problem);
            }
        }
        self.subscribing = Some(under_way);
    }

    /// Acknowledges a message that has an id.
    fn done(&mut self, task: &str, id: Option<&str>) {
        if let Some(id) = id.filter(|_| self.hub.options.features.ack) {
            self.reply(|out| encode_ack(out, task, now_ms(), id));
        }
    }

    pub(super) fn refuse_binary(&mut self) {
        let problem = refusal("bad_message", "messages are text frames; this one was binary");
        self.refuse("", None, "", &problem);
    }

    fn check_batch(&self, tasks: &[(Cow<'_, str>, Option<Cursor<'_>>)]) -> Result<(), Refusal> {
        if tasks.len() != 1 && !self.hub.options.features.batch {
            return Err(refusal("unsupported", "one subscribe names one task here"));
        }
        Ok(())
    }

    fn request(&mut self, task: &str, request: &Request<'_>) -> Result<(), (&'static str, Refusal)> {
        let features = self.hub.options.features;
        match request {
            Request::Unsubscribe => {
                if let Some(slot) = self.by_task.remove(task) {
                    self.subscriptions.remove(slot);
                    self.ready.retain(|ready| *ready != slot);
                }
            }
            Request::Query if features.query => {
                let known = self.hub.tasks.peek(task);
                let state = task_state(known.as_ref());
                let data = known.as_ref().and_then(|known| known.data.as_deref());
                let state = TaskState { data, ..state };
                self.reply(|out| encode_state(out, task, now_ms(), &state));
            }
            Request::Query => return Err(("query", refusal("unsupported", "this server answers no queries"))),
            // Carried out elsewhere.
            Request::Subscribe { .. } | Request::Publish { .. } => {}
        }
        Ok(())
    }

    /// Learns whose connection this is, and becomes a publisher of the tasks.
    async fn publish_again(&mut self, link: Option<&ClientLink<'_>>, tasks: &[Cow<'_, str>]) -> Result<(), Refusal> {
        if !self.hub.options.features.publish {
            return Err(refusal("unsupported", "a publisher is known here by its messages alone"));
        }
        if let Some(link) = link {
            self.enter(link).await?;
        }
        if self.is_stale {
            return Ok(());
        }
        for task in tasks {
            if let Err(problem) = self.take_up(task).await {
                self.refuse(task, None, "publish", &problem);
                // Each refusal takes room, and those behind the first would have the same reason.
                break;
            }
        }
        Ok(())
    }

    /// Becomes a publisher of the task unless it has ended.
    async fn take_up(&mut self, task: &str) -> Result<(), Refusal> {
        if self.publishing.contains_key(task) {
            return Ok(());
        }
        check_task(task)?;
        let pin = self.open(task).await?;
        if !pin.log().has_ended() {
            self.check_publications()?;
            self.publishing.insert(pin.id().clone(), pin.publish());
        }
        Ok(())
    }

    async fn open(&self, task: &str) -> Result<TaskPin, Refusal> {
        self.hub.tasks.open(task).await.map_err(|error| refusal("unavailable", error.to_string()))
    }

    async fn subscribe(&mut self, task: &str, since: Option<&Cursor<'_>>) -> Result<(), Refusal> {
        check_task(task)?;
        let since = match since {
            Some(Cursor { epoch, seq }) if self.hub.options.features.resume => Since::Cursor { epoch, seq: *seq },
            _ => Since::Start,
        };
        let (snapshot, recovered, slot) = match self.by_task.get(task) {
            Some(&slot) => {
                let subscription = &mut self.subscriptions[slot];
                let (reader, snapshot, recovered) = subscription.pin.log().seek(subscription.key, since);
                subscription.reader = reader;
                (snapshot, recovered, slot)
            }
            None => self.follow(task, since).await?,
        };
        self.mark_ready(slot);
        if self.hub.options.features.resume || self.hub.options.features.query {
            let known = self.subscriptions[slot].pin.known(snapshot);
            let state = TaskState { recovered, ..task_state(Some(&known)) };
            self.reply(|out| encode_subscribed(out, task, now_ms(), &state));
        }
        Ok(())
    }

    async fn follow(&mut self, task: &str, since: Since<'_>) -> Result<(Snapshot, Option<bool>, usize), Refusal> {
        let max = self.hub.options.max_subscriptions;
        if self.subscriptions.len() >= max {
            return Err(refusal("too_many_subscriptions", format!("one connection may follow {max} tasks at most")));
        }
        let pin = self.open(task).await?;
        let entry = self.subscriptions.vacant_entry();
        let slot = entry.key();
        let (key, reader, snapshot, recovered) = pin.log().follow(since, &self.registered.link.mailbox, slot);
        self.by_task.insert(pin.id().clone(), slot);
        self.hub.counters.subscriptions.fetch_add(1, Ordering::Relaxed);
        entry.insert(Subscription { hub: self.hub.clone(), pin, key, reader, is_ready: false });
        Ok((snapshot, recovered, slot))
    }

    async fn publish(&mut self, text: &str, frame: &Frame<'_>) -> Result<(), Refusal> {
        check_task(&frame.task_id)?;
        let relayed = relay(text, frame, now_ms()).map_err(|error| refusal("bad_message", error.to_string()))?;
        let Some(mut message) = relayed else { return Ok(()) };
        if !self.hub.options.features.ack {
            message.id = None;
        }
        let id: &str = &frame.task_id;
        let is_first = !self.publishing.contains_key(id);
        if is_first {
            self.check_publications()?;
            let pin = self.open(id).await?;
            self.publishing.insert(pin.id().clone(), pin.publish());
        }
        let Entry::Occupied(publisher) = self.publishing.entry(id.into()) else { return Ok(()) };
        let appended = publisher.get().append(message).await;
        if publisher.get().has_ended() || (is_first && !publisher.get().is_running()) {
            publisher.remove();
        }
        appended.map(|_| ()).map_err(|error| refusal("unavailable", error.to_string()))
    }

    /// Whether one more task may be published to.
    fn check_publications(&self) -> Result<(), Refusal> {
        let max = self.hub.options.max_publications;
        if self.publishing.len() < max {
            return Ok(());
        }
        let text = format!("one connection may publish to {max} tasks without outcome at most");
        Err(refusal("too_many_publications", text))
    }

    /// Answers with an error that ends no task.
    fn refuse(&mut self, task: &str, id: Option<&str>, action: &str, refusal: &Refusal) {
        if let Some(id) = id {
            return self.reply(|out| encode_refusal(out, task, now_ms(), id, &refusal.text, refusal.code));
        }
        let mut data = String::from("{\"error\":");
        write_string(&mut data, &refusal.text);
        data.push_str(&format!(",\"code\":\"{}\",\"fatal\":false", refusal.code));
        if !action.is_empty() {
            data.push_str(&format!(",\"action\":\"{action}\""));
        }
        data.push('}');
        let message = Outgoing { data: Some(&data), ..Outgoing::new(MessageKind::Error, task, now_ms()) };
        self.reply(|out| encode_message(out, &message));
    }
}

fn task_state(known: Option<&Snapshot>) -> TaskState<'_> {
    let epoch = known.and_then(|known| known.epoch.as_deref());
    TaskState {
        epoch: epoch.map(Into::into),
        seq: epoch.and(known).map(|known| known.seq),
        recovered: None,
        status: Some(known.map_or(TaskStatus::Unknown, |known| known.status)),
        data: None,
    }
}

/// The word for what a message asks.
fn asked(body: &Body<'_>) -> &'static str {
    match body {
        Body::Control(Control::Request(Request::Subscribe { .. })) => "subscribe",
        Body::Control(Control::Request(Request::Unsubscribe)) => "unsubscribe",
        Body::Control(Control::Request(Request::Query)) => "query",
        Body::Control(_) => "",
        _ => "publish",
    }
}

fn check_task(task: &str) -> Result<(), Refusal> {
    match task.len() {
        0 => Err(refusal("bad_message", "field `taskId` must name a task")),
        1..=MAX_TASK_ID_BYTES => Ok(()),
        _ => Err(refusal("bad_message", format!("a task id may have {MAX_TASK_ID_BYTES} bytes at most"))),
    }
}

fn check_lengths(frame: &Frame<'_>) -> Result<(), Refusal> {
    if frame.task_id.len() > MAX_TASK_ID_BYTES {
        check_task(&frame.task_id)?;
    }
    match frame.id.as_ref().map_or(0, |id| id.len()) {
        0..=MAX_MESSAGE_ID_BYTES => Ok(()),
        _ => Err(refusal("bad_message", format!("a message id may have {MAX_MESSAGE_ID_BYTES} bytes at most"))),
    }
}

pub(super) fn refusal(code: &'static str, text: impl Into<String>) -> Refusal {
    Refusal { code, text: text.into() }
}
