//! What an end of a link or an attempt means: the table's entries, and the program's function that is asked.

use std::ffi::{c_char, c_void};
use std::sync::Arc;

use steadywire::{Disposition, Ending, Provider};
use tokio::sync::oneshot;

use crate::ask::{Asker, Callback, Question};
use crate::boundary;
use crate::callback::{UserData, steadywire_drop_callback};
use crate::config::{self, steadywire_config, unknown};
use crate::handle;
use crate::status::{STEADYWIRE_OK, steadywire_status};
use crate::text::{EMPTY, Text, give};

/// What happens after a link or an attempt ended. Unknown values will appear in later versions.
pub type steadywire_disposition = i32;
/// What was proposed: for classifiers.
pub const STEADYWIRE_DISPOSITION_PROPOSED: steadywire_disposition = -1;
/// Retry while there is open work, else stop quietly.
pub const STEADYWIRE_DISPOSITION_WHILE_OPEN: steadywire_disposition = 0;
/// Retry with backoff.
pub const STEADYWIRE_DISPOSITION_RETRY: steadywire_disposition = 1;
/// Retry after a longer while, or when the server's Retry-After says.
pub const STEADYWIRE_DISPOSITION_SLOW: steadywire_disposition = 2;
/// Refresh the credentials once per stable link, else stop for good.
pub const STEADYWIRE_DISPOSITION_REAUTH: steadywire_disposition = 3;
/// Retry, but stop for good after three in a row.
pub const STEADYWIRE_DISPOSITION_PROTOCOL: steadywire_disposition = 4;
/// Stop for good.
pub const STEADYWIRE_DISPOSITION_FATAL: steadywire_disposition = 5;

/// How a link or an attempt ended. Belongs to the library and is valid during the call of the classifier.
pub struct steadywire_ending {
    _private: [u8; 0],
}

/// Is asked what an end means, and returns STEADYWIRE_DISPOSITION_...; what it does not know is
/// STEADYWIRE_DISPOSITION_PROPOSED.
///
/// On a thread of the library, also while an event's callback of this client runs on another, or with
/// STEADYWIRE_DISPATCH_POLL inside steadywire_client_poll(), ahead of events. It has 1 s, then the proposal counts.
/// Functions that wait for this client return STEADYWIRE_WOULD_DEADLOCK inside it.
pub type steadywire_classify_callback =
    Option<unsafe extern "C" fn(ending: *const steadywire_ending, user_data: *mut c_void) -> steadywire_disposition>;

pub(crate) type ClassifyFunction =
    unsafe extern "C" fn(ending: *const steadywire_ending, user_data: *mut c_void) -> steadywire_disposition;

pub(crate) type ClassifyAsker = Asker<ClassifyFunction, EndingQuestion>;

pub(crate) struct EndingHandle {
    ending: Ending,
    reason: Text,
}

pub(crate) struct EndingQuestion {
    ending: Ending,
    sender: oneshot::Sender<Option<Disposition>>,
}

/// Says what a WebSocket close code or HTTP status means, where it differs from the library's table. Codes that are
/// neither are never met.
///
/// @param disposition STEADYWIRE_DISPOSITION_..., STEADYWIRE_DISPOSITION_PROPOSED to go back to the table
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_config_set_disposition(
    config: *mut steadywire_config,
    code: u16,
    disposition: steadywire_disposition,
) -> steadywire_status {
    config::set(config, |config| {
        if disposition == STEADYWIRE_DISPOSITION_PROPOSED {
            config.dispositions.remove(&code);
        } else {
            config.dispositions.insert(code, find(disposition).ok_or_else(|| unknown("disposition", disposition))?);
        }
        Ok(())
    })
}

/// Asks `callback` what each end means, where the program knows better than the table; NULL, the default, for nobody.
///
/// The callback serves one client: the first that is made with these options takes it. To make another with the same
/// options, set a callback anew.
///
/// @param user_data passed to each call; from here on the library's, also where this fails
/// @param drop NULL, or called once with `user_data` after the last call: when the client is freed or another callback
/// takes its place here, or the options are freed before a client was made
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_config_set_classify(
    config: *mut steadywire_config,
    callback: steadywire_classify_callback,
    user_data: *mut c_void,
    drop: steadywire_drop_callback,
) -> steadywire_status {
    let user_data = UserData::new(user_data, drop);
    let callback = callback.map(|function| Arc::new(Callback { function, user_data }));
    config::change(config, |state| std::mem::replace(&mut state.classify, callback))
}

