//! The pull parser: one pass over the frequent shapes, nothing allocated for texts without escapes.
//!
//! It never rejects. What is wrong or rare (control and error frames, unknown types, a second `type`
//! or `data`, escaped keys, unusable fields, deep nesting) goes to the reference, which decides.

use std::borrow::Cow;

use super::scan::Scanner;
use super::values::{as_integer, as_timestamp, is_control, percent};
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

/// `data` once its meaning is known, with its own timestamp.
struct Data<'a> {
    body: Body<'a>,
    timestamp: Option<i64>,
}

fn pull(text: &str) -> Option<Frame<'_>> {
    let mut scanner = Scanner::new(text);
    let mut kind = None;
    let mut task_id = None;
    let mut timestamp = None;
    let mut seq = None;
    let mut covers = None;
    let mut epoch = None;
    let mut id = None;
    let mut data = None;
    // Where `data` began, if it came before `type`.
    let mut early_data = None;

    scanner.expect(b'{')?;
    let mut first = true;
    while let Some(key) = scanner.key(first)? {
        first = false;
        match key {
            b"type" => {
                // A second one could change what the data that was read means.
                if kind.is_some() {
                    return None;
                }
                kind = Some(kind_of(&scanner.text()?)?);
            }
            b"taskId" => task_id = Some(scanner.text()?),
            b"timestamp" => timestamp = scanner.optional_number(as_timestamp)?,
            b"data" => {
                if data.is_some() || early_data.is_some() {
                    return None;
                }
                match kind {
                    Some(kind) => data = Some(read_data(&mut scanner, kind)?),
                    None => {
                        scanner.peek()?;
                        early_data = Some(scanner.position());
                        scanner.skip()?;
                    }
                }
            }
            b"seq" => seq = scanner.optional_number(as_integer)?,
            b"covers" => covers = scanner.optional_number(as_integer)?,
            b"epoch" => epoch = scanner.optional_name()?,
            b"id" => id = scanner.optional_name()?,
            _ => scanner.skip()?,
        }
    }
    if !scanner.at_end() {
        return None;
    }

    let kind = kind?;
    if let Some(start) = early_data {
        scanner.rewind(start);
        data = Some(read_data(&mut scanner, kind)?);
    }
    if covers.is_some_and(|covers| seq.is_none_or(|seq| covers > seq)) {
        return None;
    }
    let Data { body, timestamp: own_timestamp } = match data {
        Some(data) => data,
        None => Data { body: without_data(kind)?, timestamp: None },
    };
    let task_id = match kind {
        Kind::Heartbeat => task_id.unwrap_or_default(),
        _ => task_id?,
    };
    Some(Frame { task_id, timestamp: own_timestamp.or(timestamp), seq, covers, epoch, id, faults: 0, body })
}

fn kind_of(word: &str) -> Option<Kind> {
    Some(match word {
        "progress" => Kind::Progress,
        "log" => Kind::Log,
        "status" => Kind::Status,
        "complete" => Kind::Complete,
        "heartbeat" => Kind::Heartbeat,
        _ => return None,
    })
}

fn without_data<'a>(kind: Kind) -> Option<Body<'a>> {
    match kind {
        Kind::Progress | Kind::Log => None,
        Kind::Status => Some(Body::Status { word: None, data: "null" }),
        Kind::Complete => Some(Body::Complete { data: "null" }),
        Kind::Heartbeat => Some(Body::Heartbeat { received: false }),
    }
}

#[inline]
fn read_data<'a>(scanner: &mut Scanner<'a>, kind: Kind) -> Option<Data<'a>> {
    match kind {
        Kind::Progress => progress(scanner),
        Kind::Log => log(scanner),
        Kind::Status => status(scanner),
        Kind::Complete => Some(Data { body: Body::Complete { data: scanner.raw()? }, timestamp: None }),
        Kind::Heartbeat => heartbeat(scanner),
    }
}

