//! The pull parser: one pass over the frequent shapes, nothing allocated for texts without escapes.
//!
//! It never rejects. What is wrong or rare (control and error frames, unknown types, a second `type`
//! or `data`, escaped keys, lone surrogates, unusable fields, deep nesting) goes to the reference, which
//! decides.

use super::scan::{Quoted, Scanner};
use super::values::{as_integer, as_timestamp, may_be_control, percent};
use super::{Body, Frame, Level, Rejected, parse_reference};

/// Parses one text frame.
///
/// # Errors
/// Those of [`parse_reference`], for the same texts.
pub fn parse(text: &str) -> Result<Frame<'_>, Rejected> {
    match pull(text) {
        Some(frame) => Ok(frame),
        None => parse_reference(text),
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Progress,
    Log,
    Status,
    Complete,
    Heartbeat,
}

/// What has been found so far. Texts stay places until the frame is built.
///
/// Of equal keys the last one counts: each value simply takes the place of an earlier one.
#[derive(Default)]
struct Found<'a> {
    kind: Option<Kind>,
    task_id: Option<Quoted>,
    timestamp: Option<i64>,
    seq: Option<u64>,
    covers: Option<u64>,
    epoch: Option<Quoted>,
    id: Option<Quoted>,
    data: Option<&'a str>,
    stage: Option<Quoted>,
    message: Option<Quoted>,
    progress: Option<f64>,
    level: Option<Level>,
    metadata: Option<&'a str>,
    own_timestamp: Option<i64>,
    status: Option<Quoted>,
    state: Option<Quoted>,
    received: bool,
}

#[inline]
fn pull(text: &str) -> Option<Frame<'_>> {
    let mut scanner = Scanner::new(text);
    let mut found = Found::default();
    // Where `data` began, if it came before `type`.
    let mut early_data = None;

    let mut more = scanner.enter()?;
    while more {
        if scanner.takes(b"type\":") {
            // A second one could change what the data that was read means.
            if found.kind.is_some() {
                return None;
            }
            found.kind = Some(kind(&mut scanner)?);
        } else if scanner.takes(b"taskId\":") {
            found.task_id = Some(scanner.quoted()?);
        } else if scanner.takes(b"timestamp\":") {
            found.timestamp = scanner.optional_timestamp()?;
        } else if scanner.takes(b"data\":") {
            if found.data.is_some() {
                return None;
            }
            scanner.peek()?;
            let start = scanner.position();
            match found.kind {
                Some(kind) => read_data(&mut scanner, &mut found, kind)?,
                None => {
                    early_data = Some(start);
                    scanner.skip()?;
                }
            }
            found.data = Some(scanner.since(start)?);
        } else if scanner.takes(b"seq\":") {
            found.seq = scanner.optional_integer()?;
        } else if scanner.takes(b"epoch\":") {
            found.epoch = scanner.optional_name()?;
        } else if scanner.takes(b"covers\":") {
            found.covers = scanner.optional_integer()?;
        } else if scanner.takes(b"id\":") {
            found.id = scanner.optional_name()?;
        } else {
            scanner.skip_member()?;
        }
        more = scanner.next()?;
    }
    if !scanner.at_end() {
        return None;
    }
    if let Some(start) = early_data {
        scanner.rewind(start)?;
        let kind = found.kind?;
        read_data(&mut scanner, &mut found, kind)?;
    }
    if let Some(covers) = found.covers
        && covers > found.seq?
    {
        return None;
    }
    build(&scanner, &found)
}

