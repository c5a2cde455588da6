//! How a program is compiled and linked.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The shared library as Cargo calls it. It lies beside this test.
pub(crate) fn library() -> PathBuf {
    let library = std::env::current_exe().unwrap().with_file_name("libsteadywire_c.so");
    assert!(library.exists(), "{} has not been built", library.display());
    library
}

/// A directory with the library under the names that it is installed with.
pub(crate) fn library_directory() -> &'static Path {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    DIRECTORY.get_or_init(|| {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("lib-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        for name in ["libsteadywire.so", "libsteadywire.so.0"] {
            let link = directory.join(name);
            let _ = std::fs::remove_file(&link);
            std::os::unix::fs::symlink(library(), link).unwrap();
        }
        directory
    })
}

/// Compiles tests/c/NAME.c as C99, or NAME.cpp as C++17, and links it with the shared library.
pub(crate) fn compile(name: &str) -> PathBuf {
    let program = library_directory().join(name);
    let source = |extension: &str| root().join("tests/c").join(format!("{name}.{extension}"));
    let mut compiler = if source("c").exists() {
        let mut cc = Command::new("cc");
        cc.arg("-std=c99").arg(source("c"));
        cc
    } else {
        let mut cpp = Command::new("c++");
        cpp.arg("-std=c++17").arg(source("cpp"));
        cpp
    };
    compiler.args(["-pedantic", "-Wall", "-Wextra", "-Werror", "-g", "-O1", "-pthread", "-I"]);
    compiler.arg(root().join("include"));
    compiler.args(std::env::var("STEADYWIRE_CFLAGS").unwrap_or_default().split_whitespace());
    compiler.arg("-o").arg(&program).arg("-L").arg(library_directory()).arg("-lsteadywire").arg("-ldl");
    let output = compiler.arg(format!("-Wl,-rpath,{}", library_directory().display())).output().unwrap();
    assert!(output.status.success(), "{name}:\n{}", String::from_utf8_lossy(&output.stderr));
    program
}
