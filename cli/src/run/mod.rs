mod child;
mod collect;
mod lines;
mod progress;
mod pty;
mod signals;
