//! Every bound of the hub, in one place. Those with a builder method can be changed; what happens
//! at each bound is said beside it.

use std::time::Duration;

/// Messages kept per task. At the bound superseded progress goes first, then the oldest log lines,
/// then the oldest status messages; the latest progress and the outcome stay.
pub const HISTORY_MESSAGES: usize = 1_000;
/// Bytes of messages kept per task; one message alone may exceed it. Trimmed like the messages.
pub const HISTORY_BYTES: usize = 256 * 1024;
/// Tasks known at once. At the bound the oldest finished tasks that nobody follows are forgotten;
/// where there is none, the message that would open another task is refused.
pub const MAX_TASKS: usize = 10_000;
/// Bytes held for all tasks together. At the bound finished tasks that nobody follows are forgotten,
/// oldest first; where that does not help, older messages of a message's own task give way to it, as at
/// [`HISTORY_BYTES`]; where they are not enough either, the message is refused. The last sixteenth is
/// for outcomes.
pub const MAX_TOTAL_BYTES: usize = 512 * 1024 * 1024;
/// Connections at once, handshakes included. At the bound an upgrade gets 503 with `Retry-After`.
pub const MAX_CONNECTIONS: usize = 20_000;
/// Connections that are being told 503 at the same time; beyond it they are dropped unheard.
pub const MAX_REFUSALS_AT_ONCE: usize = 256;
/// Tasks one connection may follow. At the bound `subscribe` is refused.
pub const MAX_SUBSCRIPTIONS: usize = 1_000;
/// Tasks without outcome one connection may publish to. At the bound the message is refused.
pub const MAX_PUBLICATIONS: usize = 1_000;
/// Bytes of one inbound message. A larger one ends the connection with close code 1009.
pub const MAX_MESSAGE_SIZE: usize = 1024 * 1024;
/// Bytes of a task that may wait for a follower. Above half of it superseded progress is conflated;
/// at the bound the oldest waiting log lines are left out.
pub const MAX_UNREAD_BYTES: usize = 1024 * 1024;
/// Messages of a task that may wait for a follower before its progress is conflated.
pub const MAX_UNREAD_MESSAGES: usize = 512;
/// Bytes of a task id. A message with a longer one is refused.
pub const MAX_TASK_ID_BYTES: usize = 1_024;
/// Bytes of a message id. A message with a longer one is refused.
pub const MAX_MESSAGE_ID_BYTES: usize = 128;
/// Message ids remembered per task; the oldest goes first.
pub const DEDUPE_IDS: usize = 10_000;
/// How long a message id is remembered.
pub const DEDUPE_AGE: Duration = Duration::from_secs(600);
/// Clients of whom it is known which of their connections is the newest. At the bound the one without a connection for
/// longest is forgotten; those who are connected are always known, also where more may connect than this.
pub const KNOWN_CLIENTS: usize = 20_000;
/// Bytes of a request head. A larger one gets 431.
pub const MAX_REQUEST_HEAD: usize = 8 * 1024;
/// Header lines of a request. More get 431.
pub const MAX_REQUEST_HEADERS: usize = 64;
/// How long a client may take for its TLS handshake before it is dropped. It counts as a connection
/// meanwhile. What follows has [`HANDSHAKE_TIMEOUT`].
pub const TLS_HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a client may take to send its request head before it is dropped.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a close handshake may take before the socket is dropped.
pub const CLOSE_TIMEOUT: Duration = Duration::from_secs(3);
/// How long a connection may take not a single byte, with some waiting, before it is dropped.
pub const STALL_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a task outlives the connection of its last publisher without an outcome.
pub const PUBLISHER_LEASE: Duration = Duration::from_secs(60);
/// How often the server sends a heartbeat.
pub const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(25);
/// What `Retry-After` says when all connections are taken, in seconds.
pub const RETRY_AFTER_SECONDS: u64 = 5;
/// Replies waiting for a connection; at the bound it is not read until some are written, and a
/// `subscribe` to many tasks waits with the rest of them.
pub(crate) const MAX_WAITING_REPLIES: usize = 64;
/// Messages taken from a task's history at a time, so that a connection's tasks take turns.
pub(crate) const READ_MESSAGES: usize = 32;
/// Bytes taken from a task's history at a time.
pub(crate) const READ_BYTES: usize = 16 * 1024;
/// Inbound messages handled before what waits is written out.
pub(crate) const INBOUND_TURN: usize = 16;
/// Messages that are taken of a connection when its client has a newer one, of those that have arrived on it by then.
/// The rest is not taken, and nothing of it is answered.
pub(crate) const FENCED_MESSAGES: usize = 4_096;
/// Bytes read from and discarded on a connection that was closed for a message too large.
pub(crate) const MAX_DISCARDED: usize = 64 * 1024 * 1024;
/// Bytes of the read buffer of a connection, held as long as it lives.
pub(crate) const READ_BUFFER: usize = 4 * 1024;
/// Bytes gathered before a connection writes to its socket.
pub(crate) const WRITE_BUFFER: usize = 8 * 1024;
/// Bytes of TLS records a connection holds for its socket. At the bound it takes no more to encrypt.
pub(crate) const TLS_BUFFER: usize = 16 * 1024;
/// Bytes a connection may hold unwritten beyond one message.
pub(crate) const WRITE_SLACK: usize = 64 * 1024;
