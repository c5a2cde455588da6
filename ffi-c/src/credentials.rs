//! The program's function that is asked for credentials, and its answer, now or later.

use std::ffi::{c_char, c_void};
use std::sync::{Arc, Mutex, PoisonError};

use steadywire::{Credentials, CredentialsError, CredentialsRequest, Error, ErrorKind, Provider};
use tokio::sync::oneshot;

use crate::ask::{Asker, Callback, Question};
use crate::boundary;
use crate::callback::{UserData, steadywire_drop_callback};
use crate::config::{self, steadywire_config};
use crate::handle;
use crate::status::steadywire_status;
use crate::text::{EMPTY, Text, give, text};

/// A question for credentials, which belongs to the program: it is put together with the functions below and ended
/// with steadywire_credentials_request_answer() or steadywire_credentials_request_fail(), now or later, on any thread.
/// Both free it. What is neither answered nor failed within 30 s is a failed attempt, as is one that is freed. Answers
/// that come too late, or after the client was freed, do nothing.
pub struct steadywire_credentials_request {
    _private: [u8; 0],
}

/// Is called before every attempt, with a request that belongs to the program from then on.
///
/// On a thread of the library, also while an event's callback of this client runs on another, or with
/// STEADYWIRE_DISPATCH_POLL inside steadywire_client_poll(), ahead of events. While it has not returned, further
/// attempts fail. Functions that wait for this client return STEADYWIRE_WOULD_DEADLOCK inside it.
pub type steadywire_credentials_callback =
    Option<unsafe extern "C" fn(request: *mut steadywire_credentials_request, user_data: *mut c_void)>;

pub(crate) type CredentialsFunction =
    unsafe extern "C" fn(request: *mut steadywire_credentials_request, user_data: *mut c_void);

pub(crate) type CredentialsAsker = Asker<CredentialsFunction, RequestHandle>;

type Given = Result<Credentials, CredentialsError>;

pub(crate) struct RequestHandle {
    request: CredentialsRequest,
    reason: Text,
    answer: Mutex<Answer>,
}

struct Answer {
    credentials: Credentials,
    /// `None` once it is answered.
    sender: Option<oneshot::Sender<Given>>,
}

/// Asks `callback` for credentials before every attempt, or nothing if that is NULL (the default). What it leaves out
/// is as configured. Its answer has 30 s of its own, before the connect timeout begins.
///
/// The callback serves one client: the first that is made with these options takes it. To make another with the same
/// options, set a callback anew.
///
/// @param user_data passed to each call; from here on the library's, also where this fails
/// @param drop NULL, or called once with `user_data` after the last call: when the client is freed or another callback
/// takes its place here, or the options are freed before a client was made
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_config_set_credentials(
    config: *mut steadywire_config,
    callback: steadywire_credentials_callback,
    user_data: *mut c_void,
    drop: steadywire_drop_callback,
) -> steadywire_status {
    let user_data = UserData::new(user_data, drop);
    let callback = callback.map(|function| Arc::new(Callback { function, user_data }));
    config::change(config, |state| std::mem::replace(&mut state.credentials, callback))
}

/// What asks the program, as core wants it.
pub(crate) fn provider(asker: &Arc<CredentialsAsker>) -> Provider<CredentialsRequest, Given> {
    let asker = Arc::clone(asker);
    Provider::later(move |request| {
        let (sender, answer) = oneshot::channel();
        asker.ask(RequestHandle::new(request, sender));
        async { answer.await.unwrap_or_else(|_| Err(CredentialsError::new("the request was freed without an answer"))) }
    })
}

/// Calls the program.
pub(crate) fn call(callback: &Callback<CredentialsFunction>, request: RequestHandle) {
    // Without a handle to be had, the request goes unanswered.
    let Ok(handle) = handle::insert(Arc::new(request)) else { return };
    // SAFETY: the program gave this function for this `user_data`, which lives as long as `callback`.
    unsafe { (callback.function)(handle as *mut steadywire_credentials_request, callback.user_data.pointer()) };
}

impl RequestHandle {
    fn new(request: CredentialsRequest, sender: oneshot::Sender<Given>) -> Self {
        let reason = Text::new(&request.reason);
        let answer = Answer { credentials: Credentials::new(), sender: Some(sender) };
        Self { request, reason, answer: Mutex::new(answer) }
    }

    fn give(&self, given: impl FnOnce(Credentials) -> Given) {
        let mut answer = self.answer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = answer.sender.take() {
            // Nobody listens where it comes too late.
            let _ = sender.send(given(std::mem::take(&mut answer.credentials)));
        }
    }
}

impl Question for RequestHandle {
    fn refuse(self, why: &str) {
        self.give(|_| Err(CredentialsError::new(why)));
    }
}

/// Which attempt the credentials are for, counted from 1 since the link was last stable; 0 where it is no request.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_credentials_request_attempt(request: *const steadywire_credentials_request) -> u32 {
    read(request, 0, |request| Some(request.attempt))
}

