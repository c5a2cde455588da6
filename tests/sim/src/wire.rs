//! Connections: what is on its way, and what the network does to it.

use std::collections::VecDeque;

use steadywire::ErrorKind;

/// What travels.
#[derive(Clone, Debug, PartialEq)]
pub enum Packet {
    /// A text message.
    Text(String),
    /// A text message that came before, and comes again.
    Again(String),
    /// A binary message.
    Binary(String),
    /// A ping with its number.
    Ping(u64),
    /// A pong with the number of its ping.
    Pong(u64),
    /// A close frame.
    Close(Option<u16>, String),
    /// The end of the stream, without a close frame.
    End,
    /// The transport fails.
    Broken(ErrorKind),
}

/// One direction of a connection. What was sent arrives in order, or not at all.
#[derive(Debug, Default)]
pub struct Way {
    /// Arrival time and packet.
    pub on_the_way: VecDeque<(u64, Packet)>,
    /// From this time on everything that would arrive is lost, silently.
    pub lost_from: Option<u64>,
    /// Nothing arrives before this time.
    pub blocked_until: u64,
    last_at: u64,
}

impl Way {
    /// Puts a packet on its way. Returns when it arrives.
    pub fn send(&mut self, now: u64, delay: u64, packet: Packet) -> u64 {
        let at = (now + delay).max(self.last_at).max(self.blocked_until);
        self.last_at = at;
        self.on_the_way.push_back((at, packet));
        at
    }

    /// The packet that arrives now, unless it is lost.
    ///
    /// # Panics
    /// If none is due.
    pub fn arrive(&mut self, now: u64) -> Option<Packet> {
        let (at, packet) = self.on_the_way.pop_front().expect("an arrival was announced");
        assert_eq!(at, now, "packets arrive in order");
        self.lost_from.is_none_or(|from| now < from).then_some(packet)
    }
}

/// One connection, from the attempt that made it to its end on both sides.
#[derive(Debug)]
pub struct Link {
    /// Whose it is.
    pub seat: usize,
    /// The session that dialled it.
    pub serial: u32,
    /// The number that session gave it.
    pub generation: u32,
    /// From the client to the server.
    pub up: Way,
    /// From the server to the client.
    pub down: Way,
    /// Whether the client holds it.
    pub client: bool,
    /// What arrived at the client and has not been read.
    pub arrived: VecDeque<Packet>,
    /// Whether something on it repeated an answer to a heartbeat, so that answers prove nothing.
    pub repeats: bool,
    /// Frames that have come again later.
    pub again: VecDeque<String>,
}
