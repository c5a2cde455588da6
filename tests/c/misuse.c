/* Every function, given what it cannot take: NULL, handles that were freed or are of another type or none at all, texts
 * that are not UTF-8, numbers that stand for nothing. Each answers; none crashes; each `drop` runs exactly once. */
#include "check.h"
#include <math.h>

static void on_event(const steadywire_event *event, void *user_data)
{
	(void)event;
	(void)user_data;
	fail(__FILE__, __LINE__, "nothing may be called");
}

static void on_done(steadywire_status status, const char *message, void *user_data)
{
	(void)status;
	(void)message;
	(void)user_data;
	fail(__FILE__, __LINE__, "nothing may be called");
}

static void on_receipt(const steadywire_receipt *receipt, void *user_data)
{
	(void)receipt;
	(void)user_data;
	fail(__FILE__, __LINE__, "nothing may be called");
}

static void on_outcome(const steadywire_outcome *outcome, void *user_data)
{
	(void)outcome;
	(void)user_data;
	fail(__FILE__, __LINE__, "nothing may be called");
}

static void on_request(steadywire_credentials_request *request, void *user_data)
{
	(void)request;
	(void)user_data;
	fail(__FILE__, __LINE__, "nothing may be called");
}

static steadywire_disposition on_ending(const steadywire_ending *ending, void *user_data)
{
	(void)ending;
	(void)user_data;
	fail(__FILE__, __LINE__, "nothing may be called");
	return STEADYWIRE_DISPOSITION_PROPOSED;
}

static void on_log(steadywire_level level, const char *about, const char *message, void *user_data)
{
	(void)level;
	(void)about;
	(void)message;
	(void)user_data;
}

static int dropped;

#define DATA &dropped, count_up

static void bad_configs(steadywire_config *bad)
{
	steadywire_client *client = (steadywire_client *)1;
	int before = count_of(&dropped);
	BAD(steadywire_config_set_url(bad, Z("ws://localhost/")));
	BAD(steadywire_config_set_token(bad, Z("t")));
	BAD(steadywire_config_add_header(bad, Z("n"), Z("v")));
	BAD(steadywire_config_add_protocol(bad, Z("p")));
	BAD(steadywire_config_set_terminal_status(bad, Z("w"), STEADYWIRE_TERMINAL_ERROR));
	BAD(steadywire_config_set_cursors(bad, Z("{}")));
	BAD(steadywire_config_set_json(bad, Z("stallTimeout"), Z("0")));
	BAD(steadywire_config_set_reconnect_interval_ms(bad, 1));
	BAD(steadywire_config_set_reconnect_backoff_multiplier(bad, 2));
	BAD(steadywire_config_set_max_reconnect_backoff_ms(bad, 1));
	BAD(steadywire_config_set_max_connect_attempts(bad, 1));
	BAD(steadywire_config_set_max_reconnect_attempts(bad, 1));
	BAD(steadywire_config_set_stable_after_ms(bad, 1));
	BAD(steadywire_config_set_connect_timeout_ms(bad, 1));
	BAD(steadywire_config_set_heartbeat_interval_ms(bad, 1));
	BAD(steadywire_config_set_heartbeat_timeout_ms(bad, 1));
	BAD(steadywire_config_set_max_queued_messages(bad, 1));
	BAD(steadywire_config_set_max_queued_bytes(bad, 1));
	BAD(steadywire_config_set_max_pending_events(bad, 1));
	BAD(steadywire_config_set_max_pending_bytes(bad, 1));
	BAD(steadywire_config_set_max_message_size(bad, 1));
	BAD(steadywire_config_set_stall_timeout_ms(bad, 1));
	BAD(steadywire_config_set_seed(bad, 1));
	BAD(steadywire_config_set_overflow(bad, STEADYWIRE_OVERFLOW_REJECT));
	BAD(steadywire_config_set_conflate(bad, STEADYWIRE_CONFLATE_LAG));
	BAD(steadywire_config_set_dispatch(bad, STEADYWIRE_DISPATCH_POLL));
	BAD(steadywire_config_set_tls_ca(bad, Z("")));
	BAD(steadywire_config_set_tls_client_cert(bad, Z(""), Z("")));
	BAD(steadywire_config_set_tls_min_version(bad, STEADYWIRE_TLS_1_3));
	BAD(steadywire_config_set_tls_server_name(bad, Z("n")));
	BAD(steadywire_config_set_tls_dangerously_accept_any_certificate(bad, true));
	BAD(steadywire_config_set_proxy(bad, NULL, 0));
	BAD(steadywire_config_set_proxy_from_environment(bad));
	BAD(steadywire_config_set_disposition(bad, 1008, STEADYWIRE_DISPOSITION_SLOW));
	BAD(steadywire_config_set_credentials(bad, on_request, DATA));
	BAD(steadywire_config_set_classify(bad, on_ending, DATA));
	CHECK(count_of(&dropped) == before + 2);
	BAD(steadywire_client_new(bad, &client));
	CHECK(client == (steadywire_client *)1); /* outputs are written on success only */
	steadywire_config_free(bad);
}

