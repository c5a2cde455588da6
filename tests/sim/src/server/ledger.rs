//! What really happened, for the judge: every run of every task, and what became of every message of a client.

use std::collections::BTreeMap;

use crate::LinkId;

/// The truth. Nothing is ever taken out of it, whatever the server forgets.
#[derive(Debug, Default)]
pub struct Ledger {
    /// How many connections were cut off for a newer one of their client.
    pub fenced: u32,
    runs: BTreeMap<String, Vec<Run>>,
    mail: BTreeMap<Marker, Mail>,
}

/// A message of a client: the number of its session and its ticket there.
pub type Marker = (u32, u64);

/// One run of a task's history.
#[derive(Debug)]
pub struct Run {
    /// Its name.
    pub epoch: String,
    /// How many messages it has.
    pub seq: u64,
    /// How it ended.
    pub end: Option<End>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// By an `error`.
    pub failed: bool,
    /// Its data, as it travels.
    pub data: String,
}

/// What became of a message of a client.
#[derive(Debug, Default)]
pub struct Mail {
    /// The connections it arrived on.
    pub arrived: Vec<LinkId>,
    /// How often it became part of a history.
    pub stored: u32,
    /// An acknowledgement of it was sent.
    pub acked: bool,
    /// It was refused.
    pub refused: bool,
    /// The id it came with.
    pub id: Option<String>,
}

impl Ledger {
    /// The runs of a task, oldest first.
    pub fn runs(&self, task: &str) -> &[Run] {
        self.runs.get(task).map_or(&[], Vec::as_slice)
    }

    /// Whether some run of the task ended so.
    pub fn has_end(&self, task: &str, failed: bool, data: &str) -> bool {
        let is_it = |end: &End| end.failed == failed && end.data == data;
        self.runs(task).iter().any(|run| run.end.as_ref().is_some_and(is_it))
    }

    /// Whether the epoch names a run of the task that is over for everybody: another came after it.
    pub fn has_later(&self, task: &str, epoch: &str) -> bool {
        let runs = self.runs(task);
        runs.iter().position(|run| run.epoch == epoch).is_some_and(|at| at + 1 < runs.len())
    }

    /// What became of a message.
    pub fn mail(&self, marker: Marker) -> Option<&Mail> {
        self.mail.get(&marker)
    }

    pub(super) fn begins(&mut self, task: &str, epoch: &str) {
        let run = Run { epoch: epoch.to_owned(), seq: 0, end: None };
        self.runs.entry(task.to_owned()).or_default().push(run);
    }

    pub(super) fn grows(&mut self, task: &str, end: Option<End>) {
        let run = self.runs.get_mut(task).and_then(|runs| runs.last_mut()).expect("a run has begun");
        assert!(run.end.is_none(), "the server adds to a run that ended");
        run.seq += 1;
        run.end = end;
    }

    /// A message of a client arrived.
    ///
    /// # Panics
    /// If its id differs from what it came with before.
    pub(super) fn arrives(&mut self, marker: Marker, link: LinkId, id: Option<&str>) -> &mut Mail {
        let mail = self.mail.entry(marker).or_default();
        if mail.arrived.is_empty() {
            mail.id = id.map(str::to_owned);
        }
        assert_eq!(mail.id.as_deref(), id, "{marker:?} comes under another id");
        mail.arrived.push(link);
        mail
    }

    pub(super) fn mail_mut(&mut self, marker: Marker) -> &mut Mail {
        self.mail.entry(marker).or_default()
    }
}

/// The marker in the text of a client's message: `#ticket.session`.
pub fn marker_in(text: &str) -> Option<Marker> {
    let rest = &text[text.find('#')? + 1..];
    let (ticket, rest) = rest.split_once('.')?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    Some((rest[..end].parse().ok()?, ticket.parse().ok()?))
}
