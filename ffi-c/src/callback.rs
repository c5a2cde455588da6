//! A function of the program with its `user_data`, and the three promises about them: no call after `drop` began;
//! `drop` runs exactly once, after the last call; they never overlap.
//!
//! All three follow from ownership: whoever may call holds the [`UserData`], which runs `drop` when it goes, and who
//! calls needs it for himself.

use std::ffi::c_void;

/// Is called once when the library no longer needs `user_data`; NULL where nothing is to be freed.
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
