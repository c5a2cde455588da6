//! The terminal program.
#![allow(dead_code, unused_imports)]
mod args;
mod exit;
mod run;
mod text;
mod watch;

fn main() {}
