use super::*;
use std::borrow::Cow;
use steadywire::event::{Complete, Connected, Gap, Log, Lost, Overflow, Progress, Retry};

fn model() -> Model {
    Model::new(&["build".to_owned(), "test".to_owned(), "build".to_owned()])
}

fn said(model: &mut Model, at_ms: u64, event: &Event<'_>) -> Vec<String> {
    let mut all = Vec::new();
    model.event(event, Duration::from_millis(at_ms), &mut |note| {
        let (Note::Line(line) | Note::Progress(line) | Note::Link(line) | Note::Outcome(line)) = note;
        all.push(line);
    });
    all
}

fn progress<'a>(progress: f64, stage: &'a str, message: &'a str) -> Event<'a> {
    let (stage, message) = (Cow::Borrowed(stage), Cow::Borrowed(message));
    Event::Progress(Progress { task_id: "build".into(), stage, progress, message, timestamp: 43_384_000 })
}

fn log(message: &str, level: steadywire::event::Level) -> Event<'_> {
    let message = Cow::Borrowed(message);
    Event::Log(Log { task_id: "build".into(), level, message, timestamp: 43_385_000, metadata: None })
}

fn complete(task: &str) -> Event<'_> {
    Event::Complete(Complete { task_id: task.into(), timestamp: 0, data: "{}".into(), synthetic: false })
}

fn error(task: Option<&'static str>, source: ErrorSource, fatal: bool) -> Event<'static> {
    Event::Error(ErrorEvent {
        source,
        code: "E42".into(),
        message: "out of memory".into(),
        task_id: task.map(Cow::Borrowed),
        data: None,
        fatal,
        timestamp: 0,
        synthetic: false,
    })
}

fn retry(cause: &str, next_delay: u64) -> Event<'static> {
    Event::Retry(Cow::Owned(Retry { attempt: 1, next_delay, cause: cause.into() }))
}

fn connected() -> Event<'static> {
    Event::Connected(Cow::Owned(Connected { generation: 1 }))
}

#[test]
fn progress_and_log_lines() {
    let mut model = model();
    assert_eq!(model.tasks.len(), 2, "a task named twice is followed once");
    let info = steadywire::event::Level::Info;
    assert_eq!(
        said(&mut model, 0, &progress(42.0, "compile", "Compiling foo")),
        ["12:03:04 build 42% compile  Compiling foo"]
    );
    assert_eq!(said(&mut model, 0, &progress(42.5, "", "")), ["12:03:04 build 42.5%"]);
    assert_eq!(said(&mut model, 0, &log("log text", info)), ["12:03:05 build | log text"]);
    model.ahead_of_utc = -3_600_000;
    assert_eq!(said(&mut model, 0, &log("there", info)), ["11:03:05 build | there"]);
    model.ahead_of_utc = 0;
    assert_eq!(said(&mut model, 0, &log("disk", steadywire::event::Level::Warn)), ["12:03:05 build | warn: disk"]);
}

#[test]
fn a_message_cannot_pose_as_another_line_or_drive_the_terminal() {
    let lines =
        said(&mut model(), 0, &log("a\nbuild: complete\u{1b}[2J\u{1b}]0;x\u{7}", steadywire::event::Level::Info));
    assert_eq!(lines, ["12:03:05 build | a", "12:03:05 build | build: complete"]);
    assert_eq!(said(&mut model(), 0, &progress(1.0, "\u{1b}[31ms", "m\r\n\u{9b}2J")), ["12:03:04 build 1% s  m"]);
}

#[test]
fn outcomes_come_once_and_the_worst_counts() {
    let mut model = model();
    assert_eq!(said(&mut model, 0, &complete("build")), ["build: complete"]);
    assert!(said(&mut model, 0, &complete("build")).is_empty());
    assert_eq!(model.result(), None);
    assert_eq!(
        said(&mut model, 0, &error(Some("test"), ErrorSource::Task, true)),
        ["test: error: out of memory (E42)"]
    );
    assert_eq!(model.result(), Some(Exit::TaskError));

    let mut model = self::model();
    said(&mut model, 0, &error(Some("test"), ErrorSource::Task, true));
    let lost = Event::Lost(Cow::Owned(Lost { task_id: "build".into(), reason: LostReason::GivenUp }));
    assert_eq!(said(&mut model, 0, &lost), ["build: lost: given up after too many failed attempts"]);
    assert_eq!(model.result(), Some(Exit::Lost));
}

