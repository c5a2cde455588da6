//! Stands in for the client while it does not exist.

use std::io;
use std::sync::Arc;

use crate::corpus::Corpus;
use crate::lagging::Lagged;
use crate::tally::Tally;

pub(crate) const PRESENT: bool = false;

fn absent<T>() -> io::Result<T> {
    Err(io::Error::other("built without the client"))
}
pub(crate) fn read(_: u16, _: Corpus, _: &Arc<Tally>) -> io::Result<()> {
    absent()
}
pub(crate) fn echo(_: u16, _: usize) -> io::Result<Vec<u64>> {
    absent()
}
pub(crate) fn connect_many(_: u16, _: usize) -> io::Result<Vec<()>> {
    absent()
}
pub(crate) fn send(_: u16, _: u64) -> io::Result<()> {
    absent()
}
pub(crate) fn lag(_: u16) -> io::Result<Lagged> {
    absent()
}