static void bad_clients(steadywire_client *bad)
{
	steadywire_message *message;
	steadywire_receipt *receipt = NULL;
	steadywire_outcome *outcome = NULL;
	steadywire_follow *follow = NULL;
	steadywire_reporter *reporter = NULL;
	steadywire_listener listener = 7;
	bool ran = true;
	int fd = -7;
	size_t length = 7;
	int before = count_of(&dropped);
	OK(steadywire_message_new_progress(Z("t"), 1, &message));
	BAD(steadywire_client_connect(bad, Z("t"), on_done, DATA));
	BAD(steadywire_client_reconnect(bad, on_done, DATA));
	BAD(steadywire_client_disconnect(bad, on_done, DATA));
	BAD(steadywire_client_flush(bad, on_done, DATA));
	BAD(steadywire_client_send(bad, message, on_receipt, DATA));
	BAD(steadywire_client_outcome(bad, Z("t"), on_outcome, DATA));
	BAD(steadywire_client_on(bad, STEADYWIRE_EVENT_ANY, on_event, DATA, &listener));
	BAD(steadywire_client_once(bad, STEADYWIRE_EVENT_ANY, on_event, DATA, &listener));
	CHECK(count_of(&dropped) == before + 8);
	BAD(steadywire_client_connect_wait(bad, Z("t"), 0));
	BAD(steadywire_client_reconnect_wait(bad, 0));
	BAD(steadywire_client_disconnect_wait(bad, 0));
	BAD(steadywire_client_flush_wait(bad, 0));
	BAD(steadywire_client_send_wait(bad, message, 0, &receipt));
	BAD(steadywire_client_outcome_wait(bad, Z("t"), 0, &outcome));
	BAD(steadywire_client_subscribe(bad, Z("t")));
	BAD(steadywire_client_unsubscribe(bad, Z("t")));
	BAD(steadywire_client_off(bad, 1));
	BAD(steadywire_client_callback_failed(bad, STEADYWIRE_EVENT_ANY, Z("m")));
	BAD(steadywire_client_follow(bad, Z("t"), &follow));
	BAD(steadywire_client_report(bad, Z("t"), &reporter));
	BAD(steadywire_client_poll(bad, 0, &ran));
	BAD(steadywire_client_fd(bad, &fd));
	BAD(steadywire_client_close_wait(bad, 0));
	CHECK(steadywire_client_state(bad) == -1);
	SAME(steadywire_client_current_task(bad, &length), "");
	CHECK(length == 0);
	SAME(steadywire_client_stats_json(bad, &length), "");
	SAME(steadywire_client_cursors_json(bad, NULL), "");
	steadywire_client_free(bad);
	steadywire_message_free(message);
	CHECK(!receipt && !outcome && !follow && !reporter && listener == 7 && ran && fd == -7);
}