#[inline]
fn build<'a>(scanner: &Scanner<'a>, found: &Found<'a>) -> Option<Frame<'a>> {
    let text = |place: Option<Quoted>| match place {
        Some(quoted) => scanner.decode(quoted).map(Some),
        None => Some(None),
    };
    let kind = found.kind?;
    let task_id = match kind {
        Kind::Heartbeat => text(found.task_id)?.unwrap_or_default(),
        _ => text(found.task_id)??,
    };
    let body = match kind {
        Kind::Progress => Body::Progress {
            stage: text(found.stage)?.unwrap_or_default(),
            progress: percent(found.progress?),
            message: text(found.message)?.unwrap_or_default(),
        },
        Kind::Log => {
            found.data?;
            Body::Log {
                level: found.level.unwrap_or(Level::Info),
                message: text(found.message)?.unwrap_or_default(),
                metadata: found.metadata,
            }
        }
        Kind::Status => Body::Status { word: text(found.status.or(found.state))?, data: found.data.unwrap_or("null") },
        Kind::Complete => Body::Complete { data: found.data.unwrap_or("null") },
        Kind::Heartbeat => Body::Heartbeat { received: found.received },
    };
    Some(Frame {
        task_id,
        timestamp: found.own_timestamp.or(found.timestamp),
        seq: found.seq,
        covers: found.covers,
        epoch: text(found.epoch)?,
        id: text(found.id)?,
        faults: 0,
        body,
    })
}

#[inline]
fn kind(scanner: &mut Scanner<'_>) -> Option<Kind> {
    scanner.peek()?;
    if scanner.takes(b"\"progress\"") {
        Some(Kind::Progress)
    } else if scanner.takes(b"\"log\"") {
        Some(Kind::Log)
    } else if scanner.takes(b"\"status\"") {
        Some(Kind::Status)
    } else if scanner.takes(b"\"complete\"") {
        Some(Kind::Complete)
    } else if scanner.takes(b"\"heartbeat\"") {
        Some(Kind::Heartbeat)
    } else {
        None
    }
}

#[inline]
fn read_data<'a>(scanner: &mut Scanner<'a>, found: &mut Found<'a>, kind: Kind) -> Option<()> {
    match kind {
        Kind::Progress => progress(scanner, found),
        Kind::Log => log(scanner, found),
        Kind::Complete => scanner.skip(),
        // Data of any type will do; only of an object is more than its text of interest.
        Kind::Status | Kind::Heartbeat if scanner.peek()? != b'{' => scanner.skip(),
        Kind::Status => status(scanner, found),
        Kind::Heartbeat => heartbeat(scanner, found),
    }
}

#[inline]
fn progress<'a>(scanner: &mut Scanner<'a>, found: &mut Found<'a>) -> Option<()> {
    let mut more = scanner.enter()?;
    while more {
        if scanner.takes(b"stage\":") {
            found.stage = scanner.optional_text()?;
        } else if scanner.takes(b"progress\":") {
            found.progress = Some(scanner.number()?);
        } else if scanner.takes(b"message\":") {
            found.message = scanner.optional_text()?;
        } else if scanner.takes(b"timestamp\":") {
            found.own_timestamp = scanner.optional_timestamp()?;
        } else {
            scanner.skip_member()?;
        }
        more = scanner.next()?;
    }
    Some(())
}

#[inline]
fn log<'a>(scanner: &mut Scanner<'a>, found: &mut Found<'a>) -> Option<()> {
    let mut more = scanner.enter()?;
    while more {
        if scanner.takes(b"level\":") {
            let word = scanner.quoted()?;
            found.level = Some(Level::from_word(&scanner.decode(word)?)?);
        } else if scanner.takes(b"message\":") {
            found.message = scanner.optional_text()?;
        } else if scanner.takes(b"timestamp\":") {
            found.own_timestamp = scanner.optional_timestamp()?;
        } else if scanner.takes(b"metadata\":") {
            found.metadata = scanner.optional_object()?;
        } else {
            scanner.skip_member()?;
        }
        more = scanner.next()?;
    }
    Some(())
}

fn status<'a>(scanner: &mut Scanner<'a>, found: &mut Found<'a>) -> Option<()> {
    let mut more = scanner.enter()?;
    while more {
        if scanner.takes(b"action\":") {
            if let Some(action) = scanner.text_if_string()?
                && may_be_control(&scanner.decode(action)?)
            {
                return None;
            }
        } else if scanner.takes(b"status\":") {
            found.status = scanner.text_if_string()?;
        } else if scanner.takes(b"state\":") {
            found.state = scanner.text_if_string()?;
        } else {
            scanner.skip_member()?;
        }
        more = scanner.next()?;
    }
    Some(())
}

