//! The pseudo-terminal of the command, and our own terminal while the command has it.

use std::io::{self, IsTerminal};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex, PoisonError};

use pty_process::Size;
use pty_process::blocking::{Pts, Pty};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetpgrp, tcgetwinsize, tcsetattr};

use super::pump::write_all;

const INPUT_BYTES: usize = 4096;

/// How often a program in the background looks whether it has come to the foreground.
const BACKGROUND_PAUSE: Timespec = Timespec { tv_sec: 0, tv_nsec: 200_000_000 };

/// Opens a pseudo-terminal of the size of ours.
pub(super) fn open_pty() -> io::Result<(Pty, Pts)> {
    let (master, slave) = pty_process::blocking::open().map_err(io::Error::other)?;
    follow_size(&master);
    Ok((master, slave))
}

/// Our terminal, handed over to the command: raw, its input passed on, its size followed.
pub(crate) struct Terminal {
    master: Pty,
    /// Our terminal's own settings while they are replaced.
    saved: Mutex<Option<Termios>>,
    has_input: bool,
}

impl Terminal {
    /// Makes our terminal raw and passes its input on until `ended` is closed.
    ///
    /// Without `has_input` (standard input is no terminal) only the size is followed. In the
    /// background the terminal is left alone until we come to the foreground.
    pub(super) fn take_over(master: Pty, has_input: bool, ended: Arc<OwnedFd>) -> Arc<Self> {
        let terminal = Arc::new(Self { master, saved: Mutex::new(None), has_input });
        if has_input {
            terminal.resume();
            let pump = terminal.clone();
            // Not joined: it may stand in a write to a command that does not read.
            std::thread::spawn(move || pump.pass_input(&ended));
        }
        terminal
    }

    /// Our terminal has another size now.
    pub(super) fn resized(&self) {
        follow_size(&self.master);
    }

    /// Takes the terminal over if we are in the foreground; again after a stop.
    pub(super) fn resume(&self) {
        let mut saved = self.saved.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.has_input || saved.is_some() || !in_foreground() {
            return;
        }
        let stdin = io::stdin();
        if let Ok(own) = tcgetattr(&stdin) {
            let mut raw = own.clone();
            raw.make_raw();
            if tcsetattr(&stdin, OptionalActions::Now, &raw).is_ok() {
                *saved = Some(own);
            }
        }
    }

    /// Puts our terminal's own settings back.
    pub(super) fn give_back(&self) {
        let saved = self.saved.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(own) = saved {
            // A terminal that is gone needs no settings.
            let _ = tcsetattr(io::stdin(), OptionalActions::Drain, &own);
        }
    }

    fn is_taken(&self) -> bool {
        self.saved.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    fn pass_input(&self, ended: &OwnedFd) {
        let stdin = io::stdin();
        let mut block = [0; INPUT_BYTES];
        loop {
            let mut fds = [PollFd::new(&ended, PollFlags::IN), PollFd::new(&stdin, PollFlags::IN)];
            let taken = self.is_taken();
            // Reading in the background would stop us.
            let (watched, timeout) =
                if taken { (&mut fds[..], None) } else { (&mut fds[..1], Some(&BACKGROUND_PAUSE)) };
            match poll(watched, timeout) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(_) => return,
            }
            if !fds[0].revents().is_empty() {
                return;
            }
            if !taken {
                self.resume();
            } else if !fds[1].revents().is_empty() {
                match rustix::io::read(&stdin, &mut block) {
                    Ok(0) => return,
                    Ok(count) => {
                        if write_all(&self.master, &block[..count]).is_err() {
                            return;
                        }
                    }
                    Err(Errno::INTR | Errno::AGAIN) => {}
                    Err(_) => return,
                }
            }
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.give_back();
    }
}

fn in_foreground() -> bool {
    tcgetpgrp(io::stdin()).is_ok_and(|group| group == rustix::process::getpgrp())
}

fn follow_size(master: &Pty) {
    let stdout = io::stdout();
    let stdin = io::stdin();
    let ours = [stdout.as_fd(), stdin.as_fd()].into_iter().find(|fd| fd.is_terminal()).map(tcgetwinsize);
    let Some(Ok(size)) = ours else { return };
    // A terminal that does not know its size: programs draw no bars on one without width.
    let or = |value, other| if value == 0 { other } else { value };
    let (rows, columns) = (or(size.ws_row, 24), or(size.ws_col, 80));
    let size = Size::new_with_pixel(rows, columns, size.ws_xpixel, size.ws_ypixel);
    // A wrong size is ugly, not wrong.
    drop(master.resize(size));
}