static void bad_messages(steadywire_message *bad, steadywire_client *client)
{
	int before = count_of(&dropped);
	BAD(steadywire_message_set_stage(bad, Z("s")));
	BAD(steadywire_message_set_text(bad, Z("s")));
	BAD(steadywire_message_set_code(bad, Z("s")));
	BAD(steadywire_message_set_metadata(bad, Z("{}")));
	BAD(steadywire_message_set_data(bad, Z("{}")));
	BAD(steadywire_message_set_timestamp(bad, 1));
	BAD(steadywire_message_set_ack(bad, true));
	BAD(steadywire_client_send(client, bad, on_receipt, DATA));
	BAD(steadywire_client_send(client, bad, NULL, DATA));
	BAD(steadywire_client_send_wait(client, bad, 0, NULL));
	CHECK(count_of(&dropped) == before + 2);
	steadywire_message_free(bad);
}

static void bad_events(steadywire_event *bad)
{
	steadywire_event *copy = NULL;
	size_t length = 7;
	BAD(steadywire_event_clone(bad, &copy));
	CHECK(steadywire_event_client(bad) == NULL);
	CHECK(steadywire_event_kind(bad) == STEADYWIRE_EVENT_ANY);
	CHECK(steadywire_event_timestamp(bad) == -1);
	CHECK(steadywire_event_progress(bad) == -1);
	CHECK(steadywire_event_level(bad) == -1);
	CHECK(steadywire_event_source(bad) == -1);
	CHECK(steadywire_event_error(bad) == STEADYWIRE_OK);
	CHECK(!steadywire_event_fatal(bad));
	CHECK(!steadywire_event_synthetic(bad));
	CHECK(steadywire_event_state(bad) == -1);
	CHECK(steadywire_event_previous(bad) == -1);
	CHECK(steadywire_event_generation(bad) == 0);
	CHECK(steadywire_event_close_code(bad) == -1);
	CHECK(steadywire_event_http_status(bad) == -1);
	CHECK(!steadywire_event_will_retry(bad));
	CHECK(steadywire_event_attempt(bad) == 0);
	CHECK(steadywire_event_next_delay_ms(bad) == -1);
	CHECK(steadywire_event_lost_reason(bad) == -1);
	CHECK(steadywire_event_gap_from(bad) == -1);
	CHECK(steadywire_event_gap_to(bad) == -1);
	CHECK(steadywire_event_overflow_count(bad) == 0);
	SAME(steadywire_event_task_id(bad, &length), "");
	CHECK(length == 0);
	SAME(steadywire_event_stage(bad, NULL), "");
	SAME(steadywire_event_message(bad, NULL), "");
	SAME(steadywire_event_reason(bad, NULL), "");
	SAME(steadywire_event_code(bad, NULL), "");
	SAME(steadywire_event_data(bad, NULL), "");
	SAME(steadywire_event_metadata(bad, NULL), "");
	SAME(steadywire_event_type(bad, NULL), "");
	SAME(steadywire_event_raw(bad, NULL), "");
	SAME(steadywire_event_epoch(bad, NULL), "");
	SAME(steadywire_event_to_json(bad, NULL), "");
	steadywire_event_free(bad);
}