fn progress<'a>(scanner: &mut Scanner<'a>) -> Option<Data<'a>> {
    let mut stage = None;
    let mut progress = None;
    let mut message = None;
    let mut timestamp = None;
    scanner.expect(b'{')?;
    let mut first = true;
    while let Some(key) = scanner.key(first)? {
        first = false;
        match key {
            b"stage" => stage = scanner.optional_text()?,
            b"progress" => progress = Some(scanner.number()?),
            b"message" => message = scanner.optional_text()?,
            b"timestamp" => timestamp = scanner.optional_number(as_timestamp)?,
            _ => scanner.skip()?,
        }
    }
    let body = Body::Progress {
        stage: stage.unwrap_or_default(),
        progress: percent(progress?),
        message: message.unwrap_or_default(),
    };
    Some(Data { body, timestamp })
}

fn log<'a>(scanner: &mut Scanner<'a>) -> Option<Data<'a>> {
    let mut level = None;
    let mut message = None;
    let mut timestamp = None;
    let mut metadata = None;
    scanner.expect(b'{')?;
    let mut first = true;
    while let Some(key) = scanner.key(first)? {
        first = false;
        match key {
            b"level" => {
                level = Some(Level::from_word(&scanner.text()?)?);
            }
            b"message" => message = scanner.optional_text()?,
            b"timestamp" => timestamp = scanner.optional_number(as_timestamp)?,
            b"metadata" => {
                metadata = match scanner.peek()? {
                    b'{' => Some(scanner.raw()?),
                    _ => {
                        scanner.literal("null")?;
                        None
                    }
                };
            }
            _ => scanner.skip()?,
        }
    }
    let body = Body::Log { level: level.unwrap_or(Level::Info), message: message.unwrap_or_default(), metadata };
    Some(Data { body, timestamp })
}

fn status<'a>(scanner: &mut Scanner<'a>) -> Option<Data<'a>> {
    let is_object = scanner.peek()? == b'{';
    let start = scanner.position();
    let mut status = None;
    let mut state = None;
    if is_object {
        scanner.expect(b'{')?;
        let mut first = true;
        while let Some(key) = scanner.key(first)? {
            first = false;
            match key {
                b"action" => {
                    if is_control(&scanner.text_if_string()?.unwrap_or_default()) {
                        return None;
                    }
                }
                b"status" => status = scanner.text_if_string()?,
                b"state" => state = scanner.text_if_string()?,
                _ => scanner.skip()?,
            }
        }
    } else {
        scanner.skip()?;
    }
    let word = status.or(state);
    Some(Data { body: Body::Status { word, data: scanner.since(start)? }, timestamp: None })
}

fn heartbeat<'a>(scanner: &mut Scanner<'a>) -> Option<Data<'a>> {
    let mut received = false;
    if scanner.peek()? == b'{' {
        scanner.expect(b'{')?;
        let mut first = true;
        while let Some(key) = scanner.key(first)? {
            first = false;
            match key {
                b"received" => {
                    received = scanner.peek()? == b't';
                    scanner.skip()?;
                }
                _ => scanner.skip()?,
            }
        }
    } else {
        scanner.skip()?;
    }
    Some(Data { body: Body::Heartbeat { received }, timestamp: None })
}

// Of equal keys the last one counts: each value simply takes the place of an earlier one.
impl<'a> Scanner<'a> {
    #[inline]
    fn text(&mut self) -> Option<Cow<'a, str>> {
        let quoted = self.quoted()?;
        self.decode(quoted)
    }

    fn text_if_string(&mut self) -> Option<Option<Cow<'a, str>>> {
        if self.peek()? == b'"' {
            return self.text().map(Some);
        }
        self.skip()?;
        Some(None)
    }

    /// One value of any type as its text.
    fn raw(&mut self) -> Option<&'a str> {
        self.peek()?;
        let start = self.position();
        self.skip()?;
        self.since(start)
    }

    #[inline]
    fn optional_text(&mut self) -> Option<Option<Cow<'a, str>>> {
        if self.peek()? == b'n' {
            self.literal("null")?;
            return Some(None);
        }
        self.text().map(Some)
    }

    #[inline]
    fn optional_name(&mut self) -> Option<Option<Cow<'a, str>>> {
        self.optional_text().filter(|name| name.as_ref().is_none_or(|name| !name.is_empty()))
    }

    #[inline]
    fn optional_number<T>(&mut self, read: fn(f64) -> Option<T>) -> Option<Option<T>> {
        if self.peek()? == b'n' {
            self.literal("null")?;
            return Some(None);
        }
        read(self.number()?).map(Some)
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
