//! Every event as one line of JSON, for programs.

use std::io::{self, Write};
use std::time::Duration;

use serde_json::Value;
use steadywire::Event;

use super::Screen;
use super::model::Model;

/// Writes JSON lines, each at once.
pub(super) struct Json<W> {
    out: W,
}

impl<W: Write> Json<W> {
    /// Writes to `out`.
    pub(super) fn new(out: W) -> Self {
        Self { out }
    }
}

impl<W: Write> Screen for Json<W> {
    fn event(&mut self, event: &Event<'_>, model: &mut Model, now: Duration) -> io::Result<()> {
        model.event(event, now, &mut |_| {});
        let line = line(event);
        self.out.write_all(line.as_bytes())?;
        self.out.flush()
    }

    fn say(&mut self, _text: &str) -> io::Result<()> {
        Ok(())
    }

    fn draw(&mut self, _model: &Model, _now: Duration) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, _model: &Model, _now: Duration) -> io::Result<()> {
        Ok(())
    }
}

/// The event on one line. What it is and which task it is about come first: people read it, too.
fn line(event: &Event<'_>) -> String {
    let Value::Object(mut fields) = event.to_json() else { return "{}\n".into() };
    let mut parts: Vec<String> = Vec::new();
    let first = ["event", "taskId"].into_iter().filter_map(|key| Some((key.to_owned(), fields.remove(key)?)));
    for (key, value) in first.collect::<Vec<_>>().into_iter().chain(fields) {
        parts.push(format!("{}:{value}", Value::from(key)));
    }
    format!("{{{}}}\n", parts.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use steadywire::event::Complete;

    #[test]
    fn an_event_is_one_line_that_says_first_what_it_is() {
        let event = Event::Complete(Complete {
            task_id: "a\nb".into(),
            timestamp: 7,
            data: "{\"x\":1}".into(),
            synthetic: false,
        });
        let line = line(&event);
        assert!(line.starts_with(r#"{"event":"complete","taskId":"a\nb","#), "{line}");
        assert_eq!(line.matches('\n').count(), 1);
        assert_eq!(serde_json::from_str::<Value>(&line).unwrap(), event.to_json());
    }

    #[test]
    fn each_line_is_written_and_flushed_at_once() {
        #[derive(Default)]
        struct Counting(Vec<u8>, usize);
        impl Write for Counting {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0.extend_from_slice(bytes);
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                self.1 += self.0.iter().filter(|byte| **byte == b'\n').count();
                Ok(())
            }
        }
        let event = Event::Complete(Complete { task_id: "t".into(), timestamp: 7, data: "1".into(), synthetic: false });
        let mut json = Json::new(Counting::default());
        let mut model = Model::new(&["t".to_owned()]);
        json.event(&event, &mut model, Duration::ZERO).unwrap();
        assert_eq!(json.out.1, 1);
        assert!(model.result().is_some(), "the model follows, it decides when to end");
    }
}
