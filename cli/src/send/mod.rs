//! `steadywire send`: report something about a task, from the command line or as JSON lines.

mod line;

use std::collections::VecDeque;
use std::io::{self, BufRead};
use std::time::{Duration, Instant};

use steadywire::event::DropReason;
use steadywire::{Client, Error, ErrorKind, Message, Pending, Receipt, State, redact_url};

use crate::args::SendArgs;
use crate::exit::{Exit, fail};
use crate::link;
use crate::text::clean;

/// Most messages that wait for their receipt; then reading waits for the oldest.
const MAX_UNSETTLED: usize = 256;

/// Longest line of JSON read from standard input, in bytes; a longer one is a bad line.
const MAX_LINE_BYTES: u64 = 1024 * 1024;

/// How often it is looked whether waiting still makes sense.
const SLICE: Duration = Duration::from_millis(50);

/// Sends what the command line says, or what standard input says.
pub(crate) fn send(args: &SendArgs) -> Exit {
    let client = match link::client(&args.client) {
        Ok(client) => client,
        Err(error) => return fail(Exit::Usage, error),
    };
    let mut sender = Sender { client: &client, args, unsettled: VecDeque::new() };
    // Success and failure show in the receipts.
    drop(client.connect(None));
    let result = if args.reads_stdin() { sender.send_lines(io::stdin().lock()) } else { sender.send_options() };
    let exit = match result {
        Ok(exit) => exit,
        Err(problem) => fail(problem.exit, problem.text),
    };
    link::close(&client, link::CLOSE_PATIENCE);
    exit
}

/// Why sending stops.
struct Problem {
    exit: Exit,
    text: String,
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let exit = if error.kind().code() < 200 { Exit::Usage } else { Exit::Lost };
        Self { exit, text: error.to_string() }
    }
}

struct Sender<'a> {
    client: &'a Client,
    args: &'a SendArgs,
    unsettled: VecDeque<(String, Pending<Receipt>)>,
}

