//! `steadywire watch`: follow tasks until each has ended.
mod bars;
mod json;
pub(crate) mod model;
mod plain;
use model::Model;
use std::{io, time::Duration};
use steadywire::event::Event;
pub(crate) trait Screen {
    /// Shows an event.
    fn event(&mut self, event: &Event<'_>, model: &mut Model, now: Duration) -> io::Result<()>;
    fn say(&mut self, text: &str) -> io::Result<()>;
    fn draw(&mut self, model: &Model, now: Duration) -> io::Result<()>;
    fn finish(&mut self, model: &Model, now: Duration) -> io::Result<()>;
}
