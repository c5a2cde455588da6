//! The terminal program.

mod args;
mod exit;
mod run;
mod text;

fn main() {}
