//! What a process has used: CPU time, memory, and which core it may run on.

use std::io;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_setaffinity};
use rustix::time::{ClockId, clock_gettime};

/// A moment on two clocks: the wall and this process's CPU (user and system, all threads).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    cpu: Duration,
    wall: Instant,
}

/// What lies between two marks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) cpu_s: f64,
    pub(crate) wall_s: f64,
}

impl Mark {
    pub(crate) fn now() -> Self {
        let cpu = clock_gettime(ClockId::ProcessCPUTime);
        let cpu = Duration::new(u64::try_from(cpu.tv_sec).unwrap_or(0), u32::try_from(cpu.tv_nsec).unwrap_or(0));
        Self { cpu, wall: Instant::now() }
    }

    pub(crate) fn until(self, later: Self) -> Span {
        Span {
            cpu_s: later.cpu.saturating_sub(self.cpu).as_secs_f64(),
            wall_s: later.wall.saturating_duration_since(self.wall).as_secs_f64(),
        }
    }
}

/// Resident memory of this process in KiB.
pub(crate) fn resident_kib() -> io::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|number| number.parse().ok())
        .ok_or_else(|| io::Error::other("no VmRSS in /proc/self/status"))
}

/// How many threads this process has.
pub(crate) fn threads() -> io::Result<u64> {
    Ok(std::fs::read_dir("/proc/self/task")?.count() as u64)
}

/// Keeps this thread, and those it will start, on one core.
pub(crate) fn pin(core: usize) -> io::Result<()> {
    let mut set = CpuSet::new();
    set.set(core);
    Ok(sched_setaffinity(None, &set)?)
}

/// Allows as many open files as the system grants.
pub(crate) fn raise_file_limit() -> io::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    Ok(setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })?)
}
