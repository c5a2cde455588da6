//! The frozen classes of events, outcomes and receipts.
#![allow(unused_parens, reason = "a default that is a call stands in parentheses, to be one token of a macro")]

use std::borrow::Cow;

use crate::json::Json;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple, PyType};
use pyo3::{IntoPyObjectExt, PyTypeInfo};

/// A word of the core as Python writes it: `given_up` for `givenUp`.
pub(crate) fn python_word(word: &'static str) -> Cow<'static, str> {
    if word.bytes().all(|letter| letter.is_ascii_lowercase()) {
        return word.into();
    }
    let mut joined = String::new();
    for letter in word.chars() {
        if letter.is_ascii_uppercase() {
            joined.push('_');
        }
        joined.push(letter.to_ascii_lowercase());
    }
    joined.into()
}

/// What every type of a field can do beside becoming an object.
trait Field {
    /// Equal values may have different texts: they stay out of hashes.
    const HASHED: bool = true;

    /// About how many bytes the field holds beside its place in the object.
    fn weight(&self, _: Python<'_>) -> usize {
        0
    }
}

impl Field for Py<PyString> {
    fn weight(&self, py: Python<'_>) -> usize {
        self.bind(py).len().unwrap_or(0)
    }
}

impl<T: Field> Field for Option<T> {
    const HASHED: bool = T::HASHED;

    fn weight(&self, py: Python<'_>) -> usize {
        self.as_ref().map_or(0, |field| field.weight(py))
    }
}

impl Field for Json {
    const HASHED: bool = false;

    fn weight(&self, py: Python<'_>) -> usize {
        Json::weight(self, py)
    }
}

impl Field for bool {}
impl Field for f64 {}
impl Field for i64 {}
impl Field for u16 {}
impl Field for u32 {}
impl Field for u64 {}

/// About how many bytes events take with their texts, all together: the sum of their `__sizeof__()`.
#[pyfunction]
#[pyo3(signature = (events, /))]
pub(crate) fn weight(events: &Bound<'_, PyAny>) -> PyResult<usize> {
    let mut total = 0;
    for event in events.try_iter()? {
        let (event, py) = (event?, events.py());
        total += if let Ok(event) = event.cast_exact::<Progress>() {
            event.get().weight(py)
        } else if let Ok(event) = event.cast_exact::<Log>() {
            event.get().weight(py)
        } else {
            event.call_method0("__sizeof__")?.extract()?
        };
    }
    Ok(total)
}

/// A frozen class whose fields can be read, compared, matched, shown and pickled.
macro_rules! record {
    ($(#[$doc:meta])* $name:ident, $free:literal, {
        $($(#[$about:meta])* $field:ident: $ty:ty $(= $default:tt)?),* $(,)?
    } $($extra:tt)*) => {
        $(#[$doc])*
        #[pyclass(frozen, freelist = $free, module = "steadywire")]
        pub(crate) struct $name {
            $($(#[$about])* #[pyo3(get)] pub(crate) $field: $ty),*
        }

        #[pymethods]
        impl $name {
            #[new]
            #[pyo3(signature = ($($field $(= $default)?),*))]
            #[allow(clippy::too_many_arguments, reason = "one for each field")]
            fn new($($field: $ty),*) -> Self {
                Self { $($field),* }
            }

            #[classattr]
            #[pyo3(name = "__match_args__")]
            fn match_args(py: Python<'_>) -> PyResult<Bound<'_, PyTuple>> {
                PyTuple::new(py, Self::FIELDS)
            }

            fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
                let values = self.values(py)?;
                let shown = Self::FIELDS.iter().zip(values).map(|(name, value)| Ok(format!("{name}={}", value.repr()?)));
                Ok(format!("{}({})", stringify!($name), shown.collect::<PyResult<Vec<_>>>()?.join(", ")))
            }

            fn __eq__(&self, py: Python<'_>, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
                let Ok(other) = other.cast::<Self>() else { return Ok(py.NotImplemented()) };
                for (mine, theirs) in self.values(py)?.into_iter().zip(other.get().values(py)?) {
                    if !mine.eq(theirs)? {
                        return false.into_py_any(py);
                    }
                }
                true.into_py_any(py)
            }

            fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
                let hashed = [$(<$ty as Field>::HASHED),*];
                let values = self.values(py)?.into_iter().zip(hashed).filter_map(|(value, hashed)| hashed.then_some(value));
                PyTuple::new(py, values.collect::<Vec<_>>())?.hash()
            }

            fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyType>, Bound<'py, PyTuple>)> {
                Ok((Self::type_object(py), PyTuple::new(py, self.values(py)?)?))
            }

            /// About how many bytes the object and its texts take.
            fn __sizeof__(&self, py: Python<'_>) -> usize {
                self.weight(py)
            }

            $($extra)*
        }

        impl $name {
            const FIELDS: &'static [&'static str] = &[$(stringify!($field)),*];

            fn weight(&self, py: Python<'_>) -> usize {
                size_of::<Self>() + 16 $(+ Field::weight(&self.$field, py))*
            }

            fn values<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyAny>>> {
                Ok(vec![$((&self.$field).into_bound_py_any(py)?),*])
            }
        }
    };
}

/// A record that is an event of some kind.
macro_rules! event {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $free:literal, { $($fields:tt)* }) => {
        record! { $(#[$doc])* $name, $free, { $($fields)* }
            /// The kind of event, as `on()` takes it.
            #[classattr]
            fn kind() -> &'static str { $kind }
        }
    };
}

event! {
    /// How far a task is.
    Progress, "progress", 4096, {
        /// The task.
        task_id: Py<PyString>,
        /// The stage it is in, or empty.
        stage: Py<PyString>,
        /// 0 to 100.
        progress: f64,
        /// A text for people, or empty.
        message: Py<PyString>,
        /// Milliseconds since the Unix epoch.
        timestamp: i64 = 0,
    }
}

event! {
    /// A log line of a task.
    Log, "log", 2048, {
        /// The task.
        task_id: Py<PyString>,
        /// `debug`, `info`, `warn` or `error`.
        level: Py<PyString>,
        /// The line.
        message: Py<PyString>,
        /// Milliseconds since the Unix epoch.
        timestamp: i64 = 0,
        /// What belongs to it: a dict, or None.
        metadata: Json = (Json::none()),
    }
}

event! {
    /// What a task says of itself in its own words.
    Status, "status", 256, {
        /// The task.
        task_id: Py<PyString>,
        /// Milliseconds since the Unix epoch.
        timestamp: i64,
        /// Any JSON.
        data: Json = (Json::none()),
    }
}

event! {
    /// A task ended well.
    Complete, "complete", 64, {
        /// The task.
        task_id: Py<PyString>,
        /// Milliseconds since the Unix epoch.
        timestamp: i64,
        /// Any JSON.
        data: Json = (Json::none()),
        /// Made from the task's status because no `complete` message came.
        synthetic: bool = false,
    }
}

event! {
    /// A task failed, or the link, or a message, or a callback: `source` says which.
    ErrorEvent, "error", 64, {
        /// `task`, `transport`, `protocol`, `auth` or `callback`.
        source: Py<PyString>,
        /// The task's own code, or the `kind` of an exception class.
        code: Py<PyString>,
        /// A text for people.
        message: Py<PyString>,
        /// The task it concerns, if any.
        task_id: Option<Py<PyString>> = None,
        /// What came with it.
        data: Json = (Json::none()),
        /// The task, or the connection, is over.
        fatal: bool = false,
        /// Milliseconds since the Unix epoch.
        timestamp: i64 = 0,
        /// Made from the task's status because no `error` message came.
        synthetic: bool = false,
    }
}

event! {
    /// A heartbeat of the server.
    Heartbeat, "heartbeat", 16, {
        /// The task it names, or empty.
        task_id: Py<PyString>,
        /// Milliseconds since the Unix epoch.
        timestamp: i64 = 0,
    }
}

event! {
    /// A message of a type this protocol does not know.
    Message, "message", 64, {
        /// Its type.
        message_type: Py<PyString>,
        /// The task it names, or empty.
        task_id: Py<PyString>,
        /// The whole frame, as it came.
        raw: Py<PyString>,
    }
}

event! {
    /// The connection's state changed.
    StateChange, "state_change", 16, {
        /// The state now: `disconnected`, `connecting`, `connected`, `reconnecting` or `error`.
        state: Py<PyString>,
        /// The state before.
        previous: Py<PyString>,
        /// Why, for people and logs.
        reason: Py<PyString>,
        /// Number of the transport it concerns.
        generation: u32 = 0,
        /// The close code that caused it, if one did.
        close_code: Option<u16> = None,
        /// The HTTP status that caused it, if one did.
        http_status: Option<u16> = None,
        /// Whether the client goes on trying.
        will_retry: bool = false,
    }
}

event! {
    /// An attempt failed, or a link was lost; the next attempt is set.
    Retry, "retry", 16, {
        /// Which attempt comes next, counted from 1 since the link was last stable.
        attempt: u32,
        /// Milliseconds until it.
        next_delay: u64,
        /// What made it necessary.
        cause: Py<PyString>,
    }
}

event! {
    /// A link is up.
    Connected, "connected", 16, {
        /// Number of its transport.
        generation: u32,
    }
}

event! {
    /// A link that was up is gone.
    Disconnected, "disconnected", 16, {
        /// Number of its transport.
        generation: u32,
        /// The close code, if the server sent one.
        close_code: Option<u16>,
        /// Why, for people and logs.
        reason: Py<PyString>,
    }
}

event! {
    /// A subscription ended without an outcome.
    Lost, "lost", 16, {
        /// The task.
        task_id: Py<PyString>,
        /// `disconnected`, `given_up`, `refused`, `forgotten`, `unsubscribed` or `closed`.
        reason: Py<PyString>,
    }
}

event! {
    /// Messages of a task are known to be missing.
    Gap, "gap", 16, {
        /// The task.
        task_id: Py<PyString>,
        /// First missing position.
        first: u64,
        /// Last missing position; None where nobody can know.
        last: Option<u64>,
        /// The run of the history they belong to.
        epoch: Py<PyString>,
    }
}

event! {
    /// Log lines were dropped because the consumer was too slow.
    Overflow, "overflow", 16, {
        /// How many.
        count: u64,
    }
}

record! {
    /// The end of a task, as a value.
    Outcome, 64, {
        /// The task.
        task_id: Py<PyString>,
        /// `complete`, `error` or `lost`.
        kind: Py<PyString>,
        /// What came with the end: any JSON; None for a lost task.
        data: Json = (Json::none()),
        /// The error's text, or None.
        message: Option<Py<PyString>> = None,
        /// The error's code, or None.
        code: Option<Py<PyString>> = None,
        /// Why the task was lost, where it was.
        reason: Option<Py<PyString>> = None,
        /// Milliseconds since the Unix epoch.
        timestamp: i64 = 0,
        /// Made from the task's status because its own last message did not come.
        synthetic: bool = false,
    }

    /// Whether the task ended well.
    #[getter]
    fn ok(&self, py: Python<'_>) -> PyResult<bool> {
        Ok(self.kind.bind(py).to_cow()? == "complete")
    }

    /// The data of a task that ended well.
    ///
    /// Raises `TaskFailedError` for every other end.
    fn result<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        if self.ok(py)? {
            return (&self.data).into_pyobject(py);
        }
        let why = self.reason.as_ref().map(|reason| format!("was lost: {}", reason.bind(py)));
        let said = self.message.as_ref().or(self.code.as_ref());
        let failed = || said.map_or_else(|| "failed".to_owned(), |text| format!("failed: {}", text.bind(py)));
        let text = format!("task {} {}", self.task_id.bind(py), why.unwrap_or_else(failed));
        Err(crate::errors::raise(steadywire::ErrorKind::TaskFailed, &text))
    }
}

record! {
    /// What became of a message that was sent: its one final state.
    Receipt, 256, {
        /// `written`, `acked`, `rejected`, `dropped` or `unknown`.
        state: Py<PyString>,
        /// Why it was dropped, where it was: `superseded`, `overflow`, `disconnected`, `given_up`, `refused`, `closed`
        /// or `not_connected`.
        reason: Option<Py<PyString>> = None,
        /// The server's text, where it rejected the message.
        message: Option<Py<PyString>> = None,
        /// An acknowledgement was asked for and the server has none to give.
        ack_unsupported: bool = false,
    }

    /// Whether the message is known to have reached the server.
    #[getter]
    fn ok(&self, py: Python<'_>) -> PyResult<bool> {
        let state = self.state.bind(py).to_cow()?;
        Ok(state == "written" || state == "acked")
    }
}
