//! How attempts and connections end, what that means, and who is asked about it (rules TRY-5 and CLOSE).

use serde_json::Value;
use steadywire::event::Retry;
use steadywire::session::limits::{CLASSIFY_MS, CREDENTIALS_MS};
use steadywire::session::{Disposition, Ending, Failure, Generation, Input, Output};
use steadywire::{Config, ErrorKind};
use steadywire_tests::model::Transport;

use super::{Cause, Judge, Scene};

/// The longest delay that is granted to a server (CLOSE-5), without what comes on top of it.
const MOST_ASKED_MS: u64 = 250_000;

/// The shortest and the longest time that a slow server is given (CLOSE-4).
const SLOW_MS: (u64, u64) = (5000, 72_000);

/// What an end of a connection or an attempt means by the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Blame {
    pub disposition: Disposition,
    retry_after_ms: Option<u64>,
}

/// How the latest attempt or connection ends.
#[derive(Debug, Default)]
pub(super) struct Ends {
    /// The attempt under way, and until when its credentials or its transport are awaited.
    attempt: Option<(Generation, u64)>,
    question: Question,
    /// reconnect() was called in this step: another attempt must be begun.
    must_begin: bool,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Question {
    #[default]
    None,
    /// It must be asked in this step.
    Due(Generation, Blame),
    /// It is asked, and may be answered until this time.
    Asked(Generation, Blame, u64),
    /// It was answered in this step, and what follows must be told.
    Answered,
}

impl Ends {
    fn begins(&mut self, generation: Generation, until: u64) {
        assert_eq!(self.question, Question::None, "{generation} is begun while an end is undecided");
        self.attempt = Some((generation, until));
        self.must_begin = false;
    }

    /// What follows from an end is told.
    pub(super) fn decided(&mut self) {
        assert!(!matches!(self.question, Question::Due(..) | Question::Asked(..)), "{:?} is decided", self.question);
        self.question = Question::None;
    }

    pub(super) fn at_rest(&self, cause: &Cause, mono: u64, deadline: Option<u64>) {
        assert!(!self.must_begin, "reconnect() begins nothing");
        let asked = match self.question {
            Question::None => None,
            Question::Asked(_, _, until) => Some(until),
            Question::Due(..) | Question::Answered => panic!("in this step: {:?}", self.question),
        };
        for until in self.attempt.map(|(_, until)| until).into_iter().chain(asked) {
            let goes_on = until > mono || *cause != Cause::Timeout;
            let ends = deadline.is_some_and(|deadline| deadline <= until);
            assert!(goes_on && ends, "until {until}, and at {mono} the deadline is {deadline:?}: {self:?}");
        }
    }
}

impl Judge {
    /// What an input that is no call brings about, before it does.
    pub(super) fn ends_by(&mut self, input: &Input<'_>, transport: Transport, scene: &mut Scene<'_>) -> Cause {
        self.ends.must_begin = matches!(input, Input::Reconnect { .. }) && self.ending.is_none();
        match input {
            Input::Reconnect { .. } | Input::Disconnect { .. } | Input::Close
                if std::mem::take(&mut self.ends.question) != Question::None =>
            {
                scene.coverage.note("path question forgotten");
            }
            Input::Timeout => {
                return match self.ends.question {
                    Question::Asked(_, blame, until) if until <= scene.mono => {
                        scene.coverage.note("path decided without an answer");
                        self.ends.question = Question::Answered;
                        Cause::Lost(blame)
                    }
                    _ => Cause::Timeout,
                };
            }
            Input::Classified { generation, disposition } => return self.classified(*generation, *disposition, scene),
            Input::Opened { .. } => self.ends.attempt = None,
            _ => {}
        }
        let Some(blame) = self.blame(input, transport) else {
            if matches!(input, Input::Credentials { .. } if !is_awaited(input, transport)) {
                scene.coverage.note("path credentials of no use");
            }
            return Cause::Call;
        };
        self.ends.attempt = None;
        let (generation, asks) = match input {
            Input::Closed { generation, .. } => (*generation, true),
            Input::Broken { generation, failure } | Input::DialFailed { generation, failure } => {
                (*generation, !failure.fatal)
            }
            _ => (0, false),
        };
        if asks && self.platform.classify && self.ending.is_none() {
            self.ends.question = Question::Due(generation, blame);
            return Cause::Other;
        }
        Cause::Lost(blame)
    }

