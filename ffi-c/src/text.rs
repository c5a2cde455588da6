//! Texts that cross the boundary.

use std::ffi::{CStr, c_char};

use steadywire::{Error, ErrorKind};

/// The length that says that a text ends at its first NUL. `STEADYWIRE_NUL` in the header.
pub(crate) const NUL: usize = usize::MAX;

/// A text given by C.
///
/// # Safety
/// `text` is NULL, or points to `length` bytes, or, with [`NUL`], to a NUL-terminated string; they stay as they are
/// while the answer is used.
pub(crate) unsafe fn text<'a>(text: *const c_char, length: usize, what: &str) -> Result<&'a str, Error> {
    let refused = |problem: &str| Err(Error::new(ErrorKind::InvalidArgument, format!("`{what}` {problem}")));
    if text.is_null() {
        return if length == 0 { Ok("") } else { refused("takes a text, not NULL") };
    }
    let bytes = if length == NUL {
        // SAFETY: the caller gives a NUL-terminated string.
        unsafe { CStr::from_ptr(text) }.to_bytes()
    } else if length > isize::MAX as usize {
        return refused("has an impossible length");
    } else {
        // SAFETY: the caller gives `length` bytes.
        unsafe { std::slice::from_raw_parts(text.cast(), length) }
    };
    std::str::from_utf8(bytes).or_else(|_| refused("is not UTF-8"))
}

/// As [`text`], where NULL of any length is none.
///
/// # Safety
/// As with [`text`].
pub(crate) unsafe fn optional<'a>(pointer: *const c_char, length: usize, what: &str) -> Result<Option<&'a str>, Error> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: passed on.
    unsafe { text(pointer, length, what) }.map(Some)
}

/// A text for C: it ends with a NUL, which its length does not count.
pub(crate) struct Text(Box<[u8]>);

impl Text {
    pub(crate) fn new(text: &str) -> Self {
        let mut bytes = Vec::with_capacity(text.len() + 1);
        bytes.extend_from_slice(text.as_bytes());
        bytes.push(0);
        Self(bytes.into_boxed_slice())
    }

    pub(crate) fn get(&self) -> (*const c_char, usize) {
        (self.0.as_ptr().cast(), self.0.len() - 1)
    }
}

/// No text.
pub(crate) const EMPTY: (*const c_char, usize) = (c"".as_ptr(), 0);

/// Passes a text out: its address is the answer, its length is written if that is wanted.
///
/// # Safety
/// `length` is NULL or may be written.
pub(crate) unsafe fn give((text, size): (*const c_char, usize), length: *mut usize) -> *const c_char {
    if !length.is_null() {
        // SAFETY: the caller says that it may be written.
        unsafe { *length = size };
    }
    text
}

/// Writes an output.
///
/// # Errors
/// [`ErrorKind::InvalidArgument`] for NULL. To be checked before anything has happened; see [`check_out`].
///
/// # Safety
/// `out` is NULL or may be written.
pub(crate) unsafe fn put<T>(out: *mut T, value: T) {
    if !out.is_null() {
        // SAFETY: the caller says that it may be written.
        unsafe { out.write(value) };
    }
}

/// Refuses an output that cannot be written.
pub(crate) fn check_out<T>(out: *mut T, what: &str) -> Result<(), Error> {
    if out.is_null() {
        return Err(Error::new(ErrorKind::InvalidArgument, format!("`{what}` is where the answer goes; it is NULL")));
    }
    Ok(())
}
