//! What stands behind a pointer to an event: a view of one in a batch, or a copy in the table of handles.

use std::cell::{Cell, RefCell};
use std::ffi::c_char;
use std::ptr;
use std::sync::{Arc, OnceLock};

use steadywire::{Error, ErrorKind, Event};

use super::steadywire_event;
use crate::handle;
use crate::text::Text;

/// The texts of an event; what each is depends on the kind.
#[derive(Clone, Copy)]
pub(super) enum Field {
    TaskId,
    /// Stage, code, type, epoch.
    Word,
    /// Message, reason.
    Message,
    /// Data, metadata, the raw frame.
    Data,
    Json,
}

const FIELDS: usize = Field::Json as usize + 1;

/// A larger buffer is not kept for the next event.
const KEPT_CAPACITY: usize = 64 << 10;

/// Shows one event after the other to one callback. Texts get their NUL when they are asked for, in a buffer that is
/// used again: an event costs no allocation.
pub(crate) struct EventView {
    /// NULL while nothing is shown.
    event: Cell<*const Event<'static>>,
    client: usize,
    texts: [Cell<(*const c_char, usize)>; FIELDS],
    /// Grows only while it is empty, so that texts stay where they are.
    buffer: RefCell<Vec<u8>>,
    json: RefCell<Option<Text>>,
}

// SAFETY: the pointers are NULL except during `show`, which does not end before its callback does.
unsafe impl Send for EventView {}

/// An event of its own.
pub(crate) struct KeptEvent {
    event: Event<'static>,
    client: usize,
    texts: [OnceLock<Text>; FIELDS],
}

const NOT_ASKED: (*const c_char, usize) = (ptr::null(), 0);

impl EventView {
    /// For events of the client with that handle.
    pub(crate) fn new(client: usize) -> Self {
        Self {
            event: Cell::new(ptr::null()),
            client,
            texts: [const { Cell::new(NOT_ASKED) }; FIELDS],
            buffer: RefCell::default(),
            json: RefCell::default(),
        }
    }

    /// Calls `call` with a pointer that stands for `event` until it returns.
    pub(crate) fn show(&mut self, event: &Event<'_>, call: impl FnOnce(*const steadywire_event)) {
        self.event.set(ptr::from_ref(event).cast());
        call(ptr::from_ref(&*self).cast());
        self.event.set(ptr::null());
        self.texts = [const { Cell::new(NOT_ASKED) }; FIELDS];
        let buffer = self.buffer.get_mut();
        buffer.clear();
        buffer.shrink_to(KEPT_CAPACITY);
        *self.json.get_mut() = None;
    }

    fn text<'a>(
        &self,
        event: &'a Event<'_>,
        field: Field,
        find: impl FnOnce(&'a Event<'_>) -> Option<&'a str>,
    ) -> Option<(*const c_char, usize)> {
        let text = find(event)?;
        let known = self.texts[field as usize].get();
        if !known.0.is_null() {
            return Some(known);
        }
        let mut buffer = self.buffer.borrow_mut();
        if buffer.is_empty() {
            buffer.reserve(size(event));
        }
        let start = buffer.len();
        debug_assert!(buffer.capacity() - start > text.len(), "texts would move");
        buffer.extend_from_slice(text.as_bytes());
        buffer.push(0);
        // SAFETY: `start` lies within the buffer.
        let found = (unsafe { buffer.as_ptr().add(start) }.cast(), text.len());
        self.texts[field as usize].set(found);
        Some(found)
    }

    fn json(&self, event: &Event<'_>) -> (*const c_char, usize) {
        self.json.borrow_mut().get_or_insert_with(|| Text::new(&event.to_json().to_string())).get()
    }
}