    fn classified(&mut self, of: Generation, disposition: Option<Disposition>, scene: &mut Scene<'_>) -> Cause {
        let Question::Asked(generation, blame, _) = self.ends.question else {
            scene.coverage.note("path answer of no use");
            return Cause::Other;
        };
        if generation != of {
            return Cause::Other;
        }
        scene.coverage.note(match disposition {
            Some(_) => "path answered by a disposition",
            None => "path answered by the proposal",
        });
        self.ends.question = Question::Answered;
        Cause::Lost(Blame { disposition: disposition.unwrap_or(blame.disposition), ..blame })
    }

    /// What the session wants done about attempts and their ends.
    pub(super) fn output_of_ends(&mut self, output: &Output, mono: u64) {
        match output {
            Output::NeedCredentials(request) => self.ends.begins(request.generation, mono + CREDENTIALS_MS),
            Output::Dial { generation } => self.ends.begins(*generation, mono + self.config.connect_timeout),
            Output::Drop { generation } => {
                if let Some((_, until)) = self.ends.attempt.take_if(|(of, _)| of == generation)
                    && self.cause == Cause::Timeout
                {
                    assert!(until <= mono, "the attempt {generation} is dropped at {mono}, and has until {until}");
                }
            }
            Output::Classify(Ending { generation, disposition, .. }) => {
                let Question::Due(of, blame) = self.ends.question else {
                    panic!("{output:?} in a step that is {:?}", self.cause)
                };
                assert_eq!((of, blame.disposition), (*generation, *disposition), "{output:?}");
                self.ends.question = Question::Asked(of, blame, mono + CLASSIFY_MS);
            }
            Output::Close { .. } => {}
        }
    }

    /// The delay is what the end asks for.
    pub(super) fn waits(&mut self, retry: &Retry) {
        self.ends.decided();
        let Cause::Lost(Blame { disposition, retry_after_ms }) = self.cause else { return };
        let (least, most) = match (retry_after_ms, disposition) {
            (Some(asked), _) => {
                let asked = asked.min(MOST_ASKED_MS);
                (asked, asked + asked / 5)
            }
            (None, Disposition::Slow) => SLOW_MS,
            _ => (0, self.config.max_reconnect_backoff),
        };
        assert!((least..=most).contains(&retry.next_delay), "{retry:?} after {:?}", self.cause);
    }

    /// What an input means for the connection, if it ends one or an attempt.
    fn blame(&self, input: &Input<'_>, transport: Transport) -> Option<Blame> {
        if !is_awaited(input, transport) {
            return None;
        }
        match input {
            Input::Closed { code, reason, .. } => Some(by_close(*code, reason, &self.config)),
            Input::DialFailed { failure, .. } | Input::Broken { failure, .. } => {
                Some(by_failure(failure, &self.config))
            }
            Input::Credentials { result: Err(failure), .. } => {
                let disposition = if failure.fatal { Disposition::Fatal } else { Disposition::Retry };
                Some(Blame { disposition, retry_after_ms: None })
            }
            _ => None,
        }
    }
}

/// Whether that can come of what the driver has in its hands, or is late.
pub fn is_awaited(input: &Input<'_>, transport: Transport) -> bool {
    match (input, transport) {
        (Input::Credentials { generation, .. }, Transport::Asked { generation: of })
        | (Input::DialFailed { generation, .. }, Transport::Dialling { generation: of })
        | (
            Input::Closed { generation, .. } | Input::Broken { generation, .. },
            Transport::Open { generation: of } | Transport::Closing { generation: of },
        ) => *generation == of,
        _ => false,
    }
}

fn by_close(code: Option<u16>, reason: &str, config: &Config) -> Blame {
    let said: Value = serde_json::from_str(reason).unwrap_or_default();
    let flag = |name: &str| said.get(name).and_then(Value::as_bool);
    let code = code.unwrap_or(1005);
    let disposition = match (flag("reconnect"), flag("reauth")) {
        (Some(false), _) => Disposition::Fatal,
        (_, Some(true)) => Disposition::Reauth,
        (Some(true), _) => Disposition::Retry,
        _ => config.dispositions.get(&code).copied().unwrap_or(Disposition::of_close(code)),
    };
    Blame { disposition, retry_after_ms: said.get("retryAfterMs").and_then(Value::as_u64) }
}

fn by_failure(failure: &Failure<'_>, config: &Config) -> Blame {
    let disposition = match failure.http_status {
        _ if failure.fatal => Disposition::Fatal,
        Some(status) => config.dispositions.get(&status).copied().unwrap_or(Disposition::of_http(status)),
        None if matches!(failure.kind, ErrorKind::ProtocolViolation | ErrorKind::MessageTooLarge) => {
            Disposition::Protocol
        }
        None => Disposition::Retry,
    };
    Blame { disposition, retry_after_ms: failure.retry_after_ms }
}
