//! The terminal program.

mod run;
mod text;

fn main() {}
