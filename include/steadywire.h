#ifndef STEADYWIRE_H
#define STEADYWIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Options of a client: made, changed, given to any number of steadywire_client_new(), which copy it, and freed.
 * Every function that takes one may be called on any thread; changes on several threads at once take effect one after
 * the other. It goes on to work in a forked child.
 *
 * Setters refuse what they can tell at once (NULL, text that is not UTF-8, an enumeration's unknown number); whether
 * a number is within its bounds is said by steadywire_client_new(), which names the option. 0 is a value, not "the
 * default".
 */
typedef struct steadywire_config steadywire_config;

/** How a link or an attempt ended. Belongs to the library and is valid during the call of the classifier. */
typedef struct steadywire_ending steadywire_ending;

/**
 * A question for credentials, which belongs to the program: it is put together with the functions below and ended
 * with steadywire_credentials_request_answer() or steadywire_credentials_request_fail(), now or later, on any thread.
 * Both free it. What is neither answered nor failed within 30 s is a failed attempt, as is one that is freed. Answers
 * that come too late, or after the client was freed, do nothing.
 */
typedef struct steadywire_credentials_request steadywire_credentials_request;

/**
 * One event.
 *
 * It belongs to the library: what a callback is given is valid during the call and on its thread, what
 * steadywire_follow_next() gives until the next call for that follow. steadywire_event_clone() keeps one. Texts belong
 * to their event.
 *
 * Every function below may be asked of every event: what an event does not have is an empty text, -1, 0 or false, as
 * each says. Texts end with a NUL and may hold others; `length`, which may be NULL, receives the length without it.
 */
typedef struct steadywire_event steadywire_event;

/**
 * A connection to one server that restores itself, and the tasks followed and reported over it.
 *
 * Every function that takes one may be called on any thread, in every state of the connection and inside callbacks.
 * Functions that have a twin whose name ends in _wait begin what they are for and return at once; where the result is
 * of interest they take a callback for it. The twins wait, and return STEADYWIRE_WOULD_DEADLOCK inside a callback of
 * the same client, where what they are for has begun all the same. With STEADYWIRE_DISPATCH_POLL they run callbacks
 * while they wait.
 */
typedef struct steadywire_client steadywire_client;

/**
 * What became of a message that was sent: its one final state. One that a callback is given belongs to the library
 * and is valid during the call; one that a function gives is to be freed with steadywire_receipt_free().
 */
typedef struct steadywire_receipt steadywire_receipt;

/**
 * A message to be sent: made for one type, given more with the functions below, sent any number of times over any
 * client, and freed. Reporters send the messages of a worker's own task in one call each.
 */
typedef struct steadywire_message steadywire_message;

/**
 * The end of a task, as a value. One that a callback is given belongs to the library and is valid during the call;
 * one that a function gives is to be freed with steadywire_outcome_free(). It may be read on any thread and works in
 * a forked child.
 */
typedef struct steadywire_outcome steadywire_outcome;

/**
 * The events of one task in order, ending after its outcome: a complete event, an error event of source task, or a
 * lost event.
 *
 * While it lives the task is wanted. It has a queue of its own, of 10,000 events and 16 MiB, so that one that nobody
 * reads stalls nobody: above half of that the latest progress replaces the one that waits, at the bound the oldest log
 * lines go, and an overflow event says how many. The outcome always arrives.
 */
typedef struct steadywire_follow steadywire_follow;

/**
 * Reports one task: how far it is, what it says, and exactly one end.
 *
 * While it lives the link is kept up and brought back without limit. The end, complete or error, is sent again on
 * every new link until the server has acknowledged it. A reporter that is freed without one reports an error with code
 * "abandoned". May be used on any thread and inside callbacks.
 */
typedef struct steadywire_reporter steadywire_reporter;

/* The library ----------------------------------------------------------------------------------------- */

/**
 * The version of the binary interface that this header describes. Programs that were built with it work with every
 * library whose `steadywire_abi_version()` is the same; the shared library's soname ends with this number.
 */
#define STEADYWIRE_ABI_VERSION 0

/** The library's version, such as "0.1.0". A constant: nothing is to be freed. Any thread. */
const char *steadywire_version(void);

/**
 * The version of the library's binary interface, to be compared with STEADYWIRE_ABI_VERSION by programs that load the
 * library themselves. Any thread.
 */
uint32_t steadywire_abi_version(void);

/* Statuses and errors --------------------------------------------------------------------------------- */

/**
 * What became of a call: STEADYWIRE_OK, or what went wrong. The numbers never change their meaning and are the same in
 * every language of this library; new ones will be added, so treat an unknown one as a failure.
 *
 * 100 to 199 usage, 200 to 299 transport, 300 to 399 protocol, 400 to 499 refused by the server, 500 to 599 resource,
 * 900 to 999 internal.
 */
typedef int32_t steadywire_status;

/** Done. */
#define STEADYWIRE_OK 0
/** A follow has come to its end. Not an error: steadywire_last_error() is left alone. */
#define STEADYWIRE_END 1
/** An argument or an option has a value it cannot take. */
#define STEADYWIRE_INVALID_ARGUMENT 100
/** There is no option of that name. */
#define STEADYWIRE_UNKNOWN_OPTION 101
/** The URL cannot be used: not a URL, or not `ws://` or `wss://`. */
#define STEADYWIRE_INVALID_URL 102
/** A call that waits was made inside a callback; waiting there would never end. */
#define STEADYWIRE_WOULD_DEADLOCK 103
/** The client has been closed for good. */
#define STEADYWIRE_CLOSED 104
/** The operation is not possible in the current state. */
#define STEADYWIRE_INVALID_STATE 105
/** The client was made in another process, before a fork. */
#define STEADYWIRE_FORKED 106
/** This build cannot do that: a feature or platform is missing. */
#define STEADYWIRE_UNSUPPORTED 107
/** The connection could not be made. */
#define STEADYWIRE_CONNECT_FAILED 200
/** The host name could not be resolved. */
#define STEADYWIRE_DNS_FAILED 201
/** The TLS handshake failed. */
#define STEADYWIRE_TLS_FAILED 202
/** One connection attempt took longer than the connect timeout. */
#define STEADYWIRE_CONNECT_TIMEOUT 203
/** The link broke. */
#define STEADYWIRE_CONNECTION_LOST 204
/** The server gave no sign of life within the heartbeat timeout. */
#define STEADYWIRE_HEARTBEAT_TIMEOUT 205
/** The proxy refused or could not be reached. */
#define STEADYWIRE_PROXY_FAILED 206
/** Every allowed attempt has been made. */
#define STEADYWIRE_ATTEMPTS_EXHAUSTED 207
/** A disconnect ended what was waiting. */
#define STEADYWIRE_DISCONNECTED 208
/** Credentials could not be had. */
#define STEADYWIRE_CREDENTIALS_FAILED 209
/** A frame was not a message of this protocol and was rejected. */
#define STEADYWIRE_INVALID_MESSAGE 300
/** An inbound message was larger than the configured size. */
#define STEADYWIRE_MESSAGE_TOO_LARGE 301
/** The peer broke the WebSocket protocol. */
#define STEADYWIRE_PROTOCOL_VIOLATION 302
/** The server answered the upgrade with something that is not a WebSocket. */
#define STEADYWIRE_HANDSHAKE_FAILED 303
/** The server refused the connection for good. */
#define STEADYWIRE_REFUSED 400
/** The server refused the credentials. */
#define STEADYWIRE_UNAUTHORIZED 401
/** The server refused a message that was sent. */
#define STEADYWIRE_MESSAGE_REFUSED 402
/** A task ended with an error (used where an outcome is turned into an error). */
#define STEADYWIRE_TASK_FAILED 403
/** The server reports trouble of its own, which concerns no followed task and no message of ours. */
#define STEADYWIRE_SERVER_ERROR 404
/** The outbox is full. */
#define STEADYWIRE_QUEUE_FULL 500
/** A message is larger than the outbox may hold. */
#define STEADYWIRE_MESSAGE_TOO_LARGE_TO_QUEUE 501
/** A wait took longer than the time it was given. */
#define STEADYWIRE_TIMEOUT 502
/** A bound on the number of something was reached. */
#define STEADYWIRE_LIMIT_REACHED 503
/** A defect in this library. */
#define STEADYWIRE_INTERNAL 900
/** A callback of the program failed. */
#define STEADYWIRE_CALLBACK_FAILED 901

/**
 * The name of a status, such as "queue_full"; "unknown" for a number that this library does not know. A constant:
 * nothing is to be freed. Any thread.
 */
const char *steadywire_status_name(steadywire_status status);

/** Whether the same call can succeed later without a change by the program. Any thread. */
bool steadywire_status_is_retryable(steadywire_status status);

/**
 * Copies this thread's last error into `buffer`, a text for people: what happened, and what can be done.
 *
 * It is set when a function of this library fails on this thread, and left alone when one succeeds, so look at the
 * status first. The text is cut where the buffer ends (never inside a character) and always ends with a NUL.
 *
 * Answers with the length of the whole text without its NUL, so that `steadywire_last_error(NULL, 0) + 1` bytes hold
 * it; 0 where nothing has failed yet. May be called anywhere, also inside the log callback.
 */
size_t steadywire_last_error(char *buffer,
                             size_t size);

/* Callbacks ------------------------------------------------------------------------------------------- */

/**
 * Is called once when the library no longer needs `user_data`, after the last call of the function that it was given
 * with and never at the same time. NULL where nothing is to be freed.
 */
typedef void (*steadywire_drop_callback)(void *user_data);

/* Options --------------------------------------------------------------------------------------------- */

/** Says "as often as it takes" where a number of tries is expected. */
#define STEADYWIRE_UNLIMITED UINT32_MAX

/** What a full outbox does with a progress message or log line. Unknown values will appear in later versions. */
typedef int32_t steadywire_overflow;

/** Sending fails with STEADYWIRE_QUEUE_FULL. */
#define STEADYWIRE_OVERFLOW_REJECT 0
/** The oldest waiting log line is dropped; its receipt says so. */
#define STEADYWIRE_OVERFLOW_DROP_OLDEST 1
/** The new message is dropped; its receipt says so. */
#define STEADYWIRE_OVERFLOW_DROP_NEWEST 2

/** When a newer progress event takes the place of one that still waits for its callback. */
typedef int32_t steadywire_conflate;

/** When the callbacks lag: half of a bound is used, or the oldest event waits for over 100 ms. */
#define STEADYWIRE_CONFLATE_LAG 0
/** Never: every progress event is delivered, and a full inbox stops reading from the socket. */
#define STEADYWIRE_CONFLATE_NEVER 1

/** Where the callbacks of a client run. Unknown values will appear in later versions. */
typedef int32_t steadywire_dispatch;

/** On a thread of the library. One at a time for each client; clients do not wait for each other. */
#define STEADYWIRE_DISPATCH_THREAD 0
/** Inside steadywire_client_poll(), on the program's thread: for programs with a loop of their own. */
#define STEADYWIRE_DISPATCH_POLL 1

/**
 * Makes options for the server at `url`, all others at their defaults.
 *
 * @param url the server, ws:// or wss://; copied
 * @param config receives the options, to be freed with steadywire_config_free()
 * @return STEADYWIRE_OK, STEADYWIRE_INVALID_ARGUMENT
 */
steadywire_status steadywire_config_new(const char *url, size_t url_length, steadywire_config **config);

/** Frees options. Clients made with them are not affected. NULL is fine; what has been freed already is left alone. */
void steadywire_config_free(steadywire_config *config);

/** Sets the server, ws:// or wss://. */
steadywire_status steadywire_config_set_url(steadywire_config *config, const char *url, size_t url_length);

/**
 * Sets what a full outbox does with a progress message or log line. Default STEADYWIRE_OVERFLOW_REJECT: nothing is
 * lost without the sender hearing of it. status, complete and error are never dropped for it.
 */
steadywire_status steadywire_config_set_overflow(steadywire_config *config,
                                                 steadywire_overflow overflow);

/**
 * Sets when newer progress of a task replaces progress that still waits. Default STEADYWIRE_CONFLATE_LAG: a callback
 * that is slow gets the latest.
 */
steadywire_status steadywire_config_set_conflate(steadywire_config *config,
                                                 steadywire_conflate conflate);

/** Sets where callbacks run. Default STEADYWIRE_DISPATCH_THREAD. */
steadywire_status steadywire_config_set_dispatch(steadywire_config *config, steadywire_dispatch dispatch);

/**
 * Sets what is sent as "Authorization: Bearer"; NULL, the default, for nothing. It appears in no log and no error.
 * Where it has to be fresh for each attempt, see steadywire_config_set_credentials().
 */
steadywire_status steadywire_config_set_token(steadywire_config *config,
                                              const char *token,
                                              size_t token_length);

/** Adds a header to the upgrade request. Default none. */
steadywire_status steadywire_config_add_header(steadywire_config *config,
                                               const char *name,
                                               size_t name_length,
                                               const char *value,
                                               size_t value_length);

/**
 * Adds a subprotocol to offer, the preferred one first. Default none: a server that is offered one and does not take
 * it is a failed attempt.
 */
steadywire_status steadywire_config_add_protocol(steadywire_config *config,
                                                 const char *protocol,
                                                 size_t protocol_length);

/** A task's outcome in its status words. */
typedef int32_t steadywire_terminal;

/** The word ends no task. */
#define STEADYWIRE_TERMINAL_NONE 0
/** The task ended well. */
#define STEADYWIRE_TERMINAL_COMPLETE 1
/** The task ended in an error. */
#define STEADYWIRE_TERMINAL_ERROR 2

/**
 * Says what a status word of a task means for it, in any case of its letters, beside or instead of the built-in
 * words: complete, completed, success, succeeded, done and finished end a task well, and error, failed, failure,
 * cancelled, canceled and aborted in an error.
 */
steadywire_status steadywire_config_set_terminal_status(steadywire_config *config,
                                                        const char *word,
                                                        size_t word_length,
                                                        steadywire_terminal terminal);

/**
 * Sets where tasks go on, as an earlier client exported it with steadywire_client_cursors_json(). Default nowhere:
 * the server then begins with what it has.
 */
steadywire_status steadywire_config_set_cursors(steadywire_config *config,
                                                const char *cursors,
                                                size_t cursors_length);

/**
 * Sets the option of that name, as it is called in every language ("reconnectInterval", times in milliseconds), to a
 * JSON value: for options that come from a file, and for those without a function of their own. `null` is
 * "unlimited" for a number of tries.
 *
 * @return STEADYWIRE_OK, STEADYWIRE_UNKNOWN_OPTION, STEADYWIRE_INVALID_ARGUMENT
 */
steadywire_status steadywire_config_set_json(steadywire_config *config,
                                             const char *name,
                                             size_t name_length,
                                             const char *value,
                                             size_t value_length);

/**
 * Sets the delay before the first retry. Milliseconds, 0 to 2097151, default 1000: short enough that a person
 * hardly notices a blink of the network.
 */
steadywire_status steadywire_config_set_reconnect_interval_ms(steadywire_config *config,
                                                              uint64_t milliseconds);

/**
 * Sets how much the delay grows with each failed attempt. 1 to 10, default 1.5. Every delay but the first is spread
 * by 30 %, so that clients that lost one server do not return as one.
 */
steadywire_status steadywire_config_set_reconnect_backoff_multiplier(steadywire_config *config,
                                                                     double multiplier);

/** Sets the longest delay between two attempts. Milliseconds, 0 to 2097151, default 30000. */
steadywire_status steadywire_config_set_max_reconnect_backoff_ms(steadywire_config *config,
                                                                 uint64_t milliseconds);

/**
 * Sets how often the first connect is tried before it fails. From 1; STEADYWIRE_UNLIMITED for as often as it takes.
 * Default 5, so that a wrong address is told soon, and unlimited while a follow, a wait or a reporter needs the
 * link.
 */
steadywire_status steadywire_config_set_max_connect_attempts(steadywire_config *config,
                                                             uint32_t attempts);

/**
 * Sets how often a lost link is tried again. 0 = never; STEADYWIRE_UNLIMITED, the default, for as often as it
 * takes.
 */
steadywire_status steadywire_config_set_max_reconnect_attempts(steadywire_config *config, uint32_t attempts);

/**
 * Sets how long a link must have been open to be called stable, which resets the delay and the count of attempts.
 * Milliseconds, 0 to 2097151, default 5000: a server that accepts and drops at once must not be asked without a
 * pause.
 */
steadywire_status steadywire_config_set_stable_after_ms(steadywire_config *config,
                                                        uint64_t milliseconds);

/** Sets the time for one attempt: DNS, TCP, proxy, TLS and upgrade. Milliseconds, 1 to 2097151, default 10000. */
steadywire_status steadywire_config_set_connect_timeout_ms(steadywire_config *config, uint64_t milliseconds);

/**
 * Sets the time between two heartbeats. Milliseconds, 0 to 2097151, default 30000: below the idle limits of common
 * proxies. 0 turns them off; a link that died silently is then noticed by nobody.
 */
steadywire_status steadywire_config_set_heartbeat_interval_ms(steadywire_config *config,
                                                              uint64_t milliseconds);

/**
 * Sets the time in which a heartbeat must be followed by a sign of life, or the link is dropped. Milliseconds, 1 to
 * 2097151, default 10000.
 */
steadywire_status steadywire_config_set_heartbeat_timeout_ms(steadywire_config *config,
                                                             uint64_t milliseconds);

/**
 * Sets how many messages the outbox holds while there is no link. 1 to 1073741824, default 1000; beside it there is
 * a reserve of 256 for status, complete and error.
 */
steadywire_status steadywire_config_set_max_queued_messages(steadywire_config *config,
                                                            size_t messages);

/** Sets how many bytes of messages the outbox holds. 1 to 1073741824, default 1048576. */
steadywire_status steadywire_config_set_max_queued_bytes(steadywire_config *config, size_t bytes);

/**
 * Sets how many events wait for the callbacks before reading from the network pauses. 1 to 1073741824, default
 * 10000.
 */
steadywire_status steadywire_config_set_max_pending_events(steadywire_config *config,
                                                           size_t events);

/** Sets how many bytes of events wait likewise; one event alone may exceed it. 1 to 1073741824, default 16777216. */
steadywire_status steadywire_config_set_max_pending_bytes(steadywire_config *config,
                                                          size_t bytes);

/**
 * Sets the largest inbound message; a larger one ends the link with a clear error. Bytes, 1 to 1073741824, default
 * 16777216: a server must not be able to fill the memory.
 */
steadywire_status steadywire_config_set_max_message_size(steadywire_config *config,
                                                         size_t bytes);

/**
 * Sets how long a task may say nothing before its status is asked for. Milliseconds, 0 to 2097151, default 60000. 0
 * = never; a task whose end was missed by the server itself then stays open.
 */
steadywire_status steadywire_config_set_stall_timeout_ms(steadywire_config *config,
                                                         uint64_t milliseconds);

/** Sets the seed of the jitter, so that runs can be repeated. Default random. */
steadywire_status steadywire_config_set_seed(steadywire_config *config, uint32_t seed);

/** A version of TLS. Unknown values will appear in later versions. */
typedef int32_t steadywire_tls_version;

/** TLS 1.2. */
#define STEADYWIRE_TLS_1_2 12
/** TLS 1.3. */
#define STEADYWIRE_TLS_1_3 13

/**
 * Trusts these authorities too, beside those of the system: certificates in PEM, one or more; NULL for none, the
 * default. Where the system has none, those of Mozilla that are part of this library are used.
 */
steadywire_status steadywire_config_set_tls_ca(steadywire_config *config,
                                               const char *pem,
                                               size_t pem_length);

/**
 * Shows this certificate to a server that asks for one; NULL twice for none, the default.
 *
 * @param cert in PEM, with those between it and its authority behind it
 * @param key its private key in PEM: PKCS #8, PKCS #1 or SEC 1, not encrypted; it appears in no log and no error
 */
steadywire_status steadywire_config_set_tls_client_cert(steadywire_config *config,
                                                        const char *cert,
                                                        size_t cert_length,
                                                        const char *key,
                                                        size_t key_length);

/** Sets the oldest version of TLS to speak. Default STEADYWIRE_TLS_1_2. */
steadywire_status steadywire_config_set_tls_min_version(steadywire_config *config,
                                                        steadywire_tls_version version);

/**
 * Sets the name that the server's certificate must have, and that the server is asked for, instead of the URL's host;
 * NULL, the default, for the URL's.
 */
steadywire_status steadywire_config_set_tls_server_name(steadywire_config *config,
                                                        const char *name,
                                                        size_t name_length);

/** Takes every certificate: anybody on the way can read and change everything. For tests. Default false. */
steadywire_status steadywire_config_set_tls_dangerously_accept_any_certificate(steadywire_config *config,
                                                                               bool accept);

/**
 * Sets the proxy on the way, for every server: http://, https:// or socks5://, with user:password@ where it wants
 * that; NULL for none, whatever the environment says. Host names are resolved by the proxy.
 *
 * The default is what the environment says when the client is made, in capitals or small letters: HTTPS_PROXY,
 * HTTP_PROXY, ALL_PROXY and NO_PROXY, and never for this machine itself. See
 * steadywire_config_set_proxy_from_environment().
 */
steadywire_status steadywire_config_set_proxy(steadywire_config *config,
                                              const char *url,
                                              size_t url_length);

/** Uses the proxy that the environment names when the client is made; the default. */
steadywire_status steadywire_config_set_proxy_from_environment(steadywire_config *config);

/* Options: what the program is asked ------------------------------------------------------------------ */

/** What happens after a link or an attempt ended. Unknown values will appear in later versions. */
typedef int32_t steadywire_disposition;

/** What was proposed: for classifiers. */
#define STEADYWIRE_DISPOSITION_PROPOSED (-1)
/** Retry while there is open work, else stop quietly. */
#define STEADYWIRE_DISPOSITION_WHILE_OPEN 0
/** Retry with backoff. */
#define STEADYWIRE_DISPOSITION_RETRY 1
/** Retry after a longer while, or when the server's Retry-After says. */
#define STEADYWIRE_DISPOSITION_SLOW 2
/** Refresh the credentials once per stable link, else stop for good. */
#define STEADYWIRE_DISPOSITION_REAUTH 3
/** Retry, but stop for good after three in a row. */
#define STEADYWIRE_DISPOSITION_PROTOCOL 4
/** Stop for good. */
#define STEADYWIRE_DISPOSITION_FATAL 5

/**
 * Is asked what an end means, and returns STEADYWIRE_DISPOSITION_...; what it does not know is
 * STEADYWIRE_DISPOSITION_PROPOSED.
 *
 * On a thread of the library, also while an event's callback of this client runs on another, or with
 * STEADYWIRE_DISPATCH_POLL inside steadywire_client_poll(), ahead of events. It has 1 s, then the proposal counts.
 * Functions that wait for this client return STEADYWIRE_WOULD_DEADLOCK inside it.
 */
typedef steadywire_disposition (*steadywire_classify_callback)(const steadywire_ending *ending,
                                                               void *user_data);

/**
 * Says what a WebSocket close code or HTTP status means, where it differs from the library's table. Codes that are
 * neither are never met.
 *
 * @param disposition STEADYWIRE_DISPOSITION_..., STEADYWIRE_DISPOSITION_PROPOSED to go back to the table
 */
steadywire_status steadywire_config_set_disposition(steadywire_config *config,
                                                    uint16_t code,
                                                    steadywire_disposition disposition);

/**
 * Asks `callback` what each end means, where the program knows better than the table; NULL, the default, for nobody.
 *
 * The callback serves one client: the first that is made with these options takes it. To make another with the same
 * options, set a callback anew.
 *
 * @param user_data passed to each call; from here on the library's, also where this fails
 * @param drop NULL, or called once with `user_data` after the last call: when the client is freed or another callback
 * takes its place here, or the options are freed before a client was made
 */
steadywire_status steadywire_config_set_classify(steadywire_config *config,
                                                 steadywire_classify_callback callback,
                                                 void *user_data,
                                                 steadywire_drop_callback drop);

/** The close code: 1005 = there was none, 1006 = there was no close frame; -1 where no link was closed. */
int32_t steadywire_ending_close_code(const steadywire_ending *ending);

/** The HTTP status that refused the attempt; -1 where none did. */
int32_t steadywire_ending_http_status(const steadywire_ending *ending);

/** What kind of failure it was, whatever it means. */
steadywire_status steadywire_ending_error(const steadywire_ending *ending);

/** What it means unless the classifier says otherwise. */
steadywire_disposition steadywire_ending_disposition(const steadywire_ending *ending);

/** What happened, a text for people without credentials. Valid during the call of the classifier. */
const char *steadywire_ending_reason(const steadywire_ending *ending, size_t *length);

/**
 * Is called before every attempt, with a request that belongs to the program from then on.
 *
 * On a thread of the library, also while an event's callback of this client runs on another, or with
 * STEADYWIRE_DISPATCH_POLL inside steadywire_client_poll(), ahead of events. While it has not returned, further
 * attempts fail. Functions that wait for this client return STEADYWIRE_WOULD_DEADLOCK inside it.
 */
typedef void (*steadywire_credentials_callback)(steadywire_credentials_request *request, void *user_data);

/**
 * Asks `callback` for credentials before every attempt, or nothing if that is NULL (the default). What it leaves out
 * is as configured. Its answer has 30 s of its own, before the connect timeout begins.
 *
 * The callback serves one client: the first that is made with these options takes it. To make another with the same
 * options, set a callback anew.
 *
 * @param user_data passed to each call; from here on the library's, also where this fails
 * @param drop NULL, or called once with `user_data` after the last call: when the client is freed or another callback
 * takes its place here, or the options are freed before a client was made
 */
steadywire_status steadywire_config_set_credentials(steadywire_config *config,
                                                    steadywire_credentials_callback callback,
                                                    void *user_data,
                                                    steadywire_drop_callback drop);

/** Which attempt the credentials are for, counted from 1 since the link was last stable; 0 where it is no request. */
uint32_t steadywire_credentials_request_attempt(const steadywire_credentials_request *request);

/** Why the attempt is made, for people and logs. Belongs to the request. */
const char *steadywire_credentials_request_reason(const steadywire_credentials_request *request,
                                                  size_t *length);

/** The close code that ended the last link; -1 where there is none. */
int32_t steadywire_credentials_request_last_close_code(const steadywire_credentials_request *request);

/** The HTTP status that refused the last attempt; -1 where there is none. */
int32_t steadywire_credentials_request_http_status(const steadywire_credentials_request *request);

/** Whether what was used last was refused: a cached answer will not do. */
bool steadywire_credentials_request_force_refresh(const steadywire_credentials_request *request);

/** Uses this server instead of the configured one. */
steadywire_status steadywire_credentials_request_set_url(steadywire_credentials_request *request,
                                                         const char *url,
                                                         size_t url_length);

/** Sends this as "Authorization: Bearer". */
steadywire_status steadywire_credentials_request_set_token(steadywire_credentials_request *request,
                                                           const char *token,
                                                           size_t token_length);

/** Adds a header to the upgrade request; the configured ones are not sent then. */
steadywire_status steadywire_credentials_request_add_header(steadywire_credentials_request *request,
                                                            const char *name,
                                                            size_t name_length,
                                                            const char *value,
                                                            size_t value_length);

/** Adds a subprotocol to offer; the configured ones are not offered then. */
steadywire_status steadywire_credentials_request_add_protocol(steadywire_credentials_request *request,
                                                              const char *protocol,
                                                              size_t protocol_length);

/**
 * Answers with what was set, or with nothing that differs from the configuration, and frees the request.
 *
 * @return STEADYWIRE_OK, also where nobody waits for it any more; STEADYWIRE_INVALID_ARGUMENT where it has been
 * answered or freed already
 */
steadywire_status steadywire_credentials_request_answer(steadywire_credentials_request *request);

/**
 * Says that there are no credentials, and frees the request, whatever this returns.
 *
 * @param message why, for people and logs: no secrets in it; copied
 * @param fatal asking again cannot help, the client stops for good; otherwise it is one failed attempt
 */
steadywire_status steadywire_credentials_request_fail(steadywire_credentials_request *request,
                                                      const char *message,
                                                      size_t message_length,
                                                      bool fatal);

/** Frees a request that is not to be answered: the attempt fails. NULL is fine; one that was answered is left alone. */
void steadywire_credentials_request_free(steadywire_credentials_request *request);

/* Events ---------------------------------------------------------------------------------------------- */

/** What kind of event it is. Unknown values will appear in later versions; leave them alone. */
typedef int32_t steadywire_kind;

/** Of all kinds: for steadywire_client_on(). */
#define STEADYWIRE_EVENT_ANY 0
/** How far a task is: task_id, stage, progress, message, timestamp. */
#define STEADYWIRE_EVENT_PROGRESS 1
/** A log line of a task: task_id, level, message, metadata, timestamp. */
#define STEADYWIRE_EVENT_LOG 2
/** What a task says of itself: task_id, data, timestamp. */
#define STEADYWIRE_EVENT_STATUS 3

/**
 * A task failed, or the link, or a message, or a callback: source, code, error, message, task_id, data, fatal,
 * synthetic, timestamp.
 */
#define STEADYWIRE_EVENT_ERROR 4

/** A task ended well: task_id, data, synthetic, timestamp. */
#define STEADYWIRE_EVENT_COMPLETE 5
/** A heartbeat of the server: task_id, timestamp. */
#define STEADYWIRE_EVENT_HEARTBEAT 6
/** A message of a type that the protocol does not know: type, task_id, raw. */
#define STEADYWIRE_EVENT_MESSAGE 7
/** The state of the connection changed: state, previous, reason, generation, close_code, http_status, will_retry. */
#define STEADYWIRE_EVENT_STATE_CHANGE 8
/** An attempt failed or a link was lost, and the next attempt is set: attempt, next_delay_ms, reason. */
#define STEADYWIRE_EVENT_RETRY 9
/** A link is up: generation. */
#define STEADYWIRE_EVENT_CONNECTED 10
/** A link that was up is gone: generation, close_code, reason. */
#define STEADYWIRE_EVENT_DISCONNECTED 11
/** A subscription ended without an outcome: task_id, lost_reason, reason. */
#define STEADYWIRE_EVENT_LOST 12
/** Messages of a task are known to be missing: task_id, gap_from, gap_to, epoch. */
#define STEADYWIRE_EVENT_GAP 13
/** Log lines were dropped because the callbacks were too slow: overflow_count. */
#define STEADYWIRE_EVENT_OVERFLOW 14

/**
 * Keeps an event beyond its call. One that was kept before is not copied again.
 *
 * @param copy receives the copy, to be freed with steadywire_event_free(); it may be read on any thread, does not
 * keep the client alive and works in a forked child
 * @return STEADYWIRE_OK; STEADYWIRE_INVALID_ARGUMENT; STEADYWIRE_LIMIT_REACHED where there are too many handles
 */
steadywire_status steadywire_event_clone(const steadywire_event *event,
                                         steadywire_event **copy);

/**
 * Frees an event that was kept with steadywire_event_clone(). NULL is fine; an event that belongs to the library is
 * left alone.
 */
void steadywire_event_free(steadywire_event *event);

/** The state of a client's connection. Unknown values will appear in later versions. */
typedef int32_t steadywire_state;

/** Never started, or the program asked for it. */
#define STEADYWIRE_STATE_DISCONNECTED 0
/** Not yet up since the connect. */
#define STEADYWIRE_STATE_CONNECTING 1
/** Up. */
#define STEADYWIRE_STATE_CONNECTED 2
/** Was up and is being restored. */
#define STEADYWIRE_STATE_RECONNECTING 3
/** Stopped for good until the next connect or reconnect. */
#define STEADYWIRE_STATE_ERROR 4

/** How important a log line is. Unknown values will appear in later versions. */
typedef int32_t steadywire_level;

/** Detail for those who look for a fault. */
#define STEADYWIRE_LEVEL_DEBUG 0
/** What happens. */
#define STEADYWIRE_LEVEL_INFO 1
/** Something to look at. */
#define STEADYWIRE_LEVEL_WARN 2
/** Something failed. */
#define STEADYWIRE_LEVEL_ERROR 3

/** Where an error event comes from. Unknown values will appear in later versions. */
typedef int32_t steadywire_error_source;

/** The task failed: this is its outcome, unless it is not fatal. */
#define STEADYWIRE_SOURCE_TASK 0
/** The link failed. */
#define STEADYWIRE_SOURCE_TRANSPORT 1
/** The server sent something that is not of this protocol. */
#define STEADYWIRE_SOURCE_PROTOCOL 2
/** The server refused the credentials. */
#define STEADYWIRE_SOURCE_AUTH 3
/** A callback of the program failed. */
#define STEADYWIRE_SOURCE_CALLBACK 4

/** Why a subscription ended without an outcome. Unknown values will appear in later versions. */
typedef int32_t steadywire_lost_reason;

/** The program disconnected. */
#define STEADYWIRE_LOST_DISCONNECTED 0
/** Every allowed attempt was made. */
#define STEADYWIRE_LOST_GIVEN_UP 1
/** The server refused the client for good. */
#define STEADYWIRE_LOST_REFUSED 2
/** The server no longer knows the task. */
#define STEADYWIRE_LOST_FORGOTTEN 3
/** It was unsubscribed while something waited for it. */
#define STEADYWIRE_LOST_UNSUBSCRIBED 4
/** The client was closed. */
#define STEADYWIRE_LOST_CLOSED 5

/**
 * The client whose event it is, NULL where it is none. No new reference: it is the handle that the program has, which
 * may have been freed meanwhile.
 */
steadywire_client *steadywire_event_client(const steadywire_event *event);

/** What kind of event it is. STEADYWIRE_EVENT_ANY where it is none. */
steadywire_kind steadywire_event_kind(const steadywire_event *event);

/** When it happened, by the clock of who said so: milliseconds since the Unix epoch. -1 where the event has no time. */
int64_t steadywire_event_timestamp(const steadywire_event *event);

/** How far a task is, 0 to 100; -1 where the event is not of progress. */
double steadywire_event_progress(const steadywire_event *event);

/** How important a log line is; -1 where the event is none. */
steadywire_level steadywire_event_level(const steadywire_event *event);

/** Where an error comes from; -1 where the event is none. */
steadywire_error_source steadywire_event_source(const steadywire_event *event);

/**
 * What went wrong, of an error that the library found; STEADYWIRE_OK where a task's own code says it, and for other
 * events.
 */
steadywire_status steadywire_event_error(const steadywire_event *event);

/** Whether, of an error event, the task or the connection is over. */
bool steadywire_event_fatal(const steadywire_event *event);

/** Whether a complete or error event was made from the task's status because its own last message did not come. */
bool steadywire_event_synthetic(const steadywire_event *event);

/** The state now, of a state change; -1 for other events. */
steadywire_state steadywire_event_state(const steadywire_event *event);

/** The state before, of a state change; -1 for other events. */
steadywire_state steadywire_event_previous(const steadywire_event *event);

/**
 * The number of the transport that a state change, a connected or a disconnected event concerns; 0 where there is
 * none.
 */
uint32_t steadywire_event_generation(const steadywire_event *event);

/** The WebSocket close code that caused a state change or a disconnected event; -1 where none did. */
int32_t steadywire_event_close_code(const steadywire_event *event);

/** The HTTP status that caused a state change; -1 where none did. */
int32_t steadywire_event_http_status(const steadywire_event *event);

/** Whether the client goes on trying, of a state change. */
bool steadywire_event_will_retry(const steadywire_event *event);

/** Which attempt comes next, counted from 1 since the link was last stable, of a retry event; 0 for others. */
uint32_t steadywire_event_attempt(const steadywire_event *event);

/** Milliseconds until the next attempt, of a retry event; -1 for others. */
int64_t steadywire_event_next_delay_ms(const steadywire_event *event);

/** Why a subscription ended without an outcome, of a lost event; -1 for others. */
steadywire_lost_reason steadywire_event_lost_reason(const steadywire_event *event);

/** The first position that is missing, of a gap event; -1 for others. */
int64_t steadywire_event_gap_from(const steadywire_event *event);

/** The last position that is missing, of a gap event; -1 where nobody can know, and for others. */
int64_t steadywire_event_gap_to(const steadywire_event *event);

/** How many log lines were dropped, of an overflow event; 0 for others. */
uint64_t steadywire_event_overflow_count(const steadywire_event *event);

/** The task the event concerns; empty where it concerns none. */
const char *steadywire_event_task_id(const steadywire_event *event, size_t *length);

/** The stage a task is in, of a progress event. */
const char *steadywire_event_stage(const steadywire_event *event, size_t *length);

/** The text for people, of a progress, log or error event. */
const char *steadywire_event_message(const steadywire_event *event, size_t *length);

/**
 * Why, for people and logs: of a state change, a disconnected and a retry event (there, what made it necessary), and
 * of a lost event as a word, see steadywire_event_lost_reason().
 */
const char *steadywire_event_reason(const steadywire_event *event,
                                    size_t *length);

/**
 * The code of an error event: a task's own, or where the library made the event the name of a status, as of
 * steadywire_event_error().
 */
const char *steadywire_event_code(const steadywire_event *event, size_t *length);

/** What came with a status, complete or error event: any JSON, as text. */
const char *steadywire_event_data(const steadywire_event *event, size_t *length);

/** What belongs to a log line: a JSON object, as text. */
const char *steadywire_event_metadata(const steadywire_event *event, size_t *length);

/** The type of a message event. */
const char *steadywire_event_type(const steadywire_event *event, size_t *length);

/** The whole frame of a message event, as it came. */
const char *steadywire_event_raw(const steadywire_event *event, size_t *length);

/** The run of a task's history in which messages are missing, of a gap event. */
const char *steadywire_event_epoch(const steadywire_event *event, size_t *length);

/** The whole event as a JSON object, in the shape that every language of this library logs. */
const char *steadywire_event_to_json(const steadywire_event *event, size_t *length);

/* Clients --------------------------------------------------------------------------------------------- */

/**
 * Makes a client that does nothing yet; no connection is made before a call asks for one.
 *
 * @param config its options; copied, but for the callbacks in it, which this client takes
 * @param client receives the client, to be freed with steadywire_client_free()
 * @return STEADYWIRE_OK; STEADYWIRE_INVALID_ARGUMENT or STEADYWIRE_INVALID_URL for an option with a value it cannot
 * take, by name; STEADYWIRE_LIMIT_REACHED where no thread or descriptor can be had
 */
steadywire_status steadywire_client_new(const steadywire_config *config,
                                        steadywire_client **client);

/**
 * Frees a client, with the listeners that it has. Never blocks; legal on any thread, in every state and inside
 * callbacks, also its own. NULL is fine; what has been freed already is left alone.
 *
 * No callback of it starts after this, but one that is under way on another thread goes on: free what it uses in
 * `drop`, or call steadywire_client_close_wait() before. Each `drop` that was given with a callback is called once,
 * after the last call: on a thread of the library and soon; with STEADYWIRE_DISPATCH_POLL inside this function, or
 * where a callback of this client is under way, after that, on its thread.
 *
 * In the background the outbox is written, for at most 3 s, and the link is closed. Functions that wait for this
 * client on other threads return STEADYWIRE_CLOSED. Its follows and reporters stay to be freed: follows end with a
 * lost event, reporters answer STEADYWIRE_CLOSED.
 */
void steadywire_client_free(steadywire_client *client);

/**
 * Ends a client as steadywire_client_free() does, and waits until nothing of it is left: no callback runs, every
 * `drop` has returned, the outbox is written as far as can be in 3 s, and the link is closed. The handle stays to be
 * freed; all that can be done with it else is to wait again.
 *
 * No receipt and no lost event is told any more: where they matter, call steadywire_client_disconnect_wait() before.
 *
 * @param timeout_ms how long to wait at most, in milliseconds; STEADYWIRE_FOREVER for as long as it takes
 * @return STEADYWIRE_OK; STEADYWIRE_TIMEOUT: not yet, it goes on to end; STEADYWIRE_WOULD_DEADLOCK inside a callback
 * of this client, and nothing has happened
 */
steadywire_status steadywire_client_close_wait(steadywire_client *client,
                                               int64_t timeout_ms);

/** The connection's state now; events that tell of it may still be waiting. -1 where it is no client. */
steadywire_state steadywire_client_state(const steadywire_client *client);

/**
 * The latest connected or subscribed task that is still wanted; empty where there is none.
 *
 * The text stays until this thread calls this function again, for whichever client.
 */
const char *steadywire_client_current_task(const steadywire_client *client, size_t *length);

/**
 * What the client counts, as a JSON object with the names that every language of this library uses; empty where it is
 * no client.
 *
 * The text stays until this thread calls this function again, for whichever client.
 */
const char *steadywire_client_stats_json(const steadywire_client *client,
                                         size_t *length);

/**
 * How far the messages of each task were seen, as JSON, to be given to a later client with
 * steadywire_config_set_cursors(), which then goes on where this one was; empty where it is no client.
 *
 * The text stays until this thread calls this function again, for whichever client.
 */
const char *steadywire_client_cursors_json(const steadywire_client *client, size_t *length);

/* Calls ----------------------------------------------------------------------------------------------- */

/** The time that has no end, for functions that take milliseconds to wait. */
#define STEADYWIRE_FOREVER (-1)

/**
 * Is called once with the result of a call: STEADYWIRE_OK and an empty message, or what went wrong and a text for
 * people, which is valid during the call. As an event's callback: one at a time, in order with the events. Not called
 * when the client is freed before.
 */
typedef void (*steadywire_done_callback)(steadywire_status status, const char *message, void *user_data);

/**
 * Connects, or joins a connect that is under way, and subscribes to `task` if it is not NULL. While connected it only
 * subscribes.
 *
 * @param task NULL, or the id of a task, 1 to 1024 bytes
 * @param done NULL, or called once the link is up (without waiting for the server's answer to the subscription), or
 * with STEADYWIRE_ATTEMPTS_EXHAUSTED, STEADYWIRE_REFUSED, STEADYWIRE_UNAUTHORIZED, STEADYWIRE_DISCONNECTED or another
 * reason for which there is none
 * @param user_data passed to `done`; from here on the library's, also where this fails
 * @param drop NULL, or called once with `user_data` when the library no longer needs it
 * @return STEADYWIRE_OK: it has begun
 */
steadywire_status steadywire_client_connect(steadywire_client *client,
                                            const char *task,
                                            size_t task_length,
                                            steadywire_done_callback done,
                                            void *user_data,
                                            steadywire_drop_callback drop);

/**
 * As steadywire_client_connect(), and waits for the result.
 *
 * @param timeout_ms how long to wait at most, in milliseconds; STEADYWIRE_FOREVER for as long as it takes
 * @return STEADYWIRE_OK: the link is up; STEADYWIRE_TIMEOUT: not yet, the call goes on; STEADYWIRE_WOULD_DEADLOCK
 * inside a callback of this client; else why there is none
 */
steadywire_status steadywire_client_connect_wait(steadywire_client *client,
                                                 const char *task,
                                                 size_t task_length,
                                                 int64_t timeout_ms);

/**
 * Drops the link and dials now; without a link the same as steadywire_client_connect() without a task.
 *
 * @param done NULL, or called with the result
 * @param user_data passed to `done`; from here on the library's, also where this fails
 * @param drop NULL, or called once with `user_data` when the library no longer needs it
 */
steadywire_status steadywire_client_reconnect(steadywire_client *client,
                                              steadywire_done_callback done,
                                              void *user_data,
                                              steadywire_drop_callback drop);

/** As steadywire_client_reconnect(), and waits for the result as steadywire_client_connect_wait() does. */
steadywire_status steadywire_client_reconnect_wait(steadywire_client *client, int64_t timeout_ms);

/**
 * Writes the outbox if the link is up (at most 3 s), closes the link, ends what is open: tasks as lost, messages as
 * dropped. A later connect works.
 *
 * @param done NULL, or called when everything before it has been delivered; no callback starts after it until the
 * next connect
 * @param user_data passed to `done`; from here on the library's, also where this fails
 * @param drop NULL, or called once with `user_data` when the library no longer needs it
 */
steadywire_status steadywire_client_disconnect(steadywire_client *client,
                                               steadywire_done_callback done,
                                               void *user_data,
                                               steadywire_drop_callback drop);

/**
 * As steadywire_client_disconnect(), and waits until it is done.
 *
 * @return STEADYWIRE_OK; STEADYWIRE_TIMEOUT: not yet, it goes on; STEADYWIRE_WOULD_DEADLOCK inside a callback of this
 * client: it has begun all the same
 */
steadywire_status steadywire_client_disconnect_wait(steadywire_client *client,
                                                    int64_t timeout_ms);

/**
 * Waits, by callback, until every message that was sent before has its receipt.
 *
 * @param done NULL, or called then
 * @param user_data passed to `done`; from here on the library's, also where this fails
 * @param drop NULL, or called once with `user_data` when the library no longer needs it
 */
steadywire_status steadywire_client_flush(steadywire_client *client,
                                          steadywire_done_callback done,
                                          void *user_data,
                                          steadywire_drop_callback drop);

/**
 * Waits until every message that was sent before has its receipt.
 *
 * @return STEADYWIRE_OK, STEADYWIRE_TIMEOUT, STEADYWIRE_WOULD_DEADLOCK
 */
steadywire_status steadywire_client_flush_wait(steadywire_client *client, int64_t timeout_ms);

/**
 * Wants a task until steadywire_client_unsubscribe(). Does not connect. Repeating it does nothing.
 *
 * @param task its id, 1 to 1024 bytes
 */
steadywire_status steadywire_client_subscribe(steadywire_client *client,
                                              const char *task,
                                              size_t task_length);

/**
 * No longer wants a task; its follows and waits go on. No event tells of it. Repeating it does nothing.
 *
 * @param task its id, 1 to 1024 bytes
 */
steadywire_status steadywire_client_unsubscribe(steadywire_client *client,
                                                const char *task,
                                                size_t task_length);

/* Listeners, and callbacks in the program's own loop -------------------------------------------------- */

/**
 * Is called for each event. The event belongs to the library and is valid during the call; see
 * steadywire_event_clone().
 */
typedef void (*steadywire_event_callback)(const steadywire_event *event, void *user_data);

/** Names a listener of a client, to take it off; never 0. */
typedef uint64_t steadywire_listener;

/**
 * Calls `callback` for every event of a kind from now on: one at a time for each client, in order, on a thread of the
 * library or, with STEADYWIRE_DISPATCH_POLL, inside steadywire_client_poll().
 *
 * @param kind STEADYWIRE_EVENT_..., STEADYWIRE_EVENT_ANY for all of them
 * @param user_data passed to each call; from here on the library's, also where this fails
 * @param drop NULL, or called once with `user_data` after the last call
 * @param listener NULL, or receives the listener's number, before the first call
 * @return STEADYWIRE_OK, STEADYWIRE_INVALID_ARGUMENT
 */
steadywire_status steadywire_client_on(steadywire_client *client,
                                       steadywire_kind kind,
                                       steadywire_event_callback callback,
                                       void *user_data,
                                       steadywire_drop_callback drop,
                                       steadywire_listener *listener);

/** As steadywire_client_on(), for the next event of the kind only. */
steadywire_status steadywire_client_once(steadywire_client *client,
                                         steadywire_kind kind,
                                         steadywire_event_callback callback,
                                         void *user_data,
                                         steadywire_drop_callback drop,
                                         steadywire_listener *listener);

/**
 * Takes a listener off: no call of it begins after this. A call that is under way on another thread goes on, and
 * `drop` comes after it; inside its own callback, after that has returned. Where the listener was off already, or was
 * never there, this does nothing.
 */
steadywire_status steadywire_client_off(steadywire_client *client,
                                        steadywire_listener listener);

/**
 * Tells that a callback of this client failed, for callbacks that have a way to: it is counted, logged, and told by an
 * error event of source callback behind what waits.
 *
 * @param kind of the event whose listener failed, STEADYWIRE_EVENT_ANY for other callbacks; of a listener for errors
 * it is counted and logged only, or it would never end
 * @param message what went wrong, a text for people
 */
steadywire_status steadywire_client_callback_failed(steadywire_client *client,
                                                    steadywire_kind kind,
                                                    const char *message,
                                                    size_t message_length);

/**
 * Runs the callbacks that are due, of a client with STEADYWIRE_DISPATCH_POLL; where none is, waits for one. About
 * 50 ms of callbacks are run at a time: what is left keeps the descriptor readable.
 *
 * One thread at a time. Functions that wait for this client run its callbacks too. Once the client has ended this is
 * STEADYWIRE_CLOSED, also where it waited; a call in which callbacks ran is STEADYWIRE_OK, and the next one is not.
 *
 * @param timeout_ms how long to wait at most, in milliseconds; 0 = not at all, STEADYWIRE_FOREVER for as long as it
 * takes
 * @param ran NULL, or receives whether anything was run
 * @return STEADYWIRE_OK, also where nothing was due; STEADYWIRE_INVALID_STATE while another thread polls this client
 * or runs its callbacks in a function that waits, and for a client of another dispatch; STEADYWIRE_WOULD_DEADLOCK
 * inside a callback
 */
steadywire_status steadywire_client_poll(steadywire_client *client,
                                         int64_t timeout_ms,
                                         bool *ran);

/**
 * The descriptor that poll(2), epoll and the like find readable while callbacks are due, of a client with
 * STEADYWIRE_DISPATCH_POLL. It belongs to the library: neither read it nor close it, and take it out of the loop
 * before the client is freed, which closes it. Now and then it is readable although nothing is due.
 *
 * @return STEADYWIRE_OK; STEADYWIRE_INVALID_STATE for a client of another dispatch; STEADYWIRE_UNSUPPORTED where the
 * system has none
 */
steadywire_status steadywire_client_fd(steadywire_client *client,
                                       int32_t *fd);

/* Messages -------------------------------------------------------------------------------------------- */

/** The final state of a message. Unknown values will appear in later versions. */
typedef int32_t steadywire_receipt_kind;

/**
 * The link carried it: a sign of life came after it, or, with heartbeats off, the link lasted for 30 s more. A
 * heartbeat is written at once.
 */
#define STEADYWIRE_RECEIPT_WRITTEN 1

/** The server has taken it. */
#define STEADYWIRE_RECEIPT_ACKED 2
/** The server refused it; see steadywire_receipt_message(). */
#define STEADYWIRE_RECEIPT_REJECTED 3
/** It never left; see steadywire_receipt_drop_reason(). */
#define STEADYWIRE_RECEIPT_DROPPED 4
/** The link broke before anybody could tell. */
#define STEADYWIRE_RECEIPT_UNKNOWN 5

/** Why a message never left. Unknown values will appear in later versions. */
typedef int32_t steadywire_drop_reason;

/** A newer progress message of its task took its place. */
#define STEADYWIRE_DROPPED_SUPERSEDED 0
/** The outbox was full. */
#define STEADYWIRE_DROPPED_OVERFLOW 1
/** A disconnect came first. */
#define STEADYWIRE_DROPPED_DISCONNECTED 2
/** Every allowed attempt was made. */
#define STEADYWIRE_DROPPED_GIVEN_UP 3
/** The server refused the client for good. */
#define STEADYWIRE_DROPPED_REFUSED 4
/** The client was closed. */
#define STEADYWIRE_DROPPED_CLOSED 5
/** A heartbeat, which is sent now or not at all. */
#define STEADYWIRE_DROPPED_NOT_CONNECTED 6

/**
 * Is called once with what became of a message. As an event's callback: one at a time, in order with the events. Not
 * called when the client is freed before.
 */
typedef void (*steadywire_receipt_callback)(const steadywire_receipt *receipt, void *user_data);

/** What it is; 0 where it is no receipt. */
steadywire_receipt_kind steadywire_receipt_state(const steadywire_receipt *receipt);

/** Why the message never left; -1 where it did. */
steadywire_drop_reason steadywire_receipt_drop_reason(const steadywire_receipt *receipt);

/** Whether an acknowledgement was asked for and the server has none to give. */
bool steadywire_receipt_ack_unsupported(const steadywire_receipt *receipt);

/** What the server said when it refused the message; empty where it did not. */
const char *steadywire_receipt_message(const steadywire_receipt *receipt, size_t *length);

/** Frees a receipt. NULL is fine. */
void steadywire_receipt_free(steadywire_receipt *receipt);

/**
 * Sends a message, now or as soon as there is a link; copies it.
 *
 * @param callback NULL, or called with what became of it
 * @param user_data passed to `callback`; from here on the library's, also where this fails
 * @param drop NULL, or called once with `user_data` when the library no longer needs it
 * @return STEADYWIRE_OK; STEADYWIRE_QUEUE_FULL where the outbox has no room for it, and it has not been taken
 */
steadywire_status steadywire_client_send(steadywire_client *client,
                                         const steadywire_message *message,
                                         steadywire_receipt_callback callback,
                                         void *user_data,
                                         steadywire_drop_callback drop);

/**
 * As steadywire_client_send(), and waits for what becomes of the message.
 *
 * @param timeout_ms how long to wait at most, in milliseconds; STEADYWIRE_FOREVER for as long as it takes
 * @param receipt NULL, or receives the receipt, to be freed with steadywire_receipt_free()
 * @return STEADYWIRE_OK: there is a receipt, of whatever kind; STEADYWIRE_TIMEOUT: not yet, the message is on its way
 * all the same; STEADYWIRE_WOULD_DEADLOCK inside a callback of this client, likewise; STEADYWIRE_QUEUE_FULL and
 * others: it has not been taken
 */
steadywire_status steadywire_client_send_wait(steadywire_client *client,
                                              const steadywire_message *message,
                                              int64_t timeout_ms,
                                              steadywire_receipt **receipt);

/** Frees a message. NULL is fine; what has been freed already is left alone. */
void steadywire_message_free(steadywire_message *message);

/**
 * How far a task is.
 *
 * @param task its id, 1 to 1024 bytes
 * @param progress 0 to 100; what lies outside is taken as 0 or 100, what is no number is refused
 * @param message receives the message, to be freed with steadywire_message_free()
 */
steadywire_status steadywire_message_new_progress(const char *task,
                                                  size_t task_length,
                                                  double progress,
                                                  steadywire_message **message);

/**
 * A log line of a task.
 *
 * @param level STEADYWIRE_LEVEL_...
 * @param message receives the message, to be freed with steadywire_message_free()
 */
steadywire_status steadywire_message_new_log(const char *task,
                                             size_t task_length,
                                             steadywire_level level,
                                             const char *line,
                                             size_t line_length,
                                             steadywire_message **message);

/**
 * What a task says of itself.
 *
 * @param data any JSON, as text; arrives as it is
 * @param message receives the message, to be freed with steadywire_message_free()
 */
steadywire_status steadywire_message_new_status(const char *task,
                                                size_t task_length,
                                                const char *data,
                                                size_t data_length,
                                                steadywire_message **message);

/**
 * A task ended well.
 *
 * @param data any JSON, as text; arrives as it is
 * @param message receives the message, to be freed with steadywire_message_free()
 */
steadywire_status steadywire_message_new_complete(const char *task,
                                                  size_t task_length,
                                                  const char *data,
                                                  size_t data_length,
                                                  steadywire_message **message);

/**
 * A task failed.
 *
 * @param reason a text for people
 * @param message receives the message, to be freed with steadywire_message_free()
 */
steadywire_status steadywire_message_new_error(const char *task,
                                               size_t task_length,
                                               const char *reason,
                                               size_t reason_length,
                                               steadywire_message **message);

/**
 * A heartbeat. It is sent now or not at all, never queued.
 *
 * @param task may be empty
 * @param message receives the message, to be freed with steadywire_message_free()
 */
steadywire_status steadywire_message_new_heartbeat(const char *task,
                                                   size_t task_length,
                                                   steadywire_message **message);

/**
 * A message of a type of the program's own.
 *
 * @param type none of the protocol's own types
 * @param message receives the message, to be freed with steadywire_message_free()
 */
steadywire_status steadywire_message_new_other(const char *type,
                                               size_t type_length,
                                               const char *task,
                                               size_t task_length,
                                               steadywire_message **message);

/** Sets the stage a task is in, of a progress message. */
steadywire_status steadywire_message_set_stage(steadywire_message *message,
                                               const char *stage,
                                               size_t stage_length);

/** Sets the text for people, of a progress message, a log line or an error. */
steadywire_status steadywire_message_set_text(steadywire_message *message,
                                              const char *text,
                                              size_t text_length);

/** Sets the code of an error, in words of the program's own. */
steadywire_status steadywire_message_set_code(steadywire_message *message,
                                              const char *code,
                                              size_t code_length);

/** Sets what belongs to a log line: a JSON object, as text. */
steadywire_status steadywire_message_set_metadata(steadywire_message *message,
                                                  const char *metadata,
                                                  size_t metadata_length);

/** Sets the data of a status, complete or error message or of a type of the program's own: any JSON, as text. */
steadywire_status steadywire_message_set_data(steadywire_message *message,
                                              const char *data,
                                              size_t data_length);

/** Sets the time, in milliseconds since the Unix epoch. Default: the moment of sending. */
steadywire_status steadywire_message_set_timestamp(steadywire_message *message, int64_t timestamp);

/** Asks the server to acknowledge the message, and sends it again on every new link until it does. Default false. */
steadywire_status steadywire_message_set_ack(steadywire_message *message,
                                             bool ack);

/* Outcomes -------------------------------------------------------------------------------------------- */

/** How a task ended. Unknown values will appear in later versions. */
typedef int32_t steadywire_ended;

/** It ended well. */
#define STEADYWIRE_ENDED_COMPLETE 1
/** It failed. */
#define STEADYWIRE_ENDED_ERROR 2
/** Nobody can say: the subscription ended first. */
#define STEADYWIRE_ENDED_LOST 3

/**
 * Is called once with how a task ended. As an event's callback: one at a time, in order with the events. Not called
 * when the client is freed before.
 */
typedef void (*steadywire_outcome_callback)(const steadywire_outcome *outcome, void *user_data);

/**
 * Waits, by callback, for how a task ends: `wait` in other languages. Connects and subscribes, patiently: attempts are
 * unlimited unless the options say otherwise. Of the last 1,024 outcomes, one that is known already comes at once.
 * The task is wanted until then.
 *
 * @param task its id, 1 to 1024 bytes
 * @param callback called with the outcome
 * @param user_data passed to `callback`; from here on the library's, also where this fails
 * @param drop NULL, or called once with `user_data` when the library no longer needs it
 */
steadywire_status steadywire_client_outcome(steadywire_client *client,
                                            const char *task,
                                            size_t task_length,
                                            steadywire_outcome_callback callback,
                                            void *user_data,
                                            steadywire_drop_callback drop);

/**
 * Waits for how a task ends, as steadywire_client_outcome() does; a task that failed is no failure of this.
 *
 * @param timeout_ms how long to wait at most, in milliseconds; STEADYWIRE_FOREVER for as long as it takes
 * @param outcome receives the outcome, to be freed with steadywire_outcome_free()
 * @return STEADYWIRE_OK; STEADYWIRE_TIMEOUT: not yet, and the task is no longer wanted by this;
 * STEADYWIRE_WOULD_DEADLOCK inside a callback of this client
 */
steadywire_status steadywire_client_outcome_wait(steadywire_client *client,
                                                 const char *task,
                                                 size_t task_length,
                                                 int64_t timeout_ms,
                                                 steadywire_outcome **outcome);

/** How the task ended; 0 where it is no outcome. */
steadywire_ended steadywire_outcome_kind(const steadywire_outcome *outcome);

/** The task. */
const char *steadywire_outcome_task_id(const steadywire_outcome *outcome, size_t *length);

/** What came with the end, as JSON text; "null" for a lost task. */
const char *steadywire_outcome_data(const steadywire_outcome *outcome, size_t *length);

/** What went wrong, a text for people; empty for a task that did not fail. */
const char *steadywire_outcome_message(const steadywire_outcome *outcome, size_t *length);

/** The code of what went wrong, in the task's own words, or empty. */
const char *steadywire_outcome_code(const steadywire_outcome *outcome, size_t *length);

/** Why the task was lost; -1 where it was not. */
steadywire_lost_reason steadywire_outcome_lost_reason(const steadywire_outcome *outcome);

/** When, in milliseconds since the Unix epoch, by the clock of who said so; -1 where it is no outcome. */
int64_t steadywire_outcome_timestamp(const steadywire_outcome *outcome);

/** Whether it was made from the task's status because its own last message did not come. */
bool steadywire_outcome_synthetic(const steadywire_outcome *outcome);

/** The whole outcome as a JSON object. */
const char *steadywire_outcome_to_json(const steadywire_outcome *outcome, size_t *length);

/**
 * Keeps an outcome beyond the call of its callback.
 *
 * @param copy receives it, to be freed with steadywire_outcome_free()
 */
steadywire_status steadywire_outcome_clone(const steadywire_outcome *outcome, steadywire_outcome **copy);

/** Frees an outcome. NULL is fine. */
void steadywire_outcome_free(steadywire_outcome *outcome);

/* Follows --------------------------------------------------------------------------------------------- */

/**
 * Begins to follow a task. Connects and subscribes, patiently: attempts are unlimited unless the options say
 * otherwise. Of the last 1,024 outcomes, one that is known already comes at once.
 *
 * @param task its id, 1 to 1024 bytes
 * @param follow receives the follow, to be freed with steadywire_follow_free()
 */
steadywire_status steadywire_client_follow(steadywire_client *client,
                                           const char *task,
                                           size_t task_length,
                                           steadywire_follow **follow);

/**
 * Waits for the next event of a follow.
 *
 * @param timeout_ms how long to wait at most, in milliseconds; 0 = not at all, STEADYWIRE_FOREVER for as long as it
 * takes
 * @param event receives the event, which is valid until the next call for this follow, and until its end
 * @return STEADYWIRE_OK; STEADYWIRE_END after the outcome, and where the follow is freed meanwhile;
 * STEADYWIRE_TIMEOUT; STEADYWIRE_WOULD_DEADLOCK inside a callback of the client, unless an event waits already;
 * STEADYWIRE_INVALID_STATE while another thread is in this function for the same follow. None of them loses an event.
 */
steadywire_status steadywire_follow_next(steadywire_follow *follow,
                                         int64_t timeout_ms,
                                         const steadywire_event **event);

/** The task that is followed. */
const char *steadywire_follow_task_id(const steadywire_follow *follow, size_t *length);

/**
 * Frees a follow: the task is no longer wanted by it. Legal on any thread and inside callbacks; a thread that waits
 * for its next event gets STEADYWIRE_END. NULL is fine.
 */
void steadywire_follow_free(steadywire_follow *follow);

/* Reporters ------------------------------------------------------------------------------------------- */

/**
 * Begins to report a task. Connects, patiently: attempts are unlimited unless the options say otherwise.
 *
 * @param task its id, 1 to 1024 bytes
 * @param reporter receives the reporter, to be freed with steadywire_reporter_free()
 */
steadywire_status steadywire_client_report(steadywire_client *client,
                                           const char *task,
                                           size_t task_length,
                                           steadywire_reporter **reporter);

/** The task that is reported. */
const char *steadywire_reporter_task_id(const steadywire_reporter *reporter, size_t *length);

/**
 * Reports how far the task is. While there is no link the latest one waits.
 *
 * @param progress 0 to 100; what lies outside is taken as 0 or 100, what is no number is refused
 * @param stage the stage it is in, may be empty
 * @param message a text for people, may be empty
 * @return STEADYWIRE_OK; STEADYWIRE_INVALID_STATE after an end; STEADYWIRE_QUEUE_FULL
 */
steadywire_status steadywire_reporter_progress(steadywire_reporter *reporter,
                                               double progress,
                                               const char *stage,
                                               size_t stage_length,
                                               const char *message,
                                               size_t message_length);

/**
 * Reports a log line.
 *
 * @param level STEADYWIRE_LEVEL_...
 * @return STEADYWIRE_OK; STEADYWIRE_INVALID_STATE after an end; STEADYWIRE_QUEUE_FULL
 */
steadywire_status steadywire_reporter_log(steadywire_reporter *reporter,
                                          steadywire_level level,
                                          const char *line,
                                          size_t line_length);

/**
 * Reports what the task says of itself. A word that stands for an end, such as {"status":"completed"}, is better left
 * to steadywire_reporter_complete().
 *
 * @param data any JSON, as text
 * @return STEADYWIRE_OK; STEADYWIRE_INVALID_STATE after an end; STEADYWIRE_QUEUE_FULL
 */
steadywire_status steadywire_reporter_status(steadywire_reporter *reporter,
                                             const char *data,
                                             size_t data_length);

/**
 * Reports that the task ended well. Where this fails, the reporter goes on.
 *
 * @param data any JSON, as text; the empty text is null
 * @param callback NULL, or called with what became of the message
 * @param user_data passed to `callback`; from here on the library's, also where this fails
 * @param drop NULL, or called once with `user_data` when the library no longer needs it
 * @return STEADYWIRE_OK; STEADYWIRE_INVALID_ARGUMENT where it is not JSON; STEADYWIRE_INVALID_STATE after an end;
 * STEADYWIRE_QUEUE_FULL
 */
steadywire_status steadywire_reporter_complete(steadywire_reporter *reporter,
                                               const char *data,
                                               size_t data_length,
                                               steadywire_receipt_callback callback,
                                               void *user_data,
                                               steadywire_drop_callback drop);

/**
 * As steadywire_reporter_complete(), and waits for what becomes of the message: STEADYWIRE_RECEIPT_ACKED, so the
 * server has it.
 *
 * @param timeout_ms how long to wait at most, in milliseconds; STEADYWIRE_FOREVER for as long as it takes
 * @param receipt NULL, or receives the receipt, to be freed with steadywire_receipt_free()
 * @return STEADYWIRE_OK: there is a receipt, of whatever kind; STEADYWIRE_TIMEOUT: not yet, the message is on its way
 * all the same; STEADYWIRE_WOULD_DEADLOCK inside a callback of the client, likewise; others as with
 * steadywire_reporter_complete()
 */
steadywire_status steadywire_reporter_complete_wait(steadywire_reporter *reporter,
                                                    const char *data,
                                                    size_t data_length,
                                                    int64_t timeout_ms,
                                                    steadywire_receipt **receipt);

/**
 * Reports that the task failed. Where this fails itself, the reporter goes on.
 *
 * @param message what went wrong, a text for people
 * @param code in words of the program's own, may be empty
 * @param callback NULL, or called with what became of the message
 * @param user_data passed to `callback`; from here on the library's, also where this fails
 * @param drop NULL, or called once with `user_data` when the library no longer needs it
 * @return STEADYWIRE_OK; STEADYWIRE_INVALID_STATE after an end; STEADYWIRE_QUEUE_FULL
 */
steadywire_status steadywire_reporter_error(steadywire_reporter *reporter,
                                            const char *message,
                                            size_t message_length,
                                            const char *code,
                                            size_t code_length,
                                            steadywire_receipt_callback callback,
                                            void *user_data,
                                            steadywire_drop_callback drop);

/**
 * As steadywire_reporter_error(), and waits for what becomes of the message, as steadywire_reporter_complete_wait()
 * does.
 */
steadywire_status steadywire_reporter_error_wait(steadywire_reporter *reporter,
                                                 const char *message,
                                                 size_t message_length,
                                                 const char *code,
                                                 size_t code_length,
                                                 int64_t timeout_ms,
                                                 steadywire_receipt **receipt);

/**
 * Frees a reporter. Without an end the task is reported as failed, with code "abandoned". Legal on any thread and
 * inside callbacks. NULL is fine.
 */
void steadywire_reporter_free(steadywire_reporter *reporter);

/* Names ----------------------------------------------------------------------------------------------- */

/**
 * The name of a kind of event, such as "stateChange"; "unknown" for a number that this library does not know.
 * A constant: nothing is to be freed. Any thread.
 */
const char *steadywire_kind_name(steadywire_kind kind);

/**
 * The name of a state, such as "reconnecting"; "unknown" for a number that this library does not know.
 * A constant: nothing is to be freed. Any thread.
 */
const char *steadywire_state_name(steadywire_state state);

/**
 * The name of a level, such as "warn"; "unknown" for a number that this library does not know.
 * A constant: nothing is to be freed. Any thread.
 */
const char *steadywire_level_name(steadywire_level level);

/**
 * The name of where an error comes from, such as "transport"; "unknown" for a number that this library does not know.
 * A constant: nothing is to be freed. Any thread.
 */
const char *steadywire_error_source_name(steadywire_error_source source);

/**
 * The name of why a task was lost, such as "givenUp"; "unknown" for a number that this library does not know.
 * A constant: nothing is to be freed. Any thread.
 */
const char *steadywire_lost_reason_name(steadywire_lost_reason reason);

/**
 * The name of why a message never left, such as "superseded"; "unknown" for a number that this library does not know.
 * A constant: nothing is to be freed. Any thread.
 */
const char *steadywire_drop_reason_name(steadywire_drop_reason reason);

/* Lines for operators --------------------------------------------------------------------------------- */

/**
 * Is called with each line for operators: its level, what it is about ("link", "outbox" or "callback"), and the text.
 * The texts are valid during the call and hold no credentials.
 *
 * On any thread, also on several at once, and on the one that does the I/O of all clients: it must return quickly, and
 * may call nothing of this library but steadywire_last_error(); other functions do nothing and return
 * STEADYWIRE_WOULD_DEADLOCK.
 */
typedef void (*steadywire_log_callback)(steadywire_level level,
                                        const char *about,
                                        const char *message,
                                        void *user_data);

/**
 * Passes lines for operators to `callback` from now on, instead of to the one before: links lost and why, attempts and
 * when, what was given up, messages dropped, errors that nobody listens to, callbacks that failed. For the whole
 * process; at first, and in a forked child, nobody is told.
 *
 * @param lowest STEADYWIRE_LEVEL_...: lines below are not passed on
 * @param callback NULL for nobody
 * @param user_data passed to each call; from here on the library's, also where this fails
 * @param drop NULL, or called once with `user_data` after the last call: where another callback takes its place,
 * inside that function or on a thread that was in a call
 */
steadywire_status steadywire_set_log(steadywire_level lowest,
                                     steadywire_log_callback callback,
                                     void *user_data,
                                     steadywire_drop_callback drop);

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  /* STEADYWIRE_H */
