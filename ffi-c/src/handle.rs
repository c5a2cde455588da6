//! The table of everything that C holds a handle of.
//!
//! A handle looks like a pointer but is a place and a generation in this table, so that one that was freed, or is of
//! another type, is an error and not a crash, whichever threads race for it. Its lowest bit is set, which no pointer
//! to an event has.
//!
//! After a fork the child sees the handles of its parent, but never waits for a lock of them: another thread may have
//! held it. What only holds values goes on to work; what stands on threads says [`ErrorKind::Forked`].

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};

use steadywire::net::PerProcess;
use steadywire::{Error, ErrorKind};

/// How many handles there may be at a time.
pub(crate) const MAX_HANDLES: usize = CHUNKS * CHUNK;

const CHUNKS: usize = 1 << 12;
const CHUNK: usize = if cfg!(target_pointer_width = "64") { 1 << 8 } else { 1 << 4 };
const INDEX_BITS: u32 = MAX_HANDLES.trailing_zeros();
const MAX_GENERATION: usize = usize::MAX >> (INDEX_BITS + 1);

/// What a handle can stand for.
pub(crate) trait Handled: Send + Sync + Sized + 'static {
    /// The name of its type in C.
    const NAME: &'static str;
    /// Whether it still works in a forked child.
    const SURVIVES_FORK: bool;

    fn into_object(this: Arc<Self>) -> Object;
    fn from_object(object: &Object) -> Option<&Arc<Self>>;
}

macro_rules! objects {
    ($($variant:ident: $ty:ty, $name:literal, survives_fork = $survives:literal;)*) => {
        /// Anything that C holds a handle of.
        #[derive(Clone)]
        pub(crate) enum Object {
            $($variant(Arc<$ty>),)*
        }

        impl Object {
            fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $name,)* }
            }
        }

        $(impl Handled for $ty {
            const NAME: &'static str = $name;
            const SURVIVES_FORK: bool = $survives;

            fn into_object(this: Arc<Self>) -> Object {
                Object::$variant(this)
            }

            fn from_object(object: &Object) -> Option<&Arc<Self>> {
                #[allow(irrefutable_let_patterns, reason = "there may be one type only")]
                if let Object::$variant(this) = object { Some(this) } else { None }
            }
        })*
    };
}

objects! {
    Config: crate::config::ConfigHandle, "steadywire_config", survives_fork = true;
    Client: crate::client::ClientHandle, "steadywire_client", survives_fork = false;
    Event: crate::event::KeptEvent, "steadywire_event", survives_fork = true;
    Message: crate::message::MessageHandle, "steadywire_message", survives_fork = true;
    Receipt: crate::receipt::ReceiptHandle, "steadywire_receipt", survives_fork = true;
    Outcome: crate::outcome::OutcomeHandle, "steadywire_outcome", survives_fork = true;
    Follow: crate::follow::FollowHandle, "steadywire_follow", survives_fork = false;
    Reporter: crate::reporter::ReporterHandle, "steadywire_reporter", survives_fork = false;
    Request: crate::credentials::RequestHandle, "steadywire_credentials_request", survives_fork = false;
    Ending: crate::classify::EndingHandle, "steadywire_ending", survives_fork = true;
}

#[derive(Default)]
struct Place {
    entry: Mutex<Entry>,
    /// The process whose handle it is.
    process: AtomicU32,
}

#[derive(Default)]
struct Entry {
    generation: usize,
    object: Option<Object>,
}

type Chunk = Box<[Place; CHUNK]>;

static PLACES: [OnceLock<Chunk>; CHUNKS] = [const { OnceLock::new() }; CHUNKS];
static NEXT_CHUNK: AtomicUsize = AtomicUsize::new(0);

/// Free places, of which each process has its own.
static FREE: PerProcess<Free> = PerProcess::new(Free::new(), Free::new);

struct Free(Mutex<Vec<usize>>);

/// Puts something into the table. Answers with its handle.
///
/// # Errors
/// [`ErrorKind::LimitReached`] at [`MAX_HANDLES`].
pub(crate) fn insert<T: Handled>(object: Arc<T>) -> Result<usize, Error> {
    let index = FREE.get().take().ok_or_else(too_many)?;
    let place = place(index).ok_or_else(too_many)?;
    place.process.store(std::process::id(), Ordering::Release);
    let mut entry = lock(&place.entry);
    entry.object = Some(T::into_object(object));
    Ok(((entry.generation << INDEX_BITS | index) << 1) | 1)
}

