//! Signals that reach us are for the command.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::process::{Pid, Signal, getpid, kill_process, kill_process_group};
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGUSR1, SIGUSR2, SIGWINCH};
use signal_hook::iterator::SignalsInfo;
use signal_hook::iterator::exfiltrator::WithOrigin;
use signal_hook::low_level::siginfo::{Cause, Origin};

use super::pty::Terminal;

/// Most signals that wait for the command to be started; there are no more kinds.
const MAX_EARLY: usize = 8;

/// Whom signals are passed on to.
#[derive(Default)]
pub(crate) struct Target {
    state: Mutex<State>,
    leave: AtomicBool,
}

#[derive(Default)]
enum State {
    #[default]
    Before,
    Early(Vec<i32>),
    Running(Pid, Option<Arc<Terminal>>),
    Ended,
}

/// Begins to pass on signals, on a thread of its own. Signals that whoever started us has set to be
/// ignored stay ignored, for us and for the command.
pub(crate) fn forward_to(target: &Arc<Target>, pty: bool) -> io::Result<()> {
    let mut wanted = vec![SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2];
    if pty {
        wanted.extend([SIGWINCH, SIGTSTP, SIGCONT]);
    }
    let ignored = ignored_signals();
    wanted.retain(|signal| ignored & (1 << (signal - 1)) == 0);
    let mut signals = SignalsInfo::<WithOrigin>::new(wanted)?;
    let target = target.clone();
    std::thread::spawn(move || {
        for origin in signals.forever() {
            target.handle(&origin);
        }
    });
    Ok(())
}

impl Target {
    /// The command runs now.
    pub(super) fn started(&self, pid: Pid, terminal: Option<Arc<Terminal>>) {
        let mut state = self.lock();
        if let State::Early(signals) = &*state {
            for signal in signals {
                send(*signal, pid, false);
            }
        }
        if let Some(terminal) = &terminal {
            // Ours may have been resized since the command's was opened.
            terminal.resized();
        }
        *state = State::Running(pid, terminal);
    }

    /// The command has ended; signals from now on are for us.
    pub(super) fn ended(&self) {
        *self.lock() = State::Ended;
    }

    /// Somebody wants us gone after the command has ended.
    pub(crate) fn wants_us_gone(&self) -> bool {
        self.leave.load(Ordering::Relaxed)
    }

    /// Somebody wants us gone now.
    pub(super) fn leave(&self) {
        self.leave.store(true, Ordering::Relaxed);
    }

    fn handle(&self, origin: &Origin) {
        let signal = origin.signal;
        let mut state = self.lock();
        match &mut *state {
            State::Before => *state = State::Early(vec![signal]),
            State::Early(signals) => {
                if signals.len() < MAX_EARLY && !signals.contains(&signal) {
                    signals.push(signal);
                }
            }
            State::Ended => self.leave(),
            State::Running(pid, Some(terminal)) => match signal {
                SIGWINCH => terminal.resized(),
                SIGTSTP => {
                    terminal.give_back();
                    send(SIGTSTP, *pid, true);
                    // Only this stops us: the handler has replaced what SIGTSTP does by itself.
                    let _ = kill_process(getpid(), Signal::STOP);
                }
                SIGCONT => {
                    send(SIGCONT, *pid, true);
                    terminal.resized();
                    terminal.resume();
                }
                _ => send(signal, *pid, from_terminal(origin)),
            },
            // Without a pseudo-terminal the command is in our process group, so that what the
            // terminal sends has reached it already; twice would mean "at once" to many programs.
            State::Running(pid, None) => {
                if !from_terminal(origin) {
                    send(signal, *pid, false);
                }
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ctrl-C and the like, or the end of the terminal. The kernel of macOS names no cause and no sender.
fn from_terminal(origin: &Origin) -> bool {
    match origin.cause {
        Cause::Kernel => true,
        Cause::Unknown => origin.process.is_none_or(|process| process.pid == 0),
        _ => false,
    }
}

fn send(signal: i32, pid: Pid, group: bool) {
    let signal = match signal {
        SIGHUP => Signal::HUP,
        SIGINT => Signal::INT,
        SIGQUIT => Signal::QUIT,
        SIGTERM => Signal::TERM,
        SIGUSR1 => Signal::USR1,
        SIGUSR2 => Signal::USR2,
        SIGCONT => Signal::CONT,
        // The command has no shell above it in its session, which would make it ignore SIGTSTP.
        SIGTSTP => Signal::STOP,
        _ => return,
    };
    // A command that ended in between needs no signal.
    let _ = if group { kill_process_group(pid, signal) } else { kill_process(pid, signal) };
}

/// The signals that are ignored, one bit each; where the system does not say, none.
///
/// A handler of ours would undo `nohup` for the command: exec resets what is handled, not what is ignored.
fn ignored_signals() -> u64 {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else { return 0 };
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}
