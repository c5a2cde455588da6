//! The terminal program.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(steadywire_cli::main(std::env::args_os()))
}