/// What a handle stands for.
///
/// # Errors
/// [`ErrorKind::InvalidArgument`] where it is NULL, has been freed or is of another type, [`ErrorKind::Forked`] where
/// it is of another process.
pub(crate) fn get<T: Handled>(handle: usize) -> Result<Arc<T>, Error> {
    with_entry::<T, _>(handle, |entry, _| {
        let object = entry.object.as_ref().ok_or_else(freed::<T>)?;
        T::from_object(object).cloned().ok_or_else(|| other_type::<T>(object))
    })
}

/// Takes something out of the table: the handle is no longer one. What it stands for goes with the answer.
///
/// # Errors
/// As with [`get`].
pub(crate) fn remove<T: Handled>(handle: usize) -> Result<Arc<T>, Error> {
    with_entry::<T, _>(handle, |entry, index| {
        let object = entry.object.take().ok_or_else(freed::<T>)?;
        let Some(found) = T::from_object(&object).cloned() else {
            let error = other_type::<T>(&object);
            entry.object = Some(object);
            return Err(error);
        };
        entry.generation += 1;
        // A place whose generations are used up is never used again.
        if entry.generation < MAX_GENERATION {
            FREE.get().give(index);
        }
        Ok(found)
    })
}

fn with_entry<T: Handled, R>(
    handle: usize,
    look: impl FnOnce(&mut Entry, usize) -> Result<R, Error>,
) -> Result<R, Error> {
    if handle == 0 {
        return Err(invalid(format!("a {} was expected, not NULL", T::NAME)));
    }
    let (index, generation) = ((handle >> 1) & (MAX_HANDLES - 1), handle >> (INDEX_BITS + 1));
    let place = place(index).filter(|_| handle & 1 == 1).ok_or_else(|| invalid(format!("that is no {}", T::NAME)))?;
    let mut entry = if place.process.load(Ordering::Acquire) == std::process::id() {
        lock(&place.entry)
    } else {
        match place.entry.try_lock() {
            Ok(entry) if T::SURVIVES_FORK => entry,
            Err(TryLockError::Poisoned(entry)) if T::SURVIVES_FORK => entry.into_inner(),
            _ => return Err(forked::<T>()),
        }
    };
    if entry.generation != generation {
        return Err(freed::<T>());
    }
    look(&mut entry, index)
}

fn place(index: usize) -> Option<&'static Place> {
    PLACES.get(index / CHUNK)?.get().map(|chunk| &chunk[index % CHUNK])
}

impl Free {
    const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    fn take(&self) -> Option<usize> {
        let mut places = lock(&self.0);
        if places.is_empty() {
            let number = NEXT_CHUNK
                .fetch_update(Ordering::AcqRel, Ordering::Acquire, |next| (next < CHUNKS).then_some(next + 1));
            let number = number.ok()?;
            PLACES[number].get_or_init(|| Box::new(std::array::from_fn(|_| Place::default())));
            places.extend((number * CHUNK..(number + 1) * CHUNK).rev());
        }
        places.pop()
    }

    fn give(&self, index: usize) {
        lock(&self.0).push(index);
    }
}

/// Something that can be changed under a handle that survives a fork.
pub(crate) struct Shared<T> {
    value: Mutex<T>,
    /// Whose threads may hold the lock.
    process: AtomicU32,
}

