//! What every entry of the library goes through.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::ffi::c_char;
use std::panic::{AssertUnwindSafe, catch_unwind};

use steadywire::{Error, ErrorKind};

use crate::status::{STEADYWIRE_OK, steadywire_status};

thread_local! {
    static LAST_ERROR: RefCell<String> = const { RefCell::new(String::new()) };
    /// This thread is inside the log callback.
    static IN_LOG: Cell<bool> = const { Cell::new(false) };
}

/// Runs the body of an entry that answers with a status. An error, and a panic, is a status whose text is kept for
/// `steadywire_last_error`.
pub(crate) fn status(body: impl FnOnce() -> Result<(), Error>) -> steadywire_status {
    with_status(|| body().map(|()| STEADYWIRE_OK))
}

/// As [`status`], for entries that have more than one good end.
pub(crate) fn with_status(body: impl FnOnce() -> Result<steadywire_status, Error>) -> steadywire_status {
    guarded(body).unwrap_or_else(|error| {
        let code = error.kind().code();
        // No message is better than a panic here: the thread may be ending.
        let _ = LAST_ERROR.try_with(|last| {
            if let Ok(mut last) = last.try_borrow_mut() {
                last.clear();
                last.push_str(error.message());
            }
        });
        steadywire_status::from(code)
    })
}

/// Runs the body of an entry that answers with a value; `fallback` is the answer where there is none.
pub(crate) fn value<T>(fallback: T, body: impl FnOnce() -> Option<T>) -> T {
    guarded(|| Ok(body())).ok().flatten().unwrap_or(fallback)
}

/// Runs the body of an entry that frees something. Freeing what is no handle does nothing.
pub(crate) fn free(body: impl FnOnce() -> Result<(), Error>) {
    // There is nobody to tell.
    let _ = guarded(body);
}

/// While it lives, this thread is inside the log callback, where nothing may be called.
pub(crate) struct LogMark(bool);

impl LogMark {
    pub(crate) fn set() -> Self {
        Self(IN_LOG.replace(true))
    }
}

impl Drop for LogMark {
    fn drop(&mut self) {
        IN_LOG.set(self.0);
    }
}

fn guarded<T>(body: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    if IN_LOG.try_with(Cell::get) == Ok(true) {
        let text = "the log callback may call nothing of this library but steadywire_last_error";
        return Err(Error::new(ErrorKind::WouldDeadlock, text));
    }
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| {
        let text = format!("this is a defect of the library: it panicked: {}", panic_text(&*panic));
        Err(Error::new(ErrorKind::Internal, text))
    })
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("(no text)")
}

/// Copies this thread's last error into `buffer`, a text for people: what happened, and what can be done.
///
/// It is set when a function of this library fails on this thread, and left alone when one succeeds, so look at the
/// status first. The text is cut where the buffer ends (never inside a character) and always ends with a NUL.
///
/// Answers with the length of the whole text without its NUL, so that `steadywire_last_error(NULL, 0) + 1` bytes hold
/// it; 0 where nothing has failed yet. May be called anywhere, also inside the log callback.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_last_error(buffer: *mut c_char, size: usize) -> usize {
    let copied = LAST_ERROR.try_with(|last| {
        let Ok(last) = last.try_borrow() else { return 0 };
        if !buffer.is_null() && size > 0 {
            let mut end = last.len().min(size - 1);
            while !last.is_char_boundary(end) {
                end -= 1;
            }
            // SAFETY: the caller gives `size` bytes, of which `end + 1` at most are written; a thread's own text does
            // not overlap with a buffer of the caller.
            unsafe {
                std::ptr::copy_nonoverlapping(last.as_ptr().cast(), buffer, end);
                *buffer.add(end) = 0;
            }
        }
        last.len()
    });
    copied.unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::{STEADYWIRE_INTERNAL, STEADYWIRE_WOULD_DEADLOCK};

    fn last_error() -> String {
        let mut buffer = [1u8; 200];
        // SAFETY: the buffer is as large as said.
        let length = unsafe { steadywire_last_error(buffer.as_mut_ptr().cast(), buffer.len()) };
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    }

    #[test]
    fn a_panic_is_a_status() {
        assert_eq!(status(|| panic!("on {}", "purpose")), STEADYWIRE_INTERNAL);
        assert!(last_error().ends_with("it panicked: on purpose"), "{}", last_error());
        assert_eq!(value(7, || panic!("again")), 7);
        assert_eq!(status(|| Ok(())), STEADYWIRE_OK);
        assert!(last_error().ends_with("on purpose"), "success leaves the text alone");
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        status(|| Err(Error::new(ErrorKind::Internal, "aäb")));
        let mut buffer = [1u8; 3];
        // SAFETY: the buffer is as large as said.
        assert_eq!(unsafe { steadywire_last_error(buffer.as_mut_ptr().cast(), 3) }, 4);
        assert_eq!(buffer, [b'a', 0, 1]);
    }

    #[test]
    fn nothing_may_be_called_inside_the_log_callback() {
        let mark = LogMark::set();
        assert_eq!(status(|| Ok(())), STEADYWIRE_WOULD_DEADLOCK);
        drop(mark);
        assert_eq!(status(|| Ok(())), STEADYWIRE_OK);
    }
}
