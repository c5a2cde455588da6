//! Ctrl-C and friends, for commands that end in good order.

use std::io;
use std::sync::mpsc::SyncSender;

use crate::watch::Input;

/// Sends a word to the watcher when a signal asks us to leave. The second one ends us at once.
#[cfg(unix)]
pub(crate) fn tell(sender: SyncSender<Input>) -> io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

    let mut signals = signal_hook::iterator::Signals::new([SIGHUP, SIGINT, SIGTERM])?;
    std::thread::spawn(move || {
        let mut asked = false;
        for signal in signals.forever() {
            // When nobody listens any more or the screen is stuck, and at the second time.
            if asked || sender.try_send(Input::Signal(signal)).is_err() {
                std::process::exit(128 + signal);
            }
            asked = true;
        }
    });
    Ok(())
}

/// Elsewhere the system ends us.
#[cfg(not(unix))]
pub(crate) fn tell(_sender: SyncSender<Input>) -> io::Result<()> {
    Ok(())
}
