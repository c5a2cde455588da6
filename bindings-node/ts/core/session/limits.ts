/** Every bound and every fixed time of the session, in one place. What is settable is in the configuration. */

// Attempts and links

/** How many tries the first connect has where neither the user nor a lease says otherwise. */
export const CONNECT_ATTEMPTS = 5;

/** How many protocol errors in a row, without a stable link between, are too many. */
export const MAX_PROTOCOL_ERRORS = 3;

/** A link is called stable after this long, whatever `stableAfter` says and whether it was heard or not. */
export const SILENT_STABLE_MS = 60_000;

/** Those that wake up together spread their attempts over this long. */
export const WAKE_SPREAD_MS = 500;

/** How long an attempt waits for credentials. After that they could not be had. */
export const CREDENTIALS_MS = 30_000;

/** How long the answer is awaited what an end means. After that it means what was proposed. */
export const CLASSIFY_MS = 1000;

// Heartbeats

/** A timeout that comes this much late says more about us than about the server. */
export const LATE_MS = 3000;

/** How long a probe waits for a sign of life. */
export const PROBE_MS = 3000;

/**
 * How many pings may be without a pong; at the bound the oldest is forgotten. And how many heartbeat messages
 * without an answer; at the bound one more counts with the last.
 */
export const MAX_PINGS = 8;

// Subscriptions

/** How long to wait for the server's hello before it is taken to have none. */
export const HELLO_WAIT_MS = 1000;

/** The same where the server had one on the last link: it is slow rather than without. */
export const LONG_HELLO_WAIT_MS = 10_000;

/** After so many links in a row that were lost while a hello was waited for like that, the wait is short again. */
export const MAX_VAIN_WAITS = 3;

/** How many subscriptions are sent at a time to a server without the feature `batch`. */
export const PACE_COUNT = 50;

/** How long to wait between them. */
export const PACE_MS = 5;

/** How many tasks one `subscribe` names at most where the server has the feature `batch`. */
export const BATCH_TASKS = 1000;

/** How long after a resubscribe frames without seq are compared with recent ones. */
export const COMPARE_MS = 10_000;

/**
 * How many `unsubscribe` and `query` frames wait to be written. At the bound a query is left out (it will be
 * asked again) and an unsubscribe is left out too (the server's frames are then passed on as unasked).
 */
export const MAX_REQUESTS = 100_000;

// Status questions

/** The longest time between two questions about a silent task. */
export const MAX_QUESTION_MS = 900_000;

/** How often in a row the server may say that it does not know a task it knew. */
export const MAX_UNKNOWNS = 3;

// Outcomes

/** How long the real last message is awaited after a status that says the task is over. */
export const HINT_MS = 2000;

// Outbox

/**
 * How many status, complete, error and other messages the outbox takes beyond `maxQueuedMessages`. Their bytes
 * may exceed `maxQueuedBytes` by as much again.
 */
export const RESERVE_MESSAGES = 256;

// Receipts

/** How many written messages may be unsettled. At the bound nothing more is written until some are settled. */
export const MAX_IN_FLIGHT = 4096;

/** After this many messages a ping goes out between them, so that a long run settles as it goes. */
export const PROOF_EVERY = 256;

/** Where heartbeats are off, a message counts as written after this much life of the link. */
export const WRITTEN_AFTER_MS = 30_000;

// Ending

/** How long `disconnect()` waits for the outbox to be written and settled. */
export const DRAIN_MS = 3000;

/** How long the close handshake may take. */
export const CLOSE_TIMEOUT_MS = 1000;

// Cursors

/** How long the cursor of a task outlives the last one who wanted it. */
export const CURSOR_KEPT_MS = 60_000;

// Tasks

/** How many tasks may be wanted at a time. One more is refused with `limit_reached`. */
export const MAX_TASKS = 100_000;

/** How many leases may live at a time. One more is refused with `limit_reached`. */
export const MAX_LEASES = 1_000_000;

/** How many unwanted tasks keep their cursor. At the bound the one unwanted longest goes. */
export const MAX_IDLE = 10_000;

/** How many outcomes are remembered. At the bound the oldest goes. */
export const MAX_OUTCOMES = 1024;

/** How many bytes of outcomes are remembered. At the bound the oldest go; the newest always stays. */
export const MAX_OUTCOME_BYTES = 4 << 20;

/** How many of a task's last frames are compared with what a resubscribe brings, where the server gives no seq. */
export const RECENT_FRAMES = 256;

/** The longest task id, in bytes. */
export const MAX_TASK_ID = 1024;

// Messages

/** How much of a rejected frame its error shows, in bytes. */
export const SHOWN_BYTES = 200;

// Statistics

/** How many of the last errors are kept. At the bound the oldest goes. */
export const LAST_ERRORS = 8;

// Calls

/** How many calls of one kind may wait at a time. One more is refused with `limit_reached`. */
export const MAX_WAITERS = 65_536;
