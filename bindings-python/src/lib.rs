//! `steadywire._native`: what the Python package stands on.
//!
//! - `native`: one client, as `steadywire::consumer` gives it; events are pulled in batches
//! - `events`: the frozen classes of events, outcomes and receipts
//! - `make`: turns a batch into them
//! - `errors`: one exception class per kind of error
//! - `bell`: how waiting threads and event loops are woken
//! - `log`: where the core's lines for operators wait for a thread of Python
//!
//! No thread of Rust ever attaches to the interpreter: it rings the bell, and a thread made in Python comes and takes.

mod bell;
mod errors;
mod events;
mod json;
mod log;
mod make;
mod native;

use pyo3::exceptions::PyImportError;
use pyo3::prelude::*;

/// The native half of the package; `steadywire` is its public face.
#[pymodule(gil_used = false)]
mod _native {
    use std::ffi::OsString;

    use pyo3::prelude::*;
    use pyo3::types::PyDict;

    #[pymodule_export]
    use super::events::{
        Complete, Connected, Disconnected, ErrorEvent, Gap, Heartbeat, Log, Lost, Message, Outcome, Overflow, Progress,
        Receipt, Retry, StateChange, Status, weight,
    };
    #[pymodule_export]
    use super::log::{log_begin, log_end, log_take};
    #[pymodule_export]
    use super::native::Native;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        let py = module.py();
        super::refuse_subinterpreters()?;
        module.add("__version__", env!("CARGO_PKG_VERSION"))?;
        module.add("FOLLOW_MAX_EVENTS", steadywire::FOLLOW_MAX_EVENTS)?;
        module.add("FOLLOW_MAX_BYTES", steadywire::FOLLOW_MAX_BYTES)?;
        module.add("MAX_QUESTIONS", steadywire::consumer::MAX_QUESTIONS)?;
        let kinds = PyDict::new(py);
        for kind in steadywire::EventKind::ALL {
            kinds.set_item(super::events::python_word(kind.name()), steadywire::inbox::Interest::bit(*kind))?;
        }
        module.add("KINDS", kinds)?;
        super::errors::add_to(module)
    }

    /// Runs the terminal program with these words, its own name first, and gives its exit status. It handles the
    /// signals of the process meanwhile.
    #[pyfunction]
    fn run_program(py: Python<'_>, words: Vec<OsString>) -> u8 {
        py.detach(|| steadywire_cli::main(words))
    }
}

/// Classes and interned texts are shared by the whole process, which interpreters beside the first must not.
fn refuse_subinterpreters() -> PyResult<()> {
    // SAFETY: this thread is attached to an interpreter, of which both calls only read.
    #[allow(unsafe_code, reason = "the interpreter's number is had in C only")]
    let number = unsafe { pyo3::ffi::PyInterpreterState_GetID(pyo3::ffi::PyInterpreterState_Get()) };
    if number == 0 {
        return Ok(());
    }
    Err(PyImportError::new_err("steadywire works in the main interpreter only, not in subinterpreters"))
}
