//! The events of a client against a real server, as they come.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use steadywire::{Client, Event};
use steadywire_faults::is_part;
use tokio::sync::watch;

/// How long nothing may happen before a test gives up. It ends tests that would hang, and is never waited for in
/// those that pass.
const PATIENCE: Duration = Duration::from_secs(20);

/// Every event of a client but `retry`, of which the inbox keeps only the latest.
#[derive(Clone, Debug)]
pub struct Events {
    seen: Arc<Mutex<Vec<Value>>>,
    count: watch::Receiver<usize>,
    /// How far [`next`](Self::next) has come.
    at: Arc<Mutex<usize>>,
}

impl Events {
    /// Listens from now on.
    pub fn of(client: &Client) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (count, watching) = watch::channel(0);
        let into = Arc::clone(&seen);
        client.on_any(move |event| {
            if !matches!(event, Event::Retry(_)) {
                let mut seen = into.lock().unwrap_or_else(PoisonError::into_inner);
                seen.push(event.to_json());
                count.send_replace(seen.len());
            }
        });
        Self { seen, count: watching, at: Arc::default() }
    }

    /// All so far.
    pub fn all(&self) -> Vec<Value> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Those so far that hold at least this.
    pub fn matching(&self, wanted: &Value) -> Vec<Value> {
        self.all().into_iter().filter(|event| is_part(wanted, Some(event))).collect()
    }

    /// Waits for an event that holds at least this, after the one that was waited for last.
    ///
    /// # Errors
    /// When it does not come.
    pub async fn next(&self, wanted: &Value) -> Result<Value, String> {
        let mut at = *self.at.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let so_far = self.all();
            while at < so_far.len() {
                at += 1;
                if is_part(wanted, Some(&so_far[at - 1])) {
                    *self.at.lock().unwrap_or_else(PoisonError::into_inner) = at;
                    return Ok(so_far[at - 1].clone());
                }
            }
            if !self.more_than(at).await {
                let lines: Vec<String> = so_far.iter().map(|event| format!("  {event}")).collect();
                return Err(format!("there came no {wanted}; only\n{}", lines.join("\n")));
            }
        }
    }

    /// Waits until there are so many, or none comes any more.
    pub async fn at_least(&self, count: usize) -> Vec<Value> {
        while self.all().len() < count && self.more_than(self.all().len()).await {}
        self.all()
    }

    async fn more_than(&self, count: usize) -> bool {
        let mut counts = self.count.clone();
        let more = counts.wait_for(|now| *now > count);
        matches!(tokio::time::timeout(PATIENCE, more).await, Ok(Ok(_)))
    }
}

/// The future's value.
///
/// # Errors
/// When nothing comes of it.
pub async fn patiently<T>(future: impl Future<Output = T>) -> Result<T, String> {
    tokio::time::timeout(PATIENCE, future).await.map_err(|_| "no answer came".to_owned())
}
