//! What the linker is told about the shared library.

/// The number in the library's soname; the same as `STEADYWIRE_ABI_VERSION`.
const ABI_VERSION: u32 = 0;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    match std::env::var("CARGO_CFG_TARGET_OS").as_deref() {
        Ok("macos") => {
            println!("cargo:rustc-cdylib-link-arg=-Wl,-install_name,@rpath/libsteadywire.{ABI_VERSION}.dylib");
        }
        Ok("windows") => {}
        _ => {
            println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libsteadywire.so.{ABI_VERSION}");
            // Its threads live as long as the process: their code must not be unmapped by a dlclose.
            println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
        }
    }
}
