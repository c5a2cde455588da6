/*
 * Steadywire: follow long-running tasks over a WebSocket that breaks.
 *
 * This file is generated from the library's sources and checked against them.
 *
 *     steadywire_config *config;
 *     steadywire_client *client;
 *     steadywire_outcome *outcome;
 *     steadywire_config_new("ws://127.0.0.1:8080/ws", STEADYWIRE_NUL, &config);
 *     steadywire_client_new(config, &client);
 *     steadywire_config_free(config);
 *     steadywire_client_outcome_wait(client, "build-7", STEADYWIRE_NUL, STEADYWIRE_FOREVER, &outcome);
 *     puts(steadywire_outcome_data(outcome, NULL));
 *     steadywire_outcome_free(outcome);
 *     steadywire_client_free(client);
 *
 * STATUSES. A function that can fail answers with a steadywire_status and says more through steadywire_last_error().
 * Outputs are written on success only. NULL where something is needed, text that is not UTF-8 and numbers that stand
 * for nothing are STEADYWIRE_INVALID_ARGUMENT; a defect of the library is STEADYWIRE_INTERNAL. Each function may also
 * answer STEADYWIRE_CLOSED after the client's end and STEADYWIRE_FORKED in a forked child; what it says of itself are
 * the others.
 *
 * TEXTS in are a pointer and a length in bytes, or a NUL-terminated string and STEADYWIRE_NUL; UTF-8; copied before
 * the call returns. NULL with length 0 is the empty text. Texts out are UTF-8, NUL-terminated, may hold further NULs,
 * and belong to what they were asked of: they go with it.
 *
 * HANDLES. What a function gives through a pointer to a pointer is the program's, to be freed with the ..._free() of
 * its type; free(NULL) is fine. A handle is no address but is looked up on every call, on any thread: one that has been
 * freed, is of another type or none at all is STEADYWIRE_INVALID_ARGUMENT, or an empty answer where there is no
 * status, never a crash. The one exception is the event that a callback is given: it is a pointer, valid during the
 * call and on its thread. There may be 1,048,576 handles at a time (65,536 where addresses have 32 bits); one more is
 * STEADYWIRE_LIMIT_REACHED.
 *
 * THREADS. Every function may be called on any thread, at any time, unless it says otherwise. The library has one
 * thread for the I/O of all clients and a few that run callbacks. It installs no signal handler, changes no signal
 * mask and raises no SIGPIPE. It stays loaded until the process ends, also after a dlclose().
 *
 * FORKS. In a child, clients, follows, reporters and requests of the parent answer STEADYWIRE_FORKED, and freeing them
 * does nothing; options, messages, outcomes, receipts and kept events go on to work, and so do new clients.
 *
 * CALLBACKS are a function, a `user_data` that is passed to it, and a `drop` for that. `user_data` is the library's
 * from the moment it is given, also where the function that it is given to fails: `drop` has run then when that
 * returns. Three promises hold for each: no call begins after `drop` has begun; `drop` runs exactly once, after the
 * last call; they never run at the same time. (The log callback alone may run on several threads at once.) The end of
 * the process is no end of a callback: `drop` is not called for it.
 *
 *                  | thread                         | what may be called in it          | what it is given
 *     -------------+--------------------------------+-----------------------------------+-------------------------
 *     event        | one of the library's, or the   | everything; functions that wait   | an event of the
 *                  | one that polls; one callback   | for this client answer            | library's, valid
 *                  | of a client at a time          | STEADYWIRE_WOULD_DEADLOCK         | during the call
 *     done,        | likewise, in order with the    | likewise                          | texts, receipt, outcome
 *     receipt,     | events; called once, or never  |                                   | of the library's, valid
 *     outcome      | if the client is freed first   |                                   | during the call
 *     credentials  | one of the library's, beside   | likewise                          | a request that is the
 *                  | the events, or the one that    |                                   | program's, to be
 *                  | polls, ahead of them; one at a |                                   | answered, failed or
 *                  | time                           |                                   | freed, now or later
 *     classify     | likewise                       | likewise                          | an ending of the
 *                  |                                |                                   | library's, likewise
 *     log          | any, several at once; also the | steadywire_last_error() only;     | texts, valid during
 *                  | one that does all I/O          | all else does nothing             | the call
 *     drop         | where the last call was, or in | everything; functions that wait   | `user_data`
 *                  | the function that ends it: off | for this client may answer        |
 *                  | or free of what it was given   | STEADYWIRE_WOULD_DEADLOCK         |
 *                  | to, poll, or a call that fails |                                   |
 *
 * A callback that blocks delays the others of its client, whose events wait, within bounds; other clients and the
 * network go on. One that takes itself off, or frees its client, goes on to its end, and is dropped after it. One must
 * not leave by longjmp() or by an exception of C++: the process ends there; see steadywire_client_callback_failed() and
 * steadywire.hpp, which turns exceptions into error events.
 */

/** The length of a text that ends at its first NUL. */
#define STEADYWIRE_NUL SIZE_MAX
