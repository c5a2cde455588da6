//! Which connection of each client is the newest: what an older one delivers late must not mix with what came after.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::server::Link;

/// Clients that say which of their links a connection is.
pub(crate) struct Clients {
    max: usize,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    by_name: HashMap<Arc<str>, Newest>,
    /// Clients without a connection, in the order in which they lost it.
    away: BTreeMap<u64, Arc<str>>,
    /// Counts connections that went.
    gone: u64,
}

/// A client's link with the highest number.
struct Newest {
    number: u64,
    place: Place,
}

enum Place {
    Connected(Arc<Link>),
    /// Its number among those that went.
    Away(u64),
}

/// A connection that is, or was, its client's newest. The client is away when it is dropped while it still is.
pub(crate) struct Membership {
    clients: Arc<Clients>,
    name: Arc<str>,
    number: u64,
    link: Arc<Link>,
}

impl Clients {
    pub(crate) fn new(max: usize) -> Self {
        Clients { max, known: Mutex::default() }
    }

    /// A connection is this client's link of that number. Returns its membership and the connection that was the newest
    /// before, if that is there; `None` where a link of that number or a higher one is known.
    pub(crate) fn enter(
        self: &Arc<Self>,
        name: &str,
        number: u64,
        link: &Arc<Link>,
    ) -> Option<(Membership, Option<Arc<Link>>)> {
        let mut known = self.lock();
        let name: Arc<str> = match known.by_name.get_key_value(name) {
            Some((_, newest)) if newest.number >= number => return None,
            Some((name, _)) => name.clone(),
            None => name.into(),
        };
        let newest = Newest { number, place: Place::Connected(link.clone()) };
        let older = match known.by_name.insert(name.clone(), newest).map(|before| before.place) {
            Some(Place::Connected(older)) => Some(older),
            Some(Place::Away(at)) => {
                known.away.remove(&at);
                None
            }
            None => {
                known.forget_beyond(self.max);
                None
            }
        };
        drop(known);
        Some((Membership { clients: self.clone(), name, number, link: link.clone() }, older))
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// At the bound those who have been away for longest are forgotten.
    fn forget_beyond(&mut self, max: usize) {
        while self.by_name.len() > max
            && let Some((_, longest)) = self.away.pop_first()
        {
            self.by_name.remove(&longest);
        }
    }
}

impl Membership {
    /// Whether this connection is that client's link of that number.
    pub(crate) fn is(&self, name: &str, number: u64) -> bool {
        (&*self.name, self.number) == (name, number)
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        let mut known = self.clients.lock();
        let Known { by_name, away, gone } = &mut *known;
        // Not told by its number: one whose client was forgotten meanwhile may have come again under the same.
        let is_newest =
            |newest: &&mut Newest| matches!(&newest.place, Place::Connected(link) if Arc::ptr_eq(link, &self.link));
        if let Some(newest) = by_name.get_mut(&self.name).filter(is_newest) {
            *gone += 1;
            newest.place = Place::Away(*gone);
            away.insert(*gone, self.name.clone());
            known.forget_beyond(self.clients.max);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enter(clients: &Arc<Clients>, name: &str, number: u64) -> Option<(Membership, Option<Arc<Link>>)> {
        clients.enter(name, number, &Arc::default())
    }

    /// P-PUB-7
    #[test]
    fn only_a_higher_number_is_newer_also_of_one_who_is_away() {
        let clients = Arc::new(Clients::new(10));
        let first = Arc::default();
        let (one, older) = clients.enter("c", 1, &first).unwrap();
        assert!(older.is_none() && one.is("c", 1) && !one.is("c", 2) && !one.is("d", 1));
        assert!(enter(&clients, "c", 1).is_none() && enter(&clients, "c", 0).is_none());
        assert!(enter(&clients, "d", 0).is_some(), "of another client nothing is known");
        let (three, older) = enter(&clients, "c", 3).unwrap();
        assert!(Arc::ptr_eq(&older.unwrap(), &first));
        drop(one);
        assert!(enter(&clients, "c", 2).is_none());
        drop(three);
        assert!(enter(&clients, "c", 3).is_none());
        assert!(enter(&clients, "c", 4).unwrap().1.is_none());
    }

    /// P-PUB-7
    #[test]
    fn at_the_bound_the_one_away_for_longest_is_forgotten_and_nobody_who_is_there() {
        let clients = Arc::new(Clients::new(3));
        let there = enter(&clients, "there", 5).unwrap();
        for name in ["a", "b"] {
            drop(enter(&clients, name, 5));
        }
        // `a` comes and goes again: now `b` is away for longest.
        drop(enter(&clients, "a", 6));
        let another = enter(&clients, "c", 5).unwrap();
        assert!(enter(&clients, "a", 6).is_none() && enter(&clients, "there", 5).is_none());
        let again = enter(&clients, "b", 1).unwrap();
        assert!(enter(&clients, "a", 1).is_some(), "it had to make room");
        assert!(enter(&clients, "there", 5).is_none() && enter(&clients, "c", 5).is_none());
        let more = enter(&clients, "d", 1).unwrap();
        assert_eq!(clients.lock().by_name.len(), 4, "those who are connected are always known");
        drop((there, another, again, more));
        let known = clients.lock();
        assert_eq!((known.by_name.len(), known.away.len()), (3, 3));
    }

    /// P-PUB-7
    #[test]
    fn a_connection_that_goes_late_does_not_end_the_one_that_has_its_number_now() {
        let clients = Arc::new(Clients::new(1));
        let (old, _) = enter(&clients, "c", 5).unwrap();
        drop(enter(&clients, "c", 6));
        drop(enter(&clients, "d", 1));
        let again = Arc::default();
        let (again_too, _) = clients.enter("c", 5, &again).expect("it was forgotten");
        drop(old);
        let (_, older) = enter(&clients, "c", 6).unwrap();
        assert!(Arc::ptr_eq(&older.expect("it is there"), &again));
        drop(again_too);
        let known = clients.lock();
        assert_eq!((known.by_name.len(), known.away.len()), (1, 1));
    }
}
