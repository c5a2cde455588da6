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

/// The free places of one process. Forked processes form a list, so that a child waits for no lock of its parent.
struct Free {
    /// 0 = of no process yet.
    process: AtomicU32,
    places: Mutex<Vec<usize>>,
    next: OnceLock<Box<Free>>,
}

static FREE: Free = Free::new();

/// Puts something into the table. Answers with its handle.
///
/// # Errors
/// [`ErrorKind::LimitReached`] at [`MAX_HANDLES`].
pub(crate) fn insert<T: Handled>(object: Arc<T>) -> Result<usize, Error> {
    let process = std::process::id();
    let index = Free::of(process).take().ok_or_else(too_many)?;
    let place = place(index).ok_or_else(too_many)?;
    place.process.store(process, Ordering::Release);
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
            Free::of(std::process::id()).give(index);
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
        Self { process: AtomicU32::new(0), places: Mutex::new(Vec::new()), next: OnceLock::new() }
    }

    fn of(process: u32) -> &'static Self {
        let mut free = &FREE;
        loop {
            let owner = free.process.compare_exchange(0, process, Ordering::AcqRel, Ordering::Acquire);
            if owner.is_ok() || owner == Err(process) {
                return free;
            }
            free = free.next.get_or_init(|| Box::new(Free::new()));
        }
    }

    fn take(&self) -> Option<usize> {
        let mut places = lock(&self.places);
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
        lock(&self.places).push(index);
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
