//! One exception class per kind of error, made from the table that every language shares.

use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString, PyTuple, PyType};
use rustc_hash::FxHashMap;
use steadywire::{Error, ErrorKind};

/// The classes, by the number of their kind. Written once; subinterpreters are refused.
static CLASSES: PyOnceLock<FxHashMap<u16, Py<PyType>>> = PyOnceLock::new();

/// The exception for an error of the core.
pub(crate) fn raised(error: &Error) -> PyErr {
    raise(error.kind(), error.message())
}

/// An exception of that kind.
pub(crate) fn raise(kind: ErrorKind, message: &str) -> PyErr {
    Python::attach(|py| match CLASSES.get(py).and_then(|classes| classes.get(&kind.code())) {
        Some(class) => PyErr::from_type(class.bind(py).clone(), message.to_owned()),
        None => PyException::new_err(message.to_owned()),
    })
}

/// Makes the classes and adds them to the module, with the list `ERRORS` of all.
pub(crate) fn add_to(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    let base = base_class(py)?;
    module.add("Error", &base)?;
    let mut classes = FxHashMap::default();
    let mut all = Vec::new();
    for kind in ErrorKind::ALL {
        let class = class_of(&base, *kind)?;
        module.add(class.name()?, &class)?;
        all.push(class.clone());
        classes.insert(kind.code(), class.unbind());
    }
    module.add("ERRORS", PyTuple::new(py, all)?)?;
    let _ = CLASSES.set(py, classes);
    Ok(())
}

fn base_class(py: Python<'_>) -> PyResult<Bound<'_, PyType>> {
    let doc = "What every error of this package is: `kind` names it, `code` is its number in every language, and \
               `is_retryable` says whether doing the same again later can succeed.";
    let fields = PyDict::new(py);
    fields.set_item("__doc__", doc)?;
    fields.set_item("__module__", "steadywire.errors")?;
    fields.set_item("kind", "")?;
    fields.set_item("code", 0)?;
    fields.set_item("is_retryable", false)?;
    make_class(py, "Error", &PyTuple::new(py, [py.get_type::<PyException>()])?, &fields)
}

fn class_of<'py>(base: &Bound<'py, PyType>, kind: ErrorKind) -> PyResult<Bound<'py, PyType>> {
    let py = base.py();
    let fields = PyDict::new(py);
    fields.set_item("__doc__", format!("Error {}, `{}`.", kind.code(), kind.name()))?;
    fields.set_item("__module__", "steadywire.errors")?;
    fields.set_item("kind", kind.name())?;
    fields.set_item("code", kind.code())?;
    fields.set_item("is_retryable", kind.is_retryable())?;
    let builtins = py.import("builtins")?;
    let mut bases = vec![base.clone()];
    if let Some(also) = also(kind) {
        bases.push(builtins.getattr(also)?.cast_into::<PyType>()?);
    }
    make_class(py, &class_name(kind), &PyTuple::new(py, bases)?, &fields)
}

fn make_class<'py>(
    py: Python<'py>,
    name: &str,
    bases: &Bound<'py, PyTuple>,
    fields: &Bound<'py, PyDict>,
) -> PyResult<Bound<'py, PyType>> {
    let class = py.get_type::<PyType>().call1((PyString::new(py, name), bases, fields))?;
    Ok(class.cast_into::<PyType>()?)
}

/// What Python programs catch for such an error already.
fn also(kind: ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::InvalidArgument | ErrorKind::InvalidUrl => Some("ValueError"),
        ErrorKind::UnknownOption => Some("TypeError"),
        ErrorKind::ConnectFailed | ErrorKind::ConnectionLost => Some("ConnectionError"),
        ErrorKind::Timeout | ErrorKind::ConnectTimeout | ErrorKind::HeartbeatTimeout => Some("TimeoutError"),
        _ => None,
    }
}

/// `queue_full` is `QueueFullError`, `server_error` is `ServerError`.
fn class_name(kind: ErrorKind) -> String {
    let mut name = String::new();
    for word in kind.name().split('_') {
        let mut letters = word.chars();
        name.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        name.push_str(letters.as_str());
    }
    if !name.ends_with("Error") {
        name.push_str("Error");
    }
    name
}