impl<T> Shared<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { value: Mutex::new(value), process: AtomicU32::new(std::process::id()) }
    }

    /// # Errors
    /// [`ErrorKind::Forked`] where a thread of the parent held it at the fork.
    pub(crate) fn lock(&self) -> Result<MutexGuard<'_, T>, Error> {
        let process = std::process::id();
        if self.process.load(Ordering::Acquire) == process {
            return Ok(lock(&self.value));
        }
        match self.value.try_lock() {
            Ok(value) => {
                self.process.store(process, Ordering::Release);
                Ok(value)
            }
            Err(TryLockError::Poisoned(value)) => Ok(value.into_inner()),
            Err(TryLockError::WouldBlock) => {
                let text = "a thread of the parent was changing it when this process was forked off";
                Err(Error::new(ErrorKind::Forked, text))
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn invalid(text: String) -> Error {
    Error::new(ErrorKind::InvalidArgument, text)
}

fn freed<T: Handled>() -> Error {
    invalid(format!("that {} has been freed", T::NAME))
}

fn other_type<T: Handled>(object: &Object) -> Error {
    invalid(format!("a {} was expected, not a {}", T::NAME, object.name()))
}

fn forked<T: Handled>() -> Error {
    let text = format!("the {} was made before this process was forked off; make a new one in the child", T::NAME);
    Error::new(ErrorKind::Forked, text)
}

fn too_many() -> Error {
    Error::new(ErrorKind::LimitReached, format!("there are {MAX_HANDLES} handles already; free some"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ConfigHandle;
    use crate::outcome::OutcomeHandle;

    fn config() -> Arc<ConfigHandle> {
        Arc::new(ConfigHandle::new("ws://localhost/"))
    }

    fn refused<T>(result: Result<Arc<T>, Error>) -> String {
        result.err().expect("it should be refused").message().to_owned()
    }

    #[test]
    fn a_freed_handle_is_an_error_also_when_its_place_is_used_again() {
        let first = insert(config()).unwrap();
        assert!(get::<ConfigHandle>(first).is_ok());
        remove::<ConfigHandle>(first).unwrap();
        let others: Vec<_> = (0..CHUNK).map(|_| insert(config()).unwrap()).collect();
        assert!(!others.contains(&first));
        assert_eq!(refused(get::<ConfigHandle>(first)), "that steadywire_config has been freed");
        assert_eq!(refused(remove::<ConfigHandle>(first)), "that steadywire_config has been freed");
        others.into_iter().for_each(|handle| drop(remove::<ConfigHandle>(handle).unwrap()));
    }

    #[test]
    fn what_is_no_handle_is_an_error() {
        assert!(refused(get::<ConfigHandle>(0)).contains("not NULL"));
        assert!(refused(get::<ConfigHandle>(&raw const FREE as usize)).contains("no steadywire_config"));
        assert!(refused(get::<ConfigHandle>(usize::MAX)).contains("steadywire_config"));
        let handle = insert(config()).unwrap();
        let other = "a steadywire_outcome was expected, not a steadywire_config";
        assert_eq!(refused(get::<OutcomeHandle>(handle)), other);
        assert_eq!(refused(remove::<OutcomeHandle>(handle)), other);
        assert!(remove::<ConfigHandle>(handle).is_ok(), "it was left alone");
    }

    #[test]
    fn handles_of_a_parent_are_told_apart_in_its_child() {
        let mut handles = Vec::new();
        for object in [insert(config()), insert(OutcomeHandle::for_test())] {
            let handle = object.unwrap();
            place((handle >> 1) & (MAX_HANDLES - 1)).unwrap().process.store(u32::MAX, Ordering::Release);
            handles.push(handle);
        }
        assert!(get::<ConfigHandle>(handles[0]).is_ok(), "options survive a fork");
        let index = (handles[0] >> 1) & (MAX_HANDLES - 1);
        let _held = lock(&place(index).unwrap().entry);
        let error = get::<ConfigHandle>(handles[0]).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Forked, "no lock of the parent is waited for");
    }

    #[test]
    fn a_place_whose_generations_are_used_up_is_not_used_again() {
        let handle = insert(config()).unwrap();
        let index = (handle >> 1) & (MAX_HANDLES - 1);
        lock(&place(index).unwrap().entry).generation = MAX_GENERATION - 1;
        let last = (((MAX_GENERATION - 1) << INDEX_BITS | index) << 1) | 1;
        remove::<ConfigHandle>(last).unwrap();
        let others: Vec<_> = (0..CHUNK).map(|_| insert(config()).unwrap()).collect();
        assert!(others.iter().all(|other| (other >> 1) & (MAX_HANDLES - 1) != index));
        others.into_iter().for_each(|handle| drop(remove::<ConfigHandle>(handle).unwrap()));
    }
}
