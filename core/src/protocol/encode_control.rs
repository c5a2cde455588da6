//! Writes control frames: `status` messages between client and server about the link itself.

use super::encode::{begin, write_string, write_unsigned};
use super::{ClientLink, Features, MessageKind, TaskState, TaskStatus};

/// Appends `subscribe` for one task, as every server understands it.
pub fn encode_subscribe(out: &mut String, task_id: &str, timestamp: i64) {
    simple(out, task_id, timestamp, "subscribe");
}

/// Appends `unsubscribe`.
pub fn encode_unsubscribe(out: &mut String, task_id: &str, timestamp: i64) {
    simple(out, task_id, timestamp, "unsubscribe");
}

/// Appends `query`. Only for servers with the feature `query`.
pub fn encode_query(out: &mut String, task_id: &str, timestamp: i64) {
    simple(out, task_id, timestamp, "query");
}

/// Appends one `subscribe` for many tasks, each with the cursor (epoch, seq) the client has.
/// Only for servers with the feature `batch`.
pub fn encode_subscribe_batch<'a>(
    out: &mut String,
    timestamp: i64,
    tasks: impl IntoIterator<Item = (&'a str, Option<(&'a str, u64)>)>,
) {
    action(out, "", timestamp, "subscribe");
    out.push_str(",\"tasks\":[");
    for (index, (task_id, since)) in tasks.into_iter().enumerate() {
        out.push_str(if index == 0 { "{\"taskId\":" } else { ",{\"taskId\":" });
        write_string(out, task_id);
        if let Some((epoch, seq)) = since {
            out.push_str(",\"since\":{\"epoch\":");
            write_string(out, epoch);
            out.push_str(",\"seq\":");
            write_unsigned(out, seq);
            out.push('}');
        }
        out.push('}');
    }
    out.push_str("]}}");
}

/// Appends `publish`: which of a client's links this is, and the tasks that are published again on it. Only for servers
/// with the feature `publish`.
pub fn encode_publish<'a>(
    out: &mut String,
    timestamp: i64,
    link: &ClientLink<'_>,
    tasks: impl IntoIterator<Item = &'a str>,
) {
    action(out, "", timestamp, "publish");
    out.push_str(",\"client\":");
    write_string(out, &link.client);
    out.push_str(",\"link\":");
    write_unsigned(out, link.number);
    out.push_str(",\"tasks\":[");
    for (index, task_id) in tasks.into_iter().enumerate() {
        out.push_str(if index == 0 { "{\"taskId\":" } else { ",{\"taskId\":" });
        write_string(out, task_id);
        out.push('}');
    }
    out.push_str("]}}");
}

/// Appends the acknowledgement of the message with this id.
pub fn encode_ack(out: &mut String, task_id: &str, timestamp: i64, id: &str) {
    action(out, task_id, timestamp, "ack");
    out.push_str(",\"id\":");
    write_string(out, id);
    out.push_str("}}");
}

/// Appends an `error` that refuses the message with this id and ends no task.
pub fn encode_refusal(out: &mut String, task_id: &str, timestamp: i64, id: &str, message: &str, code: &str) {
    begin(out, MessageKind::Error, task_id, timestamp);
    out.push_str(",\"data\":{\"error\":");
    write_string(out, message);
    out.push_str(",\"code\":");
    write_string(out, code);
    out.push_str(",\"id\":");
    write_string(out, id);
    out.push_str("}}");
}

/// Appends the server's greeting, protocol version 1. The interval is in milliseconds.
pub fn encode_hello(out: &mut String, timestamp: i64, features: Features, heartbeat_interval: Option<u64>) {
    action(out, "", timestamp, "hello");
    out.push_str(",\"version\":1,\"features\":[");
    let names = [
        (features.resume, "\"resume\""),
        (features.ack, "\"ack\""),
        (features.batch, "\"batch\""),
        (features.query, "\"query\""),
        (features.heartbeat, "\"heartbeat\""),
        (features.publish, "\"publish\""),
    ];
    for (index, (_, name)) in names.iter().filter(|(has, _)| *has).enumerate() {
        out.push_str(if index == 0 { "" } else { "," });
        out.push_str(name);
    }
    out.push(']');
    if let Some(interval) = heartbeat_interval {
        out.push_str(",\"heartbeatInterval\":");
        write_unsigned(out, interval);
    }
    out.push_str("}}");
}

/// Appends the answer to a subscribe.
pub fn encode_subscribed(out: &mut String, task_id: &str, timestamp: i64, state: &TaskState<'_>) {
    task_state(out, task_id, timestamp, "subscribed", state);
}

/// Appends the answer to a query.
pub fn encode_state(out: &mut String, task_id: &str, timestamp: i64, state: &TaskState<'_>) {
    task_state(out, task_id, timestamp, "state", state);
}

impl TaskStatus {
    /// `unknown`, `running`, `complete` or `error`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            TaskStatus::Unknown => "unknown",
            TaskStatus::Running => "running",
            TaskStatus::Complete => "complete",
            TaskStatus::Error => "error",
        }
    }
}

fn task_state(out: &mut String, task_id: &str, timestamp: i64, word: &str, state: &TaskState<'_>) {
    action(out, task_id, timestamp, word);
    if let Some(epoch) = &state.epoch {
        out.push_str(",\"epoch\":");
        write_string(out, epoch);
    }
    if let Some(seq) = state.seq {
        out.push_str(",\"seq\":");
        write_unsigned(out, seq);
    }
    if let Some(recovered) = state.recovered {
        out.push_str(if recovered { ",\"recovered\":true" } else { ",\"recovered\":false" });
    }
    if let Some(status) = state.status {
        out.push_str(",\"status\":\"");
        out.push_str(status.name());
        out.push('"');
    }
    if let Some(data) = state.data {
        out.push_str(",\"data\":");
        out.push_str(data);
    }
    out.push_str("}}");
}

fn simple(out: &mut String, task_id: &str, timestamp: i64, word: &str) {
    action(out, task_id, timestamp, word);
    out.push_str("}}");
}

/// Opens a control frame up to and including its action.
fn action(out: &mut String, task_id: &str, timestamp: i64, word: &str) {
    begin(out, MessageKind::Status, task_id, timestamp);
    out.push_str(",\"data\":{\"action\":");
    write_string(out, word);
}
