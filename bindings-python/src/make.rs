//! Turns what a batch holds into objects of Python.

use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};
use pyo3::{IntoPyObjectExt, Py};
use rustc_hash::FxHashMap;
use steadywire::event::{Item, Settlement};
use steadywire::{self as core, Event};

use crate::errors;
use crate::events::{self as py_events, python_word};
use crate::json::Json;

/// How many texts are remembered; at the bound all are forgotten, which costs a copy of each that comes again.
const MAX_NAMES: usize = 4096;

/// The longest text that is remembered, in bytes; a longer one is copied each time.
const MAX_NAME_BYTES: usize = 128;

/// Texts that come again and again: task ids, stages and words of the protocol are one object each.
#[derive(Default)]
pub(crate) struct Names {
    known: FxHashMap<Box<str>, Py<PyString>>,
}

impl Names {
    fn get(&mut self, py: Python<'_>, text: &str) -> Py<PyString> {
        if let Some(name) = self.known.get(text) {
            return name.clone_ref(py);
        }
        let name = PyString::new(py, text).unbind();
        if text.len() <= MAX_NAME_BYTES {
            if self.known.len() >= MAX_NAMES {
                self.known.clear();
            }
            self.known.insert(text.into(), name.clone_ref(py));
        }
        name
    }

    fn some(&mut self, py: Python<'_>, text: &str) -> Option<Py<PyString>> {
        (!text.is_empty()).then(|| self.get(py, text))
    }

    fn word(&mut self, py: Python<'_>, word: &'static str) -> Py<PyString> {
        self.get(py, &python_word(word))
    }

    /// An event, or the tuple (ticket, value) of a settlement.
    pub(crate) fn item<'py>(&mut self, py: Python<'py>, item: Item<'_>) -> PyResult<Bound<'py, PyAny>> {
        match item {
            Item::Event(event) => self.event(py, event),
            Item::Settled(ticket, settlement) => {
                let value = self.settlement(py, settlement)?;
                Ok(PyTuple::new(py, [ticket.into_bound_py_any(py)?, value])?.into_any())
            }
        }
    }

    fn event<'py>(&mut self, py: Python<'py>, event: Event<'_>) -> PyResult<Bound<'py, PyAny>> {
        let text = |text: &str| PyString::new(py, text).unbind();
        match event {
            Event::Progress(e) => py_events::Progress {
                task_id: self.get(py, &e.task_id),
                stage: self.get(py, &e.stage),
                progress: e.progress,
                message: text(&e.message),
                timestamp: e.timestamp,
            }
            .into_bound_py_any(py),
            Event::Log(e) => py_events::Log {
                task_id: self.get(py, &e.task_id),
                level: self.get(py, e.level.name()),
                message: text(&e.message),
                timestamp: e.timestamp,
                metadata: Json::new(py, e.metadata.as_deref()),
            }
            .into_bound_py_any(py),
            Event::Status(e) => py_events::Status {
                task_id: self.get(py, &e.task_id),
                timestamp: e.timestamp,
                data: Json::new(py, Some(&e.data)),
            }
            .into_bound_py_any(py),
            Event::Complete(e) => py_events::Complete {
                task_id: self.get(py, &e.task_id),
                timestamp: e.timestamp,
                data: Json::new(py, Some(&e.data)),
                synthetic: e.synthetic,
            }
            .into_bound_py_any(py),
            Event::Error(e) => py_events::ErrorEvent {
                source: self.get(py, e.source.name()),
                code: self.get(py, &e.code),
                message: text(&e.message),
                task_id: e.task_id.map(|task| self.get(py, &task)),
                data: Json::new(py, e.data.as_deref()),
                fatal: e.fatal,
                timestamp: e.timestamp,
                synthetic: e.synthetic,
            }
            .into_bound_py_any(py),
            Event::Heartbeat(e) => {
                py_events::Heartbeat { task_id: self.get(py, &e.task_id), timestamp: e.timestamp }.into_bound_py_any(py)
            }
            Event::Message(e) => py_events::Message {
                message_type: self.get(py, &e.kind),
                task_id: self.get(py, &e.task_id),
                raw: text(&e.raw),
            }
            .into_bound_py_any(py),
            other => self.rare_event(py, &other),
        }
    }