#[test]
fn an_error_that_ends_nothing_is_no_outcome() {
    let mut model = model();
    assert_eq!(
        said(&mut model, 0, &error(Some("build"), ErrorSource::Task, false)),
        ["00:00:00 build ! out of memory"]
    );
    assert!(said(&mut model, 0, &error(None, ErrorSource::Transport, false)).is_empty());
    assert_eq!(said(&mut model, 0, &error(None, ErrorSource::Auth, true)), ["-- error: out of memory"]);
    assert_eq!(model.result(), None);
}

#[test]
fn tasks_that_were_not_asked_for_are_not_shown() {
    assert!(said(&mut model(), 0, &complete("other")).is_empty());
}

#[test]
fn the_link_tells_its_story() {
    let mut model = model();
    assert_eq!(model.link_text(Duration::ZERO).as_deref(), Some("connecting"));
    assert_eq!(said(&mut model, 0, &retry("refused", 1000)), ["-- not connected (refused), next try in 1.0 s"]);
    assert_eq!(said(&mut model, 1000, &connected()), ["-- connected"]);
    assert_eq!(model.link_text(Duration::ZERO), None);
    assert_eq!(
        said(&mut model, 2000, &retry("connection reset\u{7}", 1200)),
        ["-- reconnecting (connection reset), next try in 1.2 s"]
    );
    assert_eq!(
        model.link_text(Duration::from_millis(2700)).as_deref(),
        Some("reconnecting (connection reset), next try in 0.5 s")
    );
    assert_eq!(model.link_text(Duration::from_secs(9)).as_deref(), Some("reconnecting (connection reset), trying now"));
    assert_eq!(said(&mut model, 4000, &retry("refused", 500)), ["-- reconnecting (refused), next try in 0.5 s"]);
    assert_eq!(said(&mut model, 5000, &connected()), ["-- connected again"]);
}

#[test]
fn what_is_missing_is_said() {
    let mut model = model();
    let gap = |to| Event::Gap(Cow::Owned(Gap { task_id: "build".into(), from: 41, to, epoch: "e".into() }));
    assert_eq!(said(&mut model, 0, &gap(Some(57))), ["-- build: messages 41-57 are missing"]);
    assert_eq!(said(&mut model, 0, &gap(Some(41))), ["-- build: message 41 is missing"]);
    assert!(said(&mut model, 0, &gap(None))[0].contains("anything after message 40 may be missing"));
    let overflow = Event::Overflow(Cow::Owned(Overflow { count: 12 }));
    assert!(said(&mut model, 0, &overflow)[0].starts_with("-- 12 log lines"));
}

#[test]
fn speed_is_that_of_the_last_stretch() {
    let mut model = model();
    for second in 0..100 {
        said(&mut model, second * 1000, &progress(second as f64 / 10.0, "", ""));
    }
    for second in 100..140 {
        said(&mut model, second * 1000, &progress(10.0 + (second - 100) as f64, "", ""));
    }
    let task = &model.tasks[0];
    let speed = task.speed(Duration::from_secs(139)).unwrap();
    assert!((0.9..1.1).contains(&speed), "{speed}");
    assert!(task.samples.len() <= MAX_SAMPLES);
    let eta = task.eta(Duration::from_secs(139)).unwrap().as_secs();
    assert!((45..60).contains(&eta), "{eta}");
}

#[test]
fn samples_have_a_bound_and_begin_anew_with_a_stage() {
    let mut model = model();
    for step in 0..1000_u64 {
        said(&mut model, step, &progress(step as f64 / 20.0, "", ""));
    }
    assert!(model.tasks[0].samples.len() <= MAX_SAMPLES);
    said(&mut model, 1001, &progress(1.0, "", ""));
    assert_eq!(model.tasks[0].samples.len(), 1);
    assert_eq!(model.tasks[0].speed(Duration::from_secs(60)), None, "no guess from one value");
}
