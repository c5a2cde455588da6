//! Which library this is.

use std::ffi::c_char;

/// The version of the binary interface that this header describes. Programs that were built with it work with every
/// library whose `steadywire_abi_version()` is the same; the shared library's soname ends with this number.
pub const STEADYWIRE_ABI_VERSION: u32 = 0;

/// The library's version, such as "0.1.0". A constant: nothing is to be freed. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_version() -> *const c_char {
    const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");
    VERSION.as_ptr().cast()
}

/// The version of the library's binary interface, to be compared with STEADYWIRE_ABI_VERSION by programs that load the
/// library themselves. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_abi_version() -> u32 {
    STEADYWIRE_ABI_VERSION
}