    fn rare_event<'py>(&mut self, py: Python<'py>, event: &Event<'_>) -> PyResult<Bound<'py, PyAny>> {
        match event {
            Event::StateChange(e) => py_events::StateChange {
                state: self.get(py, e.state.name()),
                previous: self.get(py, e.previous.name()),
                reason: self.get(py, &e.reason),
                generation: e.generation,
                close_code: e.close_code,
                http_status: e.http_status,
                will_retry: e.will_retry,
            }
            .into_bound_py_any(py),
            Event::Retry(e) => {
                py_events::Retry { attempt: e.attempt, next_delay: e.next_delay, cause: self.get(py, &e.cause) }
                    .into_bound_py_any(py)
            }
            Event::Connected(e) => py_events::Connected { generation: e.generation }.into_bound_py_any(py),
            Event::Disconnected(e) => py_events::Disconnected {
                generation: e.generation,
                close_code: e.close_code,
                reason: self.get(py, &e.reason),
            }
            .into_bound_py_any(py),
            Event::Lost(e) => {
                py_events::Lost { task_id: self.get(py, &e.task_id), reason: self.word(py, e.reason.name()) }
                    .into_bound_py_any(py)
            }
            Event::Gap(e) => py_events::Gap {
                task_id: self.get(py, &e.task_id),
                first: e.from,
                last: e.to,
                epoch: self.get(py, &e.epoch),
            }
            .into_bound_py_any(py),
            Event::Overflow(e) => py_events::Overflow { count: e.count }.into_bound_py_any(py),
            _ => Err(errors::raise(core::ErrorKind::Internal, "an event of a kind that this build does not know")),
        }
    }

    /// None, an exception (not raised), an outcome or a receipt.
    fn settlement<'py>(&mut self, py: Python<'py>, settlement: &Settlement) -> PyResult<Bound<'py, PyAny>> {
        match settlement {
            Settlement::Connected(Err(error)) => errors::raised(error).into_bound_py_any(py),
            Settlement::Connected(Ok(())) | Settlement::Disconnected | Settlement::Flushed => {
                Ok(py.None().into_bound(py))
            }
            Settlement::Receipt(receipt) => self.receipt(py, receipt).into_bound_py_any(py),
            Settlement::Outcome(outcome) => py_events::Outcome {
                task_id: self.get(py, &outcome.task_id),
                kind: self.get(py, outcome.kind.name()),
                data: Json::new(py, Some(&outcome.data)),
                message: self.some(py, &outcome.message),
                code: self.some(py, &outcome.code),
                reason: outcome.reason.map(|reason| self.word(py, reason.name())),
                timestamp: outcome.timestamp,
                synthetic: outcome.synthetic,
            }
            .into_bound_py_any(py),
        }
    }

    fn receipt(&mut self, py: Python<'_>, receipt: &core::Receipt) -> py_events::Receipt {
        let (state, reason, message, ack_unsupported) = match receipt {
            core::Receipt::Written { ack_unsupported } => ("written", None, None, *ack_unsupported),
            core::Receipt::Acked => ("acked", None, None, false),
            core::Receipt::Rejected(text) => ("rejected", None, Some(text.as_str()), false),
            core::Receipt::Dropped(reason) => ("dropped", Some(reason.name()), None, false),
            core::Receipt::Unknown => ("unknown", None, None, false),
        };
        py_events::Receipt {
            state: self.get(py, state),
            reason: reason.map(|reason| self.word(py, reason)),
            message: message.map(|text| self.get(py, text)),
            ack_unsupported,
        }
    }
}
