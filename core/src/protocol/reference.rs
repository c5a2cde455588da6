//! The reference parser: serde_json, every rule of spec/PROTOCOL.md, no shortcuts.
//!
//! The pull parser must agree with it on every text, and leaves to it all that is rare.

use std::borrow::Cow;

use super::fields::fields;
use super::values::{self, Reader};
use super::{Body, ClientLink, Control, Cursor, Features, Frame, Rejected, Request, TaskState, TaskStatus};

/// Parses one text frame with serde_json.
///
/// # Errors
/// [`Rejected::Json`] where the text is not one JSON object, [`Rejected::Field`] where a required
/// field is absent or unusable.
pub fn parse_reference(text: &str) -> Result<Frame<'_>, Rejected> {
    let [kind, task_id, timestamp, data, seq, epoch, covers, id] =
        fields(text, ["type", "taskId", "timestamp", "data", "seq", "epoch", "covers", "id"])?;
    let mut reader = Reader::default();
    let kind = values::required_text("type", kind)?;
    let timestamp = reader.timestamp(timestamp);
    let seq = reader.integer(seq);
    let covers = reader.integer(covers);
    let covers = reader.covers(covers, seq);
    let epoch = reader.name(epoch);
    let id = reader.name(id);

    let mut frame = Frame {
        task_id: Cow::Borrowed(""),
        timestamp,
        seq,
        covers,
        epoch,
        id,
        faults: 0,
        body: Body::Heartbeat { received: false },
    };
    match &*kind {
        "progress" => {
            frame.task_id = values::required_text("taskId", task_id)?;
            let (body, own_timestamp) = progress(&mut reader, data)?;
            frame.body = body;
            frame.timestamp = own_timestamp.or(timestamp);
        }
        "log" => {
            frame.task_id = values::required_text("taskId", task_id)?;
            let (body, own_timestamp) = log(&mut reader, data)?;
            frame.body = body;
            frame.timestamp = own_timestamp.or(timestamp);
        }
        "complete" => {
            frame.task_id = values::required_text("taskId", task_id)?;
            frame.body = Body::Complete { data: data.unwrap_or("null") };
        }
        "status" => (frame.task_id, frame.body) = status(&mut reader, task_id, data)?,
        "error" => {
            frame.task_id = reader.text(task_id).unwrap_or_default();
            frame.body = error(&mut reader, data)?;
        }
        "heartbeat" => {
            frame.task_id = reader.text(task_id).unwrap_or_default();
            let [received] = object_fields(data, ["received"])?.unwrap_or_default();
            frame.body = Body::Heartbeat { received: received == Some("true") };
        }
        _ => {
            frame.task_id = reader.text(task_id).unwrap_or_default();
            frame.body = Body::Other { kind };
        }
    }
    frame.faults = reader.faults;
    Ok(frame)
}

/// The fields of `data`, or `None` where it is absent or no object.
fn object_fields<'a, const N: usize>(
    data: Option<&'a str>,
    names: [&'static str; N],
) -> Result<Option<[Option<&'a str>; N]>, Rejected> {
    match data {
        Some(data) if data.starts_with('{') => fields(data, names).map(Some),
        _ => Ok(None),
    }
}

fn progress<'a>(reader: &mut Reader, data: Option<&'a str>) -> Result<(Body<'a>, Option<i64>), Rejected> {
    let Some([stage, progress, message, timestamp]) =
        object_fields(data, ["stage", "progress", "message", "timestamp"])?
    else {
        return Err(Rejected::Field { field: "data", problem: "must be an object" });
    };
    let Some(progress) = progress.and_then(values::finite) else {
        return Err(Rejected::Field { field: "progress", problem: "must be a finite number" });
    };
    let body = Body::Progress {
        stage: reader.text(stage).unwrap_or_default(),
        progress: values::percent(progress),
        message: reader.text(message).unwrap_or_default(),
    };
    Ok((body, reader.timestamp(timestamp)))
}