static void bad_answers(void *bad)
{
	steadywire_outcome *copy = NULL;
	CHECK(steadywire_receipt_state(bad) == 0);
	CHECK(steadywire_receipt_drop_reason(bad) == -1);
	CHECK(!steadywire_receipt_ack_unsupported(bad));
	SAME(steadywire_receipt_message(bad, NULL), "");
	steadywire_receipt_free(bad);
	CHECK(steadywire_outcome_kind(bad) == 0);
	CHECK(steadywire_outcome_lost_reason(bad) == -1);
	CHECK(steadywire_outcome_timestamp(bad) == -1);
	CHECK(!steadywire_outcome_synthetic(bad));
	SAME(steadywire_outcome_task_id(bad, NULL), "");
	SAME(steadywire_outcome_data(bad, NULL), "");
	SAME(steadywire_outcome_message(bad, NULL), "");
	SAME(steadywire_outcome_code(bad, NULL), "");
	SAME(steadywire_outcome_to_json(bad, NULL), "");
	BAD(steadywire_outcome_clone(bad, &copy));
	steadywire_outcome_free(bad);
	CHECK(steadywire_ending_close_code(bad) == -1);
	CHECK(steadywire_ending_http_status(bad) == -1);
	CHECK(steadywire_ending_error(bad) == STEADYWIRE_OK);
	CHECK(steadywire_ending_disposition(bad) == STEADYWIRE_DISPOSITION_PROPOSED);
	SAME(steadywire_ending_reason(bad, NULL), "");
	CHECK(steadywire_credentials_request_attempt(bad) == 0);
	CHECK(steadywire_credentials_request_last_close_code(bad) == -1);
	CHECK(steadywire_credentials_request_http_status(bad) == -1);
	CHECK(!steadywire_credentials_request_force_refresh(bad));
	SAME(steadywire_credentials_request_reason(bad, NULL), "");
	BAD(steadywire_credentials_request_set_url(bad, Z("ws://localhost/")));
	BAD(steadywire_credentials_request_set_token(bad, Z("t")));
	BAD(steadywire_credentials_request_add_header(bad, Z("n"), Z("v")));
	BAD(steadywire_credentials_request_add_protocol(bad, Z("p")));
	BAD(steadywire_credentials_request_answer(bad));
	BAD(steadywire_credentials_request_fail(bad, Z("m"), false));
	steadywire_credentials_request_free(bad);
}

static void bad_follows_and_reporters(void *bad)
{
	const steadywire_event *event = NULL;
	int before = count_of(&dropped);
	BAD(steadywire_follow_next(bad, 0, &event));
	SAME(steadywire_follow_task_id(bad, NULL), "");
	steadywire_follow_free(bad);
	BAD(steadywire_reporter_progress(bad, 1, Z(""), Z("")));
	BAD(steadywire_reporter_log(bad, STEADYWIRE_LEVEL_INFO, Z("")));
	BAD(steadywire_reporter_status(bad, Z("1")));
	BAD(steadywire_reporter_complete(bad, Z("1"), on_receipt, DATA));
	BAD(steadywire_reporter_complete_wait(bad, Z("1"), 0, NULL));
	BAD(steadywire_reporter_error(bad, Z("m"), Z("c"), on_receipt, DATA));
	BAD(steadywire_reporter_error_wait(bad, Z("m"), Z("c"), 0, NULL));
	CHECK(count_of(&dropped) == before + 2);
	SAME(steadywire_reporter_task_id(bad, NULL), "");
	steadywire_reporter_free(bad);
}

static void handles(void)
{
	int local = 0;
	steadywire_config *config = options("ws://localhost/"), *freed = options("ws://localhost/");
	steadywire_client *client = client_for("ws://localhost/"), *gone = client_for("ws://localhost/");
	steadywire_message *message, *sent;
	OK(steadywire_message_new_log(Z("t"), STEADYWIRE_LEVEL_WARN, Z("m"), &message));
	OK(steadywire_message_new_log(Z("t"), STEADYWIRE_LEVEL_WARN, Z("m"), &sent));
	steadywire_config_free(freed);
	steadywire_client_free(gone);
	steadywire_message_free(sent);
	bad_configs(NULL);
	bad_configs(freed);
	bad_configs((steadywire_config *)client);
	bad_configs((steadywire_config *)&local);
	bad_configs((steadywire_config *)UINTPTR_MAX);
	bad_clients(NULL);
	bad_clients(gone);
	bad_clients((steadywire_client *)config);
	bad_clients((steadywire_client *)&local);
	bad_messages(NULL, client);
	bad_messages(sent, client);
	bad_messages((steadywire_message *)config, client);
	bad_events(NULL);
	bad_events((steadywire_event *)config);
	bad_events((steadywire_event *)freed);
	bad_answers(NULL);
	bad_answers(config);
	bad_answers(freed);
	bad_follows_and_reporters(NULL);
	bad_follows_and_reporters(config);
	bad_follows_and_reporters(freed);
	HOLDS(last_error(), "has been freed");
	/* What was passed as something else has been left alone. */
	OK(steadywire_config_set_seed(config, 1));
	OK(steadywire_client_subscribe(client, Z("t")));
	steadywire_config_free(config);
	steadywire_config_free(config);
	steadywire_client_free(client);
	steadywire_client_free(client);
	steadywire_message_free(message);
	steadywire_message_free(message);
}