/// Why the attempt is made, for people and logs. Belongs to the request.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_credentials_request_reason(
    request: *const steadywire_credentials_request,
    length: *mut usize,
) -> *const c_char {
    let found = boundary::value(EMPTY, || Some(handle::get::<RequestHandle>(request as usize).ok()?.reason.get()));
    // SAFETY: passed on.
    unsafe { give(found, length) }
}

/// The close code that ended the last link; -1 where there is none.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_credentials_request_last_close_code(
    request: *const steadywire_credentials_request,
) -> i32 {
    read(request, -1, |request| request.last_close_code.map(i32::from))
}

/// The HTTP status that refused the last attempt; -1 where there is none.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_credentials_request_http_status(request: *const steadywire_credentials_request) -> i32 {
    read(request, -1, |request| request.http_status.map(i32::from))
}

/// Whether what was used last was refused: a cached answer will not do.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_credentials_request_force_refresh(request: *const steadywire_credentials_request) -> bool {
    read(request, false, |request| Some(request.force_refresh))
}

/// Uses this server instead of the configured one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_credentials_request_set_url(
    request: *mut steadywire_credentials_request,
    url: *const c_char,
    url_length: usize,
) -> steadywire_status {
    change(request, |credentials| {
        // SAFETY: passed on.
        credentials.url = Some(unsafe { text(url, url_length, "url") }?.to_owned());
        Ok(())
    })
}

/// Sends this as "Authorization: Bearer".
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_credentials_request_set_token(
    request: *mut steadywire_credentials_request,
    token: *const c_char,
    token_length: usize,
) -> steadywire_status {
    change(request, |credentials| {
        // SAFETY: passed on.
        credentials.token = Some(unsafe { text(token, token_length, "token") }?.to_owned());
        Ok(())
    })
}

/// Adds a header to the upgrade request; the configured ones are not sent then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_credentials_request_add_header(
    request: *mut steadywire_credentials_request,
    name: *const c_char,
    name_length: usize,
    value: *const c_char,
    value_length: usize,
) -> steadywire_status {
    change(request, |credentials| {
        // SAFETY: passed on.
        let (name, value) = unsafe { (text(name, name_length, "name")?, text(value, value_length, "value")?) };
        credentials.headers.get_or_insert_default().push((name.to_owned(), value.to_owned()));
        Ok(())
    })
}

/// Adds a subprotocol to offer; the configured ones are not offered then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_credentials_request_add_protocol(
    request: *mut steadywire_credentials_request,
    protocol: *const c_char,
    protocol_length: usize,
) -> steadywire_status {
    change(request, |credentials| {
        // SAFETY: passed on.
        let protocol = unsafe { text(protocol, protocol_length, "protocol") }?;
        credentials.protocols.get_or_insert_default().push(protocol.to_owned());
        Ok(())
    })
}

/// Answers with what was set, or with nothing that differs from the configuration, and frees the request.
///
/// @return STEADYWIRE_OK, also where nobody waits for it any more; STEADYWIRE_INVALID_ARGUMENT where it has been
/// answered or freed already
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_credentials_request_answer(
    request: *mut steadywire_credentials_request,
) -> steadywire_status {
    boundary::status(|| {
        handle::remove::<RequestHandle>(request as usize)?.give(Ok);
        Ok(())
    })
}

/// Says that there are no credentials, and frees the request, whatever this returns.
///
/// @param message why, for people and logs: no secrets in it; copied
/// @param fatal asking again cannot help, the client stops for good; otherwise it is one failed attempt
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_credentials_request_fail(
    request: *mut steadywire_credentials_request,
    message: *const c_char,
    message_length: usize,
    fatal: bool,
) -> steadywire_status {
    boundary::status(|| {
        let request = handle::remove::<RequestHandle>(request as usize)?;
        // SAFETY: passed on.
        let message = unsafe { text(message, message_length, "message") };
        let shown = message.as_ref().map_or("the program gave no reason that can be read", |message| *message);
        request.give(|_| Err(CredentialsError { message: shown.to_owned(), fatal }));
        message.map(drop)
    })
}

/// Frees a request that is not to be answered: the attempt fails. NULL is fine; one that was answered is left alone.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_credentials_request_free(request: *mut steadywire_credentials_request) {
    boundary::free(|| handle::remove::<RequestHandle>(request as usize).map(drop));
}

fn read<T>(
    request: *const steadywire_credentials_request,
    fallback: T,
    look: impl FnOnce(&CredentialsRequest) -> Option<T>,
) -> T {
    boundary::value(fallback, || look(&handle::get::<RequestHandle>(request as usize).ok()?.request))
}

fn change(
    request: *mut steadywire_credentials_request,
    change: impl FnOnce(&mut Credentials) -> Result<(), Error>,
) -> steadywire_status {
    boundary::status(|| {
        let request = handle::get::<RequestHandle>(request as usize)?;
        let mut answer = request.answer.lock().unwrap_or_else(PoisonError::into_inner);
        if answer.sender.is_none() {
            return Err(Error::new(ErrorKind::InvalidState, "the request has been answered"));
        }
        change(&mut answer.credentials)
    })
}
