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
 * TEXTS in are a pointer and a length in bytes, or a NUL-terminated string and STEADYWIRE_NUL; UTF-8; copied before
 * the call returns. NULL with length 0 is the empty text. Texts out are UTF-8, NUL-terminated, may hold further NULs,
 * and belong to what they were asked of.
 *
 * STATUSES. A function that can fail answers with a steadywire_status and says more through
 * steadywire_last_error(). Outputs are written on success only.
 *
 * HANDLES. What a ..._new() makes, its ..._free() frees; free(NULL) is fine. A handle is looked up on every call, on
 * any thread: one that has been freed, is of another type or NULL is answered by STEADYWIRE_INVALID_ARGUMENT (by an
 * empty value where there is no status), never by a crash.
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
 * Every function that takes one may be called on any thread and inside callbacks, in every state of the connection.
 * Functions whose name does not end in _wait begin what they are for and return at once.
 */
typedef struct steadywire_client steadywire_client;

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

/** Is called once when the library no longer needs `user_data`; NULL where nothing is to be freed. */
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
 * Keeps an event beyond its call: copies it.
 *
 * @param copy receives the copy, to be freed with steadywire_event_free(); it may be read on any thread, does not
 * keep the client alive and works in a forked child
 * @return STEADYWIRE_OK, STEADYWIRE_INVALID_ARGUMENT
 */
steadywire_status steadywire_event_clone(const steadywire_event *event,
                                         steadywire_event **copy);

/**
 * Frees an event that was kept with steadywire_event_clone(). NULL is fine; an event that belongs to the library is
 * left alone.
 */
void steadywire_event_free(steadywire_event *event);

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

/* Clients --------------------------------------------------------------------------------------------- */

/**
 * Is called once with the result of a call: STEADYWIRE_OK and an empty message, or what went wrong and a text for
 * people, which is valid during the call.
 */
typedef void (*steadywire_done_callback)(steadywire_status status, const char *message, void *user_data);

/** The time that has no end, for functions that take milliseconds to wait. */
#define STEADYWIRE_FOREVER (-1)

/**
 * Makes a client that does nothing yet; no connection is made before a call asks for one.
 *
 * @param config its options; copied
 * @param client receives the client, to be freed with steadywire_client_free()
 * @return STEADYWIRE_OK; STEADYWIRE_INVALID_ARGUMENT or STEADYWIRE_INVALID_URL for an option with a value it cannot
 * take, by name; STEADYWIRE_LIMIT_REACHED where no thread can be had
 */
steadywire_status steadywire_client_new(const steadywire_config *config,
                                        steadywire_client **client);

/**
 * Frees a client. Never blocks; legal on any thread and inside callbacks, also of this client. NULL is fine.
 *
 * No callback of it starts after this, but one that is under way on another thread goes on: see
 * steadywire_client_close_wait() for the moment from which nothing of it runs. Every `drop` that was given with a
 * callback is called soon, once. In the background the outbox is written, for at most 3 s, and the link closed.
 */
void steadywire_client_free(steadywire_client *client);

/**
 * Connects, or joins a connect that is under way, and subscribes to `task` if it is not NULL. While connected it only
 * subscribes.
 *
 * @param done NULL, or called once the link is up (without waiting for the server's answer to the subscription), the
 * attempts are used up, the server has refused for good, or a disconnect came first
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
 * Writes the outbox if the link is up (at most 3 s), closes the link, ends what is open: tasks as lost, messages as
 * dropped. A later connect works.
 *
 * @param done NULL, or called when everything before it has been delivered; no callback starts after it until the
 * next connect
 */
steadywire_status steadywire_client_disconnect(steadywire_client *client,
                                               steadywire_done_callback done,
                                               void *user_data,
                                               steadywire_drop_callback drop);

/** As steadywire_client_disconnect(), and waits for the result. */
steadywire_status steadywire_client_disconnect_wait(steadywire_client *client, int64_t timeout_ms);

/**
 * Wants a task until steadywire_client_unsubscribe(). Does not connect. Repeating it does nothing.
 *
 * @param task its id, 1 to 1024 bytes; copied
 */
steadywire_status steadywire_client_subscribe(steadywire_client *client,
                                              const char *task,
                                              size_t task_length);

/** No longer wants a task; its follows and waits go on. No event tells of it. Repeating it does nothing. */
steadywire_status steadywire_client_unsubscribe(steadywire_client *client,
                                                const char *task,
                                                size_t task_length);

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
 * @param listener NULL, or receives the listener's number
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

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  /* STEADYWIRE_H */