fn heartbeat<'a>(scanner: &mut Scanner<'a>, found: &mut Found<'a>) -> Option<()> {
    let mut more = scanner.enter()?;
    while more {
        if scanner.takes(b"received\":") {
            found.received = scanner.peek()? == b't';
            scanner.skip()?;
        } else {
            scanner.skip_member()?;
        }
        more = scanner.next()?;
    }
    Some(())
}

impl<'a> Scanner<'a> {
    fn text_if_string(&mut self) -> Option<Option<Quoted>> {
        if self.peek()? == b'"' {
            return self.quoted().map(Some);
        }
        self.skip()?;
        Some(None)
    }

    #[inline]
    fn optional_text(&mut self) -> Option<Option<Quoted>> {
        if self.peek()? == b'n' {
            return self.takes(b"null").then_some(None);
        }
        self.quoted().map(Some)
    }

    #[inline]
    fn optional_name(&mut self) -> Option<Option<Quoted>> {
        self.optional_text().filter(|name| name.is_none_or(|name| !name.is_empty()))
    }

    fn optional_object(&mut self) -> Option<Option<&'a str>> {
        if self.peek()? == b'n' {
            return self.takes(b"null").then_some(None);
        }
        if self.peek()? != b'{' {
            return None;
        }
        let start = self.position();
        self.skip()?;
        self.since(start).map(Some)
    }

    #[inline]
    fn optional_timestamp(&mut self) -> Option<Option<i64>> {
        if self.peek()? == b'n' {
            return self.takes(b"null").then_some(None);
        }
        match self.plain_integer() {
            Some(value) => i64::try_from(value).ok(),
            None => as_timestamp(self.number()?),
        }
        .map(Some)
    }

    #[inline]
    fn optional_integer(&mut self) -> Option<Option<u64>> {
        if self.peek()? == b'n' {
            return self.takes(b"null").then_some(None);
        }
        match self.plain_integer() {
            Some(value) => Some(value),
            None => as_integer(self.number()?),
        }
        .map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a busy server sends must not take the slow way, whatever its habits.
    #[test]
    fn frequent_shapes_are_parsed_here() {
        for text in [
            r#"{"type":"progress","taskId":"t","timestamp":1732000000123,"data":{"taskId":"t","stage":"train","progress":42.5,"message":"epoch 3","timestamp":1732000000123}}"#,
            r#"{ "data": {"progress": 1e1, "stage": null, "extra": [{"a": [1, "\ud800"]}, {}]}, "type": "progress", "taskId": "t" }"#,
            r#"{"type":"log","taskId":"t","timestamp":null,"data":{"level":"WARNING","message":"a\n\ud83d\ude00","metadata":{"k":{}}},"seq":7,"epoch":"e","covers":5,"id":"i"}"#,
            r#"{"type":"status","taskId":"t","data":{"action":"paint","state":"running"}}"#,
            r#"{"type":"status","taskId":"t","data":"running"}"#,
            r#"{"type":"complete","taskId":"t","timestamp":1,"data":{"result":{}}}"#,
            r#"{"type":"complete","taskId":"t"}"#,
            r#"{"type":"heartbeat","timestamp":1.5,"data":{"received":true}}"#,
        ] {
            assert_eq!(pull(text), parse_reference(text).ok(), "{text}");
            assert!(pull(text).is_some(), "{text}");
        }
    }

    /// The other half of the bargain: what is rare or wrong is left to the reference.
    #[test]
    fn rare_shapes_are_left_to_the_reference() {
        for text in [
            r#"{"type":"status","taskId":"t","data":{"action":"subscribe"}}"#,
            r#"{"type":"error","taskId":"t","data":{}}"#,
            r#"{"type":"custom","taskId":"t"}"#,
            r#"{"type":"complete","taskId":"t","data":1,"data":2}"#,
            r#"{"type":"complete","taskId":"t","\u0064ata":2}"#,
            r#"{"type":"complete","taskId":"t","seq":-1}"#,
            r#"{"type":"complete","taskId":"t","seq":4,"covers":5}"#,
            r#"{"type":"complete","taskId":"t","epoch":""}"#,
            r#"{"type":"complete","taskId":"t","epoch":"\ud800"}"#,
            r#"{"type":"complete","taskId":"t"}}"#,
        ] {
            assert_eq!(pull(text), None, "{text}");
        }
    }
}
