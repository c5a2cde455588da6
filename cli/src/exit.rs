//! The exit statuses that scripts rely on.

/// How the program ends. Later variants are worse, for commands that follow several tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    /// Every task is complete, or everything was delivered: 0.
    Complete,
    /// A task ended with an error: 1.
    TaskError,
    /// The program was called wrongly: 2.
    Usage,
    /// A task was lost, or something could not be delivered: 3.
    Lost,
    /// This very status: that of the command, or 128 + the signal that ended us.
    Status(u8),
}

impl Exit {
    /// The exit status for a signal, as shells count them.
    pub(crate) fn signal(number: i32) -> Self {
        Self::Status(u8::try_from(128 + number).unwrap_or(255))
    }

    /// The number the operating system gets.
    pub(crate) fn status(self) -> u8 {
        match self {
            Self::Complete => 0,
            Self::TaskError => 1,
            Self::Usage => 2,
            Self::Lost => 3,
            Self::Status(status) => status,
        }
    }
}

/// Says on standard error what went wrong, and gives back the status to end with.
pub(crate) fn fail(exit: Exit, text: impl std::fmt::Display) -> Exit {
    eprintln!("steadywire: {text}");
    exit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_of_several_is_the_largest() {
        let all = [Exit::TaskError, Exit::Complete, Exit::Lost];
        assert_eq!(all.into_iter().max(), Some(Exit::Lost));
        assert_eq!([Exit::TaskError, Exit::Complete].into_iter().max(), Some(Exit::TaskError));
    }

    #[test]
    fn numbers_are_as_documented() {
        let statuses = [Exit::Complete, Exit::TaskError, Exit::Usage, Exit::Lost, Exit::signal(15)].map(Exit::status);
        assert_eq!(statuses, [0, 1, 2, 3, 143]);
        assert_eq!(Exit::signal(1000).status(), 255);
    }
}