/// The close code: 1005 = there was none, 1006 = there was no close frame; -1 where no link was closed.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_ending_close_code(ending: *const steadywire_ending) -> i32 {
    read(ending, -1, |ending| ending.close_code.map(i32::from))
}

/// The HTTP status that refused the attempt; -1 where none did.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_ending_http_status(ending: *const steadywire_ending) -> i32 {
    read(ending, -1, |ending| ending.http_status.map(i32::from))
}

/// What kind of failure it was, whatever it means.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_ending_error(ending: *const steadywire_ending) -> steadywire_status {
    read(ending, STEADYWIRE_OK, |ending| Some(steadywire_status::from(ending.kind.code())))
}

/// What it means unless the classifier says otherwise.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_ending_disposition(ending: *const steadywire_ending) -> steadywire_disposition {
    read(ending, STEADYWIRE_DISPOSITION_PROPOSED, |ending| {
        let place = Disposition::ALL.iter().position(|one| *one == ending.disposition);
        place.and_then(|place| steadywire_disposition::try_from(place).ok())
    })
}

/// What happened, a text for people without credentials. Valid during the call of the classifier.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_ending_reason(
    ending: *const steadywire_ending,
    length: *mut usize,
) -> *const c_char {
    let found = boundary::value(EMPTY, || Some(handle::get::<EndingHandle>(ending as usize).ok()?.reason.get()));
    // SAFETY: passed on.
    unsafe { give(found, length) }
}

/// What asks the program, as core wants it.
pub(crate) fn provider(asker: &Arc<ClassifyAsker>) -> Provider<Ending, Option<Disposition>> {
    let asker = Arc::clone(asker);
    Provider::later(move |ending| {
        let (sender, answer) = oneshot::channel();
        asker.ask(EndingQuestion { ending, sender });
        async { answer.await.unwrap_or(None) }
    })
}

/// Calls the program.
pub(crate) fn call(callback: &Callback<ClassifyFunction>, question: EndingQuestion) {
    let EndingQuestion { ending, sender } = question;
    let reason = Text::new(&ending.reason);
    let Ok(handle) = handle::insert(Arc::new(EndingHandle { ending, reason })) else { return };
    // SAFETY: the program gave this function for this `user_data`, which lives as long as `callback`.
    let answer = unsafe { (callback.function)(handle as *const steadywire_ending, callback.user_data.pointer()) };
    let _ = handle::remove::<EndingHandle>(handle);
    // Nobody listens where it comes too late.
    let _ = sender.send(find(answer));
}

impl Question for EndingQuestion {
    fn refuse(self, _why: &str) {
        let _ = self.sender.send(None);
    }
}

fn find(number: steadywire_disposition) -> Option<Disposition> {
    Disposition::ALL.get(usize::try_from(number).ok()?).copied()
}

fn read<T>(ending: *const steadywire_ending, fallback: T, look: impl FnOnce(&Ending) -> Option<T>) -> T {
    boundary::value(fallback, || look(&handle::get::<EndingHandle>(ending as usize).ok()?.ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dispositions_have_the_numbers_of_the_header() {
        let numbers = [
            (STEADYWIRE_DISPOSITION_WHILE_OPEN, Disposition::WhileOpen),
            (STEADYWIRE_DISPOSITION_RETRY, Disposition::Retry),
            (STEADYWIRE_DISPOSITION_SLOW, Disposition::Slow),
            (STEADYWIRE_DISPOSITION_REAUTH, Disposition::Reauth),
            (STEADYWIRE_DISPOSITION_PROTOCOL, Disposition::Protocol),
            (STEADYWIRE_DISPOSITION_FATAL, Disposition::Fatal),
        ];
        assert_eq!(numbers.len(), Disposition::ALL.len());
        numbers.iter().for_each(|(number, disposition)| assert_eq!(find(*number), Some(*disposition)));
        assert_eq!(find(STEADYWIRE_DISPOSITION_PROPOSED), None);
    }
}
