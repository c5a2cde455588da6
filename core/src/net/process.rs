//! What each process has one of, also those that are forked off.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// A value of which each process has its own: a forked child gets a fresh one and never touches its parent's, whose
/// locks may have been held by another thread at the fork.
#[derive(Debug)]
pub struct PerProcess<T> {
    /// 0 = of no process yet.
    process: AtomicU32,
    value: T,
    make: fn() -> T,
    next: OnceLock<Box<Self>>,
}

impl<T> PerProcess<T> {
    /// `value` is for the first process that asks, what `make` makes for its children.
    pub const fn new(value: T, make: fn() -> T) -> Self {
        Self { process: AtomicU32::new(0), value, make, next: OnceLock::new() }
    }

    /// The value of this process.
    pub fn get(&self) -> &T {
        self.of(std::process::id())
    }

    fn of(&self, process: u32) -> &T {
        let mut slot = self;
        loop {
            let owner = slot.process.compare_exchange(0, process, Ordering::AcqRel, Ordering::Acquire);
            if owner.is_ok() || owner == Err(process) {
                return &slot.value;
            }
            slot = slot.next.get_or_init(|| Box::new(Self::new((self.make)(), self.make)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_belongs_to_the_process_that_came_first() {
        let values = PerProcess::new(AtomicU32::new(1), || AtomicU32::new(2));
        assert_eq!(values.of(7).load(Ordering::Relaxed), 1);
        values.of(7).store(3, Ordering::Relaxed);
        assert_eq!(values.of(8).load(Ordering::Relaxed), 2, "a forked child must not use its parent's");
        assert_eq!(values.of(7).load(Ordering::Relaxed), 3);
    }
}
