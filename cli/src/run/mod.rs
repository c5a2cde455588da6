//! `steadywire run`: any command, reported as a task.

mod child;
mod collect;
mod lines;
mod progress;
mod pty;
mod report;
mod signals;
