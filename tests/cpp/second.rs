//! A second Rust library for the test of the static archive: it allocates, panics and catches the panic.

use std::collections::HashMap;

/// The number of distinct bytes of the text, found in a roundabout way.
///
/// # Safety
/// `text` ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn second_distinct(text: *const std::ffi::c_char) -> usize {
    // SAFETY: as demanded.
    let text = unsafe { std::ffi::CStr::from_ptr(text) }.to_bytes();
    let mut seen = HashMap::new();
    for byte in text {
        *seen.entry(*byte).or_insert(0) += 1;
    }
    seen.len()
}

/// Whether a panic was caught.
#[unsafe(no_mangle)]
pub extern "C" fn second_catches() -> bool {
    std::panic::set_hook(Box::new(|_| {}));
    std::thread::spawn(|| std::panic::catch_unwind(|| panic!("on purpose")).is_err()).join().unwrap_or(false)
}