fn log<'a>(reader: &mut Reader, data: Option<&'a str>) -> Result<(Body<'a>, Option<i64>), Rejected> {
    let Some([level, message, timestamp, metadata]) =
        object_fields(data, ["level", "message", "timestamp", "metadata"])?
    else {
        let message = values::text_if_string(data);
        reader.faults += u32::from(message.is_none());
        let message = message.unwrap_or_default();
        return Ok((Body::Log { level: super::Level::Info, message, metadata: None }, None));
    };
    let metadata = match metadata {
        None | Some("null") => None,
        Some(object) if object.starts_with('{') => Some(object),
        Some(_) => {
            reader.faults += 1;
            None
        }
    };
    let body = Body::Log { level: reader.level(level), message: reader.text(message).unwrap_or_default(), metadata };
    Ok((body, reader.timestamp(timestamp)))
}

fn status<'a>(
    reader: &mut Reader,
    task_id: Option<&'a str>,
    data: Option<&'a str>,
) -> Result<(Cow<'a, str>, Body<'a>), Rejected> {
    let [action, tasks, status, state] =
        object_fields(data, ["action", "tasks", "status", "state"])?.unwrap_or_default();
    if let Some(action) = values::text_if_string(action)
        && values::may_be_control(&action)
        && (action != "publish" || tasks.is_some_and(|tasks| tasks.starts_with('[')))
    {
        let task_id = reader.text(task_id).unwrap_or_default();
        let control = control(reader, &action, &task_id, data.unwrap_or("{}"))?;
        return Ok((task_id, Body::Control(control)));
    }
    let task_id = values::required_text("taskId", task_id)?;
    let word = match values::text_if_string(status) {
        Some(word) => Some(word),
        None => values::text_if_string(state),
    };
    Ok((task_id, Body::Status { word, data: data.unwrap_or("null") }))
}

fn control<'a>(
    reader: &mut Reader,
    action: &str,
    task_id: &Cow<'a, str>,
    data: &'a str,
) -> Result<Control<'a>, Rejected> {
    let needs_task = || match task_id.is_empty() {
        true => Err(Rejected::Field { field: "taskId", problem: "must name a task" }),
        false => Ok(()),
    };
    Ok(match action {
        "hello" => hello(reader, data)?,
        "subscribe" => {
            let [tasks] = fields(data, ["tasks"])?;
            let tasks = match tasks {
                Some(list) if list.starts_with('[') => wanted_tasks(reader, list)?,
                other => {
                    reader.faults += u32::from(!matches!(other, None | Some("null")));
                    needs_task()?;
                    vec![(task_id.clone(), None)]
                }
            };
            Control::Request(Request::Subscribe { tasks })
        }
        "unsubscribe" => {
            needs_task()?;
            Control::Request(Request::Unsubscribe)
        }
        "query" => {
            needs_task()?;
            Control::Request(Request::Query)
        }
        "publish" => {
            let [client, link, tasks] = fields(data, ["client", "link", "tasks"])?;
            let (client, number) = (reader.name(client), reader.integer(link));
            let link = client.zip(number).map(|(client, number)| ClientLink { client, number });
            Control::Request(Request::Publish { link, tasks: published_tasks(reader, tasks.unwrap_or("[]"))? })
        }
        "subscribed" => {
            needs_task()?;
            Control::Subscribed(task_state(reader, data)?)
        }
        "state" => {
            needs_task()?;
            Control::State(task_state(reader, data)?)
        }
        _ => {
            let [id] = fields(data, ["id"])?;
            let id = values::required_text("id", id)?;
            if id.is_empty() {
                return Err(Rejected::Field { field: "id", problem: "must not be empty" });
            }
            Control::Ack { id }
        }
    })
}

fn hello<'a>(reader: &mut Reader, data: &str) -> Result<Control<'a>, Rejected> {
    let [version, names, heartbeat_interval] = fields(data, ["version", "features", "heartbeatInterval"])?;
    let mut features = Features::default();
    match names {
        None | Some("null") => {}
        Some(list) if list.starts_with('[') => {
            for entry in values::entries(list)? {
                match reader.text(Some(entry)).as_deref() {
                    Some("resume") => features.resume = true,
                    Some("ack") => features.ack = true,
                    Some("batch") => features.batch = true,
                    Some("query") => features.query = true,
                    Some("heartbeat") => features.heartbeat = true,
                    Some("publish") => features.publish = true,
                    _ => {}
                }
            }
        }
        Some(_) => reader.faults += 1,
    }
    Ok(Control::Hello {
        version: reader.integer(version).unwrap_or(0),
        features,
        heartbeat_interval: reader.integer(heartbeat_interval),
    })
}