impl Sender<'_> {
    fn send_options(&mut self) -> Result<Exit, Problem> {
        for (what, message) in messages(self.args)? {
            self.send(what.to_owned(), &message)?;
        }
        self.settle_all()?;
        Ok(Exit::Complete)
    }

    fn send_lines(&mut self, mut input: impl BufRead) -> Result<Exit, Problem> {
        let mut exit = Exit::Complete;
        let mut number = 0_u64;
        loop {
            number += 1;
            let line = match read_line(&mut input) {
                Ok(Some(line)) => line,
                Ok(None) => break,
                Err(error) => {
                    return Err(Problem { exit: Exit::Usage, text: format!("standard input, line {number}: {error}") });
                }
            };
            if line.trim_ascii().is_empty() {
                continue;
            }
            match line::parse(&self.args.task, &line) {
                Ok(message) => self.send(format!("line {number}"), &message)?,
                Err(text) => exit = fail(Exit::Usage, format_args!("standard input, line {number}: {text}")),
            }
        }
        self.settle_all()?;
        Ok(exit)
    }

    fn send(&mut self, what: String, message: &Message) -> Result<(), Problem> {
        if self.unsettled.len() == MAX_UNSETTLED {
            self.settle_oldest(Instant::now() + self.args.timeout)?;
        }
        loop {
            match self.client.send(message.clone()) {
                Ok(pending) => {
                    self.unsettled.push_back((what, pending));
                    return Ok(());
                }
                Err(error) if error.kind() == ErrorKind::QueueFull && !self.unsettled.is_empty() => {
                    self.settle_oldest(Instant::now() + self.args.timeout)?;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn settle_all(&mut self) -> Result<(), Problem> {
        let until = Instant::now() + self.args.timeout;
        while !self.unsettled.is_empty() {
            self.settle_oldest(until)?;
        }
        Ok(())
    }

    fn settle_oldest(&mut self, until: Instant) -> Result<(), Problem> {
        let Some((what, mut pending)) = self.unsettled.pop_front() else { return Ok(()) };
        let receipt = loop {
            let left = until.saturating_duration_since(Instant::now());
            match pending.wait_timeout(left.min(SLICE)) {
                Err(error) if error.kind() == ErrorKind::Timeout && !left.is_zero() => {
                    // Refused for good: what is sent now waits for a connect that nobody asks for.
                    if self.client.state() == State::Error {
                        break Ok(Receipt::Dropped(DropReason::Refused));
                    }
                }
                receipt => break receipt,
            }
        };
        let problem = match receipt {
            // Newer progress is on its way in its place.
            Ok(Receipt::Acked | Receipt::Written { .. } | Receipt::Dropped(DropReason::Superseded)) => return Ok(()),
            Ok(Receipt::Rejected(reason)) => format!("refused by the hub: {}", clean(&reason)),
            Ok(Receipt::Dropped(reason)) => {
                format!("not delivered: {}", link::refusal(self.client).unwrap_or_else(|| reason.name().to_owned()))
            }
            Ok(Receipt::Unknown) => "may not have been delivered: the link broke".to_owned(),
            Err(error) if error.kind() == ErrorKind::Timeout => format!(
                "not delivered to {} within {} s",
                redact_url(&self.args.client.url),
                self.args.timeout.as_secs_f64()
            ),
            Err(error) => error.to_string(),
        };
        let others = self.unsettled.len();
        let rest = if others > 0 { format!(" ({others} more were waiting)") } else { String::new() };
        Err(Problem { exit: Exit::Lost, text: format!("{what}: {problem}{rest}") })
    }
}

/// What the options say, in the order in which it makes sense.
fn messages(args: &SendArgs) -> Result<Vec<(&'static str, Message)>, Error> {
    let task = &args.task;
    let mut all = Vec::new();
    if let Some(progress) = args.progress {
        let mut message = Message::progress(task, progress);
        if let Some(stage) = &args.stage {
            message = message.stage(stage);
        }
        if let Some(text) = &args.message {
            message = message.text(text);
        }
        all.push(("progress", message));
    }
    if let Some(text) = &args.log {
        all.push(("log", Message::log(task, args.level.into(), text)));
    }
    if let Some(data) = &args.status {
        all.push(("status", Message::status(task, data)?));
    }
    if let Some(result) = &args.complete {
        all.push(("complete", Message::complete(task, result)?));
    }
    if let Some(text) = &args.error {
        let message = Message::error(task, text);
        all.push((
            "error",
            match &args.code {
                Some(code) => message.code(code),
                None => message,
            },
        ));
    }
    for (_, message) in &mut all {
        *message = message.clone().ack(true);
    }
    Ok(all)
}

/// The next line without its end, or `None` at the end of the input. Of a line that is too long only
/// the beginning is kept, which is no JSON then.
fn read_line(input: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let read = io::Read::take(&mut *input, MAX_LINE_BYTES).read_until(b'\n', &mut line)?;
    if read == 0 {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
    } else if read as u64 == MAX_LINE_BYTES {
        skip_line(input)?;
    }
    Ok(Some(line))
}

fn skip_line(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let block = input.fill_buf()?;
        let Some(end) = block.iter().position(|byte| *byte == b'\n') else {
            let length = block.len();
            if length == 0 {
                return Ok(());
            }
            input.consume(length);
            continue;
        };
        input.consume(end + 1);
        return Ok(());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_a_bound_and_the_next_one_is_whole() {
        let mut text = "x".repeat(MAX_LINE_BYTES as usize + 50);
        text.push_str("\nnext\n\nlast");
        let mut input = text.as_bytes();
        assert_eq!(read_line(&mut input).unwrap().unwrap().len() as u64, MAX_LINE_BYTES);
        assert_eq!(read_line(&mut input).unwrap().unwrap(), b"next");
        assert_eq!(read_line(&mut input).unwrap().unwrap(), b"");
        assert_eq!(read_line(&mut input).unwrap().unwrap(), b"last");
        assert_eq!(read_line(&mut input).unwrap(), None);
    }
}
