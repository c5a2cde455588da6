//! A function of the program with its `user_data`, and the three promises about them: no call after `drop` began;
//! `drop` runs exactly once, after the last call; they never overlap.
//!
//! All three follow from ownership: whoever may call holds the [`UserData`], which runs `drop` when it goes, and who
//! calls needs it for himself.

use std::cell::Cell;
use std::ffi::c_void;

/// Is called once when the library no longer needs `user_data`, after the last call of the function that it was given
/// with and never at the same time. NULL where nothing is to be freed.
pub type steadywire_drop_callback = Option<unsafe extern "C" fn(user_data: *mut c_void)>;

/// What the program gave with a function. Dropping it runs the program's `drop`.
pub(crate) struct UserData {
    pointer: *mut c_void,
    drop: steadywire_drop_callback,
}

// SAFETY: the header demands of the program that its `user_data` may be used on the library's threads.
unsafe impl Send for UserData {}

// SAFETY: as above; shared references only read the pointer.
unsafe impl Sync for UserData {}

impl UserData {
    /// From here on it is the library's, also if the entry that was given it fails.
    pub(crate) fn new(pointer: *mut c_void, drop: steadywire_drop_callback) -> Self {
        Self { pointer, drop }
    }

    pub(crate) fn pointer(&self) -> *mut c_void {
        self.pointer
    }
}

impl Drop for UserData {
    fn drop(&mut self) {
        if let Some(drop) = self.drop {
            // SAFETY: the program gave this function for this pointer; it is called once, as this is dropped once.
            unsafe { drop(self.pointer) };
        }
    }
}

thread_local! {
    /// The handle of the client that asks the program something on this thread; 0 = none.
    static ASKED_BY: Cell<usize> = const { Cell::new(0) };
}

/// While it lives, this thread runs a function that a client asks something.
pub(crate) struct AskedMark(usize);

impl AskedMark {
    pub(crate) fn set(client: usize) -> Self {
        Self(ASKED_BY.replace(client))
    }

    /// Whether this thread runs a function that this client asks something.
    pub(crate) fn is_set(client: usize) -> bool {
        ASKED_BY.get() == client
    }
}

impl Drop for AskedMark {
    fn drop(&mut self) {
        ASKED_BY.set(self.0);
    }
}
