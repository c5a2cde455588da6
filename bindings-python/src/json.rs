//! JSON that came with an event: parsed when somebody looks.

use pyo3::exceptions::{PyRecursionError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyString;

static LOADS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// The value of a field that holds any JSON.
pub(crate) struct Json {
    text: Option<Py<PyString>>,
    value: PyOnceLock<Py<PyAny>>,
}

impl Json {
    /// From the text that came; `None` = there is nothing.
    pub(crate) fn new(py: Python<'_>, text: Option<&str>) -> Self {
        Self { text: text.map(|text| PyString::new(py, text).unbind()), value: PyOnceLock::new() }
    }

    /// No value.
    pub(crate) fn none() -> Self {
        Self { text: None, value: PyOnceLock::new() }
    }

    /// About how many bytes it holds.
    pub(crate) fn weight(&self, py: Python<'_>) -> usize {
        self.text.as_ref().map_or(0, |text| text.bind(py).len().unwrap_or(0))
    }

    /// What Python cannot read (too deep, a number without bounds) stays the text it is.
    fn parse(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let Some(text) = &self.text else { return Ok(py.None()) };
        let loads = LOADS.get_or_try_init(py, || py.import("json")?.getattr("loads").map(Bound::unbind))?;
        match loads.call1(py, (text,)) {
            Ok(value) => Ok(value),
            Err(error) if error.is_instance_of::<PyValueError>(py) || error.is_instance_of::<PyRecursionError>(py) => {
                Ok(text.clone_ref(py).into_any())
            }
            Err(error) => Err(error),
        }
    }
}

impl<'py> IntoPyObject<'py> for &Json {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let value = self.value.get_or_try_init(py, || self.parse(py))?;
        Ok(value.bind(py).clone())
    }
}

impl<'py> FromPyObject<'_, 'py> for Json {
    type Error = PyErr;

    fn extract(value: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let cell = PyOnceLock::new();
        let _ = cell.set(value.py(), value.to_owned().unbind());
        Ok(Self { text: None, value: cell })
    }
}