type Wanted<'a> = (Cow<'a, str>, Option<Cursor<'a>>);

fn wanted_tasks<'a>(reader: &mut Reader, list: &'a str) -> Result<Vec<Wanted<'a>>, Rejected> {
    let mut tasks = Vec::new();
    for entry in values::entries(list)? {
        let [task_id, since] = object_fields(Some(entry), ["taskId", "since"])?.unwrap_or_default();
        if let Some(task_id) = named_task(reader, task_id) {
            tasks.push((task_id, cursor(reader, since)?));
        }
    }
    Ok(tasks)
}

fn published_tasks<'a>(reader: &mut Reader, list: &'a str) -> Result<Vec<Cow<'a, str>>, Rejected> {
    let mut tasks = Vec::new();
    for entry in values::entries(list)? {
        let [task_id] = object_fields(Some(entry), ["taskId"])?.unwrap_or_default();
        tasks.extend(named_task(reader, task_id));
    }
    Ok(tasks)
}

/// The task of an entry of `tasks`, which must have one.
fn named_task<'a>(reader: &mut Reader, task_id: Option<&'a str>) -> Option<Cow<'a, str>> {
    let task_id = values::text_if_string(task_id).filter(|task_id| !task_id.is_empty());
    reader.faults += u32::from(task_id.is_none());
    task_id
}

fn cursor<'a>(reader: &mut Reader, since: Option<&'a str>) -> Result<Option<Cursor<'a>>, Rejected> {
    if matches!(since, None | Some("null")) {
        return Ok(None);
    }
    let [epoch, seq] = object_fields(since, ["epoch", "seq"])?.unwrap_or_default();
    let epoch = values::text_if_string(epoch).filter(|epoch| !epoch.is_empty());
    let seq = seq.and_then(values::finite).and_then(values::as_integer);
    if let (Some(epoch), Some(seq)) = (epoch, seq) {
        return Ok(Some(Cursor { epoch, seq }));
    }
    reader.faults += 1;
    Ok(None)
}

fn task_state<'a>(reader: &mut Reader, data: &'a str) -> Result<TaskState<'a>, Rejected> {
    let [epoch, seq, recovered, status, outcome] = fields(data, ["epoch", "seq", "recovered", "status", "data"])?;
    let status = match reader.text(status).as_deref() {
        None => None,
        Some("unknown") => Some(TaskStatus::Unknown),
        Some("running") => Some(TaskStatus::Running),
        Some("complete") => Some(TaskStatus::Complete),
        Some("error") => Some(TaskStatus::Error),
        Some(_) => {
            reader.faults += 1;
            None
        }
    };
    Ok(TaskState {
        epoch: reader.name(epoch),
        seq: reader.integer(seq),
        recovered: reader.boolean(recovered),
        status,
        data: outcome.filter(|outcome| *outcome != "null"),
    })
}

fn error<'a>(reader: &mut Reader, data: Option<&'a str>) -> Result<Body<'a>, Rejected> {
    let raw = data.unwrap_or("null");
    let Some([error, message, code, fatal, action, id]) =
        object_fields(data, ["error", "message", "code", "fatal", "action", "id"])?
    else {
        let message = values::text_if_string(data);
        reader.faults += u32::from(message.is_none() && raw != "null");
        return Ok(Body::Error {
            message: message.unwrap_or_default(),
            code: Cow::Borrowed(""),
            fatal: None,
            action: None,
            refused_id: None,
            data: raw,
        });
    };
    let text = match values::text_if_string(error) {
        Some(text) => Some(text),
        None => match values::text_if_string(message) {
            Some(text) => Some(text),
            None => {
                let [inner] = object_fields(error, ["message"])?.unwrap_or_default();
                values::text_if_string(inner)
            }
        },
    };
    Ok(Body::Error {
        message: text.unwrap_or_default(),
        code: reader.code(code),
        fatal: reader.boolean(fatal),
        action: reader.name(action),
        refused_id: reader.name(id),
        data: raw,
    })
}