static void texts(void)
{
	static const char not_utf8[] = "a\xff";
	steadywire_config *config;
	steadywire_client *client = client_for("ws://localhost/");
	steadywire_message *message = NULL;
	char *long_task = malloc(1026);
	memset(long_task, 'x', 1025);
	long_task[1025] = 0;
	BAD(steadywire_config_new(NULL, STEADYWIRE_NUL, &config));
	BAD(steadywire_config_new("ws://localhost/", SIZE_MAX - 1, &config));
	BAD(steadywire_config_new(Z(not_utf8), &config));
	HOLDS(last_error(), "`url` is not UTF-8");
	BAD(steadywire_client_connect(client, Z(not_utf8), NULL, NULL, NULL));
	BAD(steadywire_client_connect_wait(client, Z(""), 0));
	BAD(steadywire_client_connect(client, "", 0, on_done, DATA));
	BAD(steadywire_client_subscribe(client, NULL, 0));
	HOLDS(last_error(), "must not be empty");
	BAD(steadywire_client_subscribe(client, NULL, STEADYWIRE_NUL));
	HOLDS(last_error(), "not NULL");
	BAD(steadywire_client_unsubscribe(client, Z(not_utf8)));
	BAD(steadywire_client_outcome(client, Z(not_utf8), NULL, DATA));
	BAD(steadywire_message_new_progress(long_task, 1025, 1, &message));
	HOLDS(last_error(), "1024");
	OK(steadywire_message_new_progress(long_task, 1024, 1, &message));
	BAD(steadywire_message_set_stage(message, Z(not_utf8)));
	BAD(steadywire_message_set_data(message, Z("1")));
	HOLDS(last_error(), "does not go with a message of type progress");
	OK(steadywire_message_set_stage(message, NULL, 0));
	steadywire_message_free(message);
	BAD(steadywire_message_new_progress(Z("t"), NAN, &message));
	BAD(steadywire_message_new_log(Z("t"), 4, Z("m"), &message));
	BAD(steadywire_message_new_log(Z("t"), -1, Z("m"), &message));
	BAD(steadywire_message_new_status(Z("t"), Z("{"), &message));
	BAD(steadywire_message_new_complete(Z("t"), Z("{"), &message));
	BAD(steadywire_message_new_error(Z("t"), Z(not_utf8), &message));
	BAD(steadywire_message_new_heartbeat(Z(not_utf8), &message));
	BAD(steadywire_message_new_other(Z("log"), Z("t"), &message));
	OK(steadywire_message_new_log(Z("t"), STEADYWIRE_LEVEL_WARN, Z("m"), &message));
	BAD(steadywire_message_set_metadata(message, Z("[1]")));
	steadywire_message_free(message);
	steadywire_client_free(client);
	free(long_task);
}