/// What `look` finds at an event.
///
/// # Safety
/// `event` is NULL, was given to a callback that is under way, or is a handle.
pub(super) unsafe fn read<R>(event: *const steadywire_event, look: impl FnOnce(&Event<'_>) -> Option<R>) -> Option<R> {
    // SAFETY: passed on.
    match unsafe { find(event) }? {
        Found::View(_, event) => look(event),
        Found::Kept(kept) => look(&kept.event),
    }
}

/// One text of an event.
///
/// # Safety
/// As with [`read`].
pub(super) unsafe fn read_text(
    event: *const steadywire_event,
    field: Field,
    look: impl for<'a> FnOnce(&'a Event<'_>) -> Option<&'a str>,
) -> Option<(*const c_char, usize)> {
    // SAFETY: passed on.
    match unsafe { find(event) }? {
        Found::View(view, event) => view.text(event, field, look),
        Found::Kept(kept) => {
            let text = look(&kept.event)?;
            // The text goes with the handle, not with this reference.
            Some(kept.texts[field as usize].get_or_init(|| Text::new(text)).get())
        }
    }
}

/// The event as JSON.
///
/// # Safety
/// As with [`read`].
pub(super) unsafe fn read_json(event: *const steadywire_event) -> Option<(*const c_char, usize)> {
    // SAFETY: passed on.
    match unsafe { find(event) }? {
        Found::View(view, event) => Some(view.json(event)),
        Found::Kept(kept) => {
            let json = || Text::new(&kept.event.to_json().to_string());
            Some(kept.texts[Field::Json as usize].get_or_init(json).get())
        }
    }
}

/// The handle of the client whose event it is.
///
/// # Safety
/// As with [`read`].
pub(super) unsafe fn client(event: *const steadywire_event) -> Option<usize> {
    // SAFETY: passed on.
    match unsafe { find(event) }? {
        Found::View(view, _) => Some(view.client),
        Found::Kept(kept) => Some(kept.client),
    }
}

/// An event that stays; one that was kept before is shared.
///
/// # Safety
/// As with [`read`].
pub(super) unsafe fn keep(event: *const steadywire_event) -> Result<Arc<KeptEvent>, Error> {
    // SAFETY: passed on.
    match unsafe { find(event) } {
        Some(Found::View(view, event)) => Ok(Arc::new(KeptEvent::new(event.clone().into_owned(), view.client))),
        Some(Found::Kept(kept)) => Ok(kept),
        None => Err(Error::new(ErrorKind::InvalidArgument, "an event was expected, not NULL or one that is over")),
    }
}

impl KeptEvent {
    pub(crate) fn new(event: Event<'static>, client: usize) -> Self {
        Self { event, client, texts: [const { OnceLock::new() }; FIELDS] }
    }
}

enum Found<'a> {
    View(&'a EventView, &'a Event<'a>),
    Kept(Arc<KeptEvent>),
}

unsafe fn find<'a>(event: *const steadywire_event) -> Option<Found<'a>> {
    if event.is_null() {
        return None;
    }
    if event as usize & 1 == 1 {
        return handle::get(event as usize).ok().map(Found::Kept);
    }
    // SAFETY: what is neither NULL nor a handle was given to a callback: a view, which lives as long as its listener.
    let view = unsafe { &*event.cast::<EventView>() };
    // SAFETY: not NULL only while `show` holds the event.
    let event = unsafe { view.event.get().as_ref() }?;
    Some(Found::View(view, event))
}

/// How much the texts of an event take, each with its NUL.
fn size(event: &Event<'_>) -> usize {
    let texts = match event {
        Event::Progress(e) => e.task_id.len() + e.stage.len() + e.message.len(),
        Event::Log(e) => e.task_id.len() + e.message.len() + e.metadata.as_ref().map_or(0, |text| text.len()),
        Event::Status(e) => e.task_id.len() + e.data.len(),
        Event::Complete(e) => e.task_id.len() + e.data.len(),
        Event::Error(e) => {
            let optional = [&e.task_id, &e.data].into_iter().flatten().map(|text| text.len()).sum::<usize>();
            optional + e.code.len() + e.message.len()
        }
        Event::Heartbeat(e) => e.task_id.len(),
        Event::Message(e) => e.kind.len() + e.task_id.len() + e.raw.len(),
        Event::StateChange(e) => e.reason.len(),
        Event::Retry(e) => e.cause.len(),
        Event::Disconnected(e) => e.reason.len(),
        Event::Lost(e) => e.task_id.len() + e.reason.name().len(),
        Event::Gap(e) => e.task_id.len() + e.epoch.len(),
        Event::Connected(_) | Event::Overflow(_) => 0,
    };
    texts + FIELDS
}
