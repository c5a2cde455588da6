//! The names of what stands as a number in events.

use std::ffi::c_char;
use std::sync::LazyLock;

use steadywire::{DropReason, ErrorSource, EventKind, Level, LostReason, State};

use crate::event::{
    lost_reason, steadywire_error_source, steadywire_kind, steadywire_level, steadywire_lost_reason, steadywire_state,
};
use crate::receipt::steadywire_drop_reason;
use crate::text::Text;

const STATES: [State; 5] =
    [State::Disconnected, State::Connecting, State::Connected, State::Reconnecting, State::Error];
const LEVELS: [Level; 4] = [Level::Debug, Level::Info, Level::Warn, Level::Error];
const SOURCES: [ErrorSource; 5] =
    [ErrorSource::Task, ErrorSource::Transport, ErrorSource::Protocol, ErrorSource::Auth, ErrorSource::Callback];
const REASONS: [LostReason; 6] = [
    LostReason::Disconnected,
    LostReason::GivenUp,
    LostReason::Refused,
    LostReason::Forgotten,
    LostReason::Unsubscribed,
    LostReason::Closed,
];

/// Names by their numbers.
type Names = LazyLock<Vec<(i32, Text)>>;

fn find(names: &Names, number: i32) -> *const c_char {
    let found = names.iter().find(|(known, _)| *known == number);
    found.map_or(c"unknown".as_ptr(), |(_, name)| name.get().0)
}

/// The name of a kind of event, such as "stateChange"; "unknown" for a number that this library does not know.
/// A constant: nothing is to be freed. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_kind_name(kind: steadywire_kind) -> *const c_char {
    static NAMES: Names =
        LazyLock::new(|| EventKind::ALL.iter().map(|kind| (*kind as i32, Text::new(kind.name()))).collect());
    find(&NAMES, kind)
}

/// The name of a state, such as "reconnecting"; "unknown" for a number that this library does not know.
/// A constant: nothing is to be freed. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_state_name(state: steadywire_state) -> *const c_char {
    static NAMES: Names =
        LazyLock::new(|| STATES.iter().map(|state| (*state as i32, Text::new(state.name()))).collect());
    find(&NAMES, state)
}

/// The name of a level, such as "warn"; "unknown" for a number that this library does not know.
/// A constant: nothing is to be freed. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_level_name(level: steadywire_level) -> *const c_char {
    static NAMES: Names =
        LazyLock::new(|| LEVELS.iter().map(|level| (*level as i32, Text::new(level.name()))).collect());
    find(&NAMES, level)
}

/// The name of where an error comes from, such as "transport"; "unknown" for a number that this library does not know.
/// A constant: nothing is to be freed. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_error_source_name(source: steadywire_error_source) -> *const c_char {
    static NAMES: Names =
        LazyLock::new(|| SOURCES.iter().map(|source| (*source as i32, Text::new(source.name()))).collect());
    find(&NAMES, source)
}

/// The name of why a task was lost, such as "givenUp"; "unknown" for a number that this library does not know.
/// A constant: nothing is to be freed. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_lost_reason_name(reason: steadywire_lost_reason) -> *const c_char {
    static NAMES: Names =
        LazyLock::new(|| REASONS.iter().map(|reason| (lost_reason(*reason), Text::new(reason.name()))).collect());
    find(&NAMES, reason)
}

/// The name of why a message never left, such as "superseded"; "unknown" for a number that this library does not know.
/// A constant: nothing is to be freed. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_drop_reason_name(reason: steadywire_drop_reason) -> *const c_char {
    static NAMES: Names = LazyLock::new(|| {
        (0..).zip(DropReason::ALL).map(|(number, reason)| (number, Text::new(reason.name()))).collect()
    });
    find(&NAMES, reason)
}