static void outputs_and_numbers(void)
{
	steadywire_config *config = options("ws://localhost/");
	steadywire_client *client = client_for("ws://localhost/");
	const steadywire_event *event;
	steadywire_follow *follow;
	int fd;
	int before = count_of(&dropped);
	BAD(steadywire_config_new(Z("ws://localhost/"), NULL));
	BAD(steadywire_client_new(config, NULL));
	BAD(steadywire_message_new_heartbeat(Z(""), NULL));
	BAD(steadywire_client_outcome_wait(client, Z("t"), 0, NULL));
	BAD(steadywire_client_follow(client, Z("t"), NULL));
	BAD(steadywire_client_report(client, Z("t"), NULL));
	OK(steadywire_client_follow(client, Z("t"), &follow));
	BAD(steadywire_follow_next(follow, 0, NULL));
	IS(STEADYWIRE_TIMEOUT, steadywire_follow_next(follow, 0, &event));
	SAME(steadywire_follow_task_id(follow, NULL), "t");
	steadywire_follow_free(follow);
	BAD(steadywire_config_set_overflow(config, 3));
	BAD(steadywire_config_set_conflate(config, -1));
	BAD(steadywire_config_set_dispatch(config, 2));
	BAD(steadywire_config_set_tls_min_version(config, 11));
	BAD(steadywire_config_set_disposition(config, 1008, 6));
	BAD(steadywire_config_set_terminal_status(config, Z("w"), 3));
	BAD(steadywire_client_on(client, 15, on_event, DATA, NULL));
	BAD(steadywire_client_on(client, -1, on_event, DATA, NULL));
	BAD(steadywire_client_on(client, STEADYWIRE_EVENT_LOG, NULL, DATA, NULL));
	BAD(steadywire_client_callback_failed(client, 15, Z("m")));
	BAD(steadywire_set_log(4, on_log, DATA));
	CHECK(count_of(&dropped) == before + 4);
	OK(steadywire_client_off(client, 0));
	OK(steadywire_client_off(client, 12345));
	/* A client of the library's threads is not polled. */
	IS(STEADYWIRE_INVALID_STATE, steadywire_client_poll(client, 0, NULL));
	IS(STEADYWIRE_INVALID_STATE, steadywire_client_fd(client, &fd));
	steadywire_config_free(config);
	steadywire_client_free(client);
}

static void names_and_errors(void)
{
	char small[5] = "????";
	size_t length;
	CHECK(steadywire_abi_version() == STEADYWIRE_ABI_VERSION);
	CHECK(strchr(steadywire_version(), '.') != NULL);
	SAME(steadywire_status_name(STEADYWIRE_OK), "ok");
	SAME(steadywire_status_name(STEADYWIRE_END), "end");
	SAME(steadywire_status_name(STEADYWIRE_QUEUE_FULL), "queue_full");
	SAME(steadywire_status_name(-5), "unknown");
	CHECK(steadywire_status_is_retryable(STEADYWIRE_QUEUE_FULL));
	CHECK(!steadywire_status_is_retryable(STEADYWIRE_OK));
	CHECK(!steadywire_status_is_retryable(STEADYWIRE_REFUSED));
	SAME(steadywire_kind_name(STEADYWIRE_EVENT_STATE_CHANGE), "stateChange");
	SAME(steadywire_kind_name(STEADYWIRE_EVENT_ANY), "unknown");
	SAME(steadywire_state_name(STEADYWIRE_STATE_RECONNECTING), "reconnecting");
	SAME(steadywire_level_name(STEADYWIRE_LEVEL_WARN), "warn");
	SAME(steadywire_error_source_name(STEADYWIRE_SOURCE_AUTH), "auth");
	SAME(steadywire_lost_reason_name(STEADYWIRE_LOST_GIVEN_UP), "givenUp");
	SAME(steadywire_drop_reason_name(STEADYWIRE_DROPPED_NOT_CONNECTED), "notConnected");
	BAD(steadywire_config_set_url(NULL, Z("")));
	length = steadywire_last_error(NULL, 0);
	CHECK(length > 10);
	CHECK(steadywire_last_error(small, sizeof small) == length && strlen(small) == 4);
	CHECK(steadywire_last_error(small, 0) == length && strlen(small) == 4);
}

int main(void)
{
	/* Nothing has failed yet on this thread. */
	CHECK(steadywire_last_error(NULL, 0) == 0);
	handles();
	texts();
	outputs_and_numbers();
	names_and_errors();
	return 0;
}
