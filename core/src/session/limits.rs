//! Every bound and every fixed time of the session, in one place. What is settable is in `Config`.

// Attempts and links

/// How many tries the first connect has where neither the user nor a lease says otherwise.
pub const CONNECT_ATTEMPTS: u32 = 5;

/// How many protocol errors in a row, without a stable link between, are too many.
pub const MAX_PROTOCOL_ERRORS: u32 = 3;

/// A link is called stable after this long, whatever `stableAfter` says and whether it was heard or not.
pub const SILENT_STABLE_MS: u64 = 60_000;

/// Those that wake up together spread their attempts over this long.
pub const WAKE_SPREAD_MS: u64 = 500;

/// How long an attempt waits for credentials. After that they could not be had.
pub const CREDENTIALS_MS: u64 = 30_000;

/// How long the answer is awaited what an end means. After that it means what was proposed.
pub const CLASSIFY_MS: u64 = 1000;

// Heartbeats

/// A timeout that comes this much late says more about us than about the server.
pub const LATE_MS: u64 = 3000;

/// How long a probe waits for a sign of life.
pub const PROBE_MS: u64 = 3000;

/// How many pings may be without a pong; at the bound the oldest is forgotten. And how many heartbeat messages
/// without an answer; at the bound one more counts with the last.
pub const MAX_PINGS: usize = 8;

// Subscriptions

/// How long to wait for the server's hello before it is taken to have none.
pub const HELLO_WAIT_MS: u64 = 1000;

/// The same where the server had one on the last link: it is slow rather than without.
pub const LONG_HELLO_WAIT_MS: u64 = 10_000;

/// After so many links in a row that were lost while a hello was waited for like that, the wait is short again.
pub const MAX_VAIN_WAITS: u8 = 3;

/// How many subscriptions are sent at a time to a server without the feature `batch`.
pub const PACE_COUNT: u32 = 50;

/// How long to wait between them.
pub const PACE_MS: u64 = 5;

/// How many tasks one `subscribe` names at most where the server has the feature `batch`.
pub const BATCH_TASKS: usize = 1000;

/// How long after a resubscribe frames without seq are compared with recent ones.
pub const COMPARE_MS: u64 = 10_000;

/// How many `unsubscribe` and `query` frames wait to be written. At the bound a query is left out (it will be
/// asked again) and an unsubscribe is left out too (the server's frames are then passed on as unasked).
pub const MAX_REQUESTS: usize = 100_000;

// Status questions

/// The longest time between two questions about a silent task.
pub const MAX_QUESTION_MS: u64 = 900_000;

/// How often in a row the server may say that it does not know a task it knew.
pub const MAX_UNKNOWNS: u8 = 3;

// Outcomes

/// How long the real last message is awaited after a status that says the task is over.
pub const HINT_MS: u64 = 2000;

// Outbox

/// How many status, complete, error and other messages the outbox takes beyond `maxQueuedMessages`. Their bytes
/// may exceed `maxQueuedBytes` by as much again.
pub const RESERVE_MESSAGES: usize = 256;

// Receipts

/// How many written messages may be unsettled. At the bound nothing more is written until some are settled.
pub const MAX_IN_FLIGHT: usize = 4096;

/// After this many messages a ping goes out between them, so that a long run settles as it goes.
pub const PROOF_EVERY: u64 = 256;

/// Where heartbeats are off, a message counts as written after this much life of the link.
pub const WRITTEN_AFTER_MS: u64 = 30_000;

// Ending

/// How long `disconnect()` waits for the outbox to be written and settled.
pub const DRAIN_MS: u64 = 3000;

/// How long the close handshake may take.
pub const CLOSE_TIMEOUT_MS: u64 = 1000;

// Cursors

/// How long the cursor of a task outlives the last one who wanted it.
pub const CURSOR_KEPT_MS: u64 = 60_000;

// Tasks

/// How many tasks may be wanted at a time. One more is refused with `limit_reached`.
pub const MAX_TASKS: usize = 100_000;

/// How many leases may live at a time. One more is refused with `limit_reached`.
pub const MAX_LEASES: usize = 1_000_000;

/// How many unwanted tasks keep their cursor. At the bound the one unwanted longest goes.
pub const MAX_IDLE: usize = 10_000;

/// How many outcomes are remembered. At the bound the oldest goes.
pub const MAX_OUTCOMES: usize = 1024;

/// How many bytes of outcomes are remembered. At the bound the oldest go; the newest always stays.
pub const MAX_OUTCOME_BYTES: usize = 4 << 20;

/// How many of a task's last frames are compared with what a resubscribe brings, where the server gives no seq.
pub const RECENT_FRAMES: usize = 256;

/// The longest task id, in bytes.
pub const MAX_TASK_ID: usize = 1024;

// Messages

/// How much of a rejected frame its error shows, in bytes.
pub const SHOWN_BYTES: usize = 200;

// Statistics

/// How many of the last errors are kept. At the bound the oldest goes.
pub const LAST_ERRORS: usize = 8;

// Calls

/// How many calls of one kind may wait at a time. One more is refused with `limit_reached`.
pub const MAX_WAITERS: usize = 65_536;
