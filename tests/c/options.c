/* Every option: taken, checked by name where it is out of its bounds, and with an effect where one can be seen. */
#include "check.h"

static void refused(steadywire_config *config, steadywire_status status, const char *text)
{
	steadywire_client *client = NULL;
	IS(status, steadywire_client_new(config, &client));
	HOLDS(last_error(), text);
	CHECK(client == NULL);
	steadywire_config_free(config);
}

static steadywire_config *plain(void)
{
	return options("ws://127.0.0.1:9/ws");
}

#define REFUSED(setter, argument, text) \
	do { \
		steadywire_config *config_ = plain(); \
		OK(setter(config_, argument)); \
		refused(config_, STEADYWIRE_INVALID_ARGUMENT, text); \
	} while (0)

static void bounds(void)
{
	steadywire_config *config = plain();
	OK(steadywire_config_set_url(config, Z("http://user:hunter2@host/")));
	refused(config, STEADYWIRE_INVALID_URL, "`url` takes a ws:// or wss:// address");
	CHECK(strstr(last_error(), "hunter2") == NULL);
	REFUSED(steadywire_config_set_reconnect_interval_ms, 1u << 21, "`reconnectInterval` takes milliseconds");
	REFUSED(steadywire_config_set_reconnect_backoff_multiplier, 0.5, "`reconnectBackoffMultiplier`");
	REFUSED(steadywire_config_set_max_reconnect_backoff_ms, 1u << 21, "`maxReconnectBackoff`");
	REFUSED(steadywire_config_set_max_connect_attempts, 0, "`maxConnectAttempts`");
	REFUSED(steadywire_config_set_stable_after_ms, 1u << 21, "`stableAfter`");
	REFUSED(steadywire_config_set_connect_timeout_ms, 0, "`connectTimeout`");
	REFUSED(steadywire_config_set_heartbeat_interval_ms, 1u << 21, "`heartbeatInterval`");
	REFUSED(steadywire_config_set_heartbeat_timeout_ms, 0, "`heartbeatTimeout`");
	REFUSED(steadywire_config_set_max_queued_messages, 0, "`maxQueuedMessages`");
	REFUSED(steadywire_config_set_max_queued_bytes, 0, "`maxQueuedBytes`");
	REFUSED(steadywire_config_set_max_pending_events, 0, "`maxPendingEvents`");
	REFUSED(steadywire_config_set_max_pending_bytes, 0, "`maxPendingBytes`");
	REFUSED(steadywire_config_set_max_message_size, 0, "`maxMessageSize`");
	REFUSED(steadywire_config_set_stall_timeout_ms, 1u << 21, "`stallTimeout`");
	config = plain();
	OK(steadywire_config_set_proxy(config, Z("ftp://user:hunter2@proxy")));
	refused(config, STEADYWIRE_INVALID_ARGUMENT, "`proxy`");
	config = plain();
	OK(steadywire_config_set_tls_client_cert(config, Z("cert"), NULL, 0));
	refused(config, STEADYWIRE_INVALID_ARGUMENT, "both or neither");
	config = plain();
	OK(steadywire_config_set_tls_ca(config, Z("no certificate")));
	refused(config, STEADYWIRE_INVALID_ARGUMENT, "tls.ca");
}

static void everything_taken(void)
{
	steadywire_config *config = plain();
	steadywire_client *client;
	OK(steadywire_config_set_reconnect_backoff_multiplier(config, 1));
	OK(steadywire_config_set_max_reconnect_backoff_ms(config, 0));
	OK(steadywire_config_set_max_connect_attempts(config, STEADYWIRE_UNLIMITED));
	OK(steadywire_config_set_max_reconnect_attempts(config, 0));
	OK(steadywire_config_set_max_reconnect_attempts(config, STEADYWIRE_UNLIMITED));
	OK(steadywire_config_set_stable_after_ms(config, 0));
	OK(steadywire_config_set_heartbeat_interval_ms(config, 0));
	OK(steadywire_config_set_stall_timeout_ms(config, 0));
	OK(steadywire_config_set_overflow(config, STEADYWIRE_OVERFLOW_DROP_OLDEST));
	OK(steadywire_config_set_conflate(config, STEADYWIRE_CONFLATE_NEVER));
	OK(steadywire_config_set_token(config, Z("t")));
	OK(steadywire_config_set_token(config, NULL, 0));
	OK(steadywire_config_add_header(config, "X-Keys", 5, "value", 3));
	OK(steadywire_config_add_protocol(config, Z("p")));
	OK(steadywire_config_set_terminal_status(config, Z("Halted"), STEADYWIRE_TERMINAL_ERROR));
	OK(steadywire_config_set_terminal_status(config, Z("ready"), STEADYWIRE_TERMINAL_COMPLETE));
	OK(steadywire_config_set_terminal_status(config, Z("done"), STEADYWIRE_TERMINAL_NONE));
	OK(steadywire_config_set_disposition(config, 1008, STEADYWIRE_DISPOSITION_SLOW));
	OK(steadywire_config_set_disposition(config, 1008, STEADYWIRE_DISPOSITION_PROPOSED));
	OK(steadywire_config_set_tls_min_version(config, STEADYWIRE_TLS_1_2));
	OK(steadywire_config_set_tls_min_version(config, STEADYWIRE_TLS_1_3));
	OK(steadywire_config_set_tls_server_name(config, Z("name")));
	OK(steadywire_config_set_tls_server_name(config, NULL, 0));
	OK(steadywire_config_set_tls_client_cert(config, NULL, 0, NULL, 0));
	OK(steadywire_config_set_tls_ca(config, NULL, 0));
	OK(steadywire_config_set_tls_dangerously_accept_any_certificate(config, true));
	OK(steadywire_config_set_proxy(config, Z("socks5://127.0.0.1:9")));
	OK(steadywire_config_set_proxy_from_environment(config));
	OK(steadywire_config_set_proxy(config, NULL, 0));
	OK(steadywire_config_set_dispatch(config, STEADYWIRE_DISPATCH_THREAD));
	OK(steadywire_config_set_cursors(config, Z("{\"t\":{\"epoch\":\"e\",\"seq\":7}}")));
	BAD(steadywire_config_set_cursors(config, Z("{")));
	BAD(steadywire_config_set_cursors(config, Z("[]")));
	OK(steadywire_config_set_json(config, Z("reconnectInterval"), Z("20")));
	OK(steadywire_config_set_json(config, Z("maxConnectAttempts"), Z("null")));
	IS(STEADYWIRE_UNKNOWN_OPTION, steadywire_config_set_json(config, Z("reconectInterval"), Z("20")));
	BAD(steadywire_config_set_json(config, Z("token"), Z("[\"hunter2\"]")));
	BAD(steadywire_config_set_json(config, Z("token"), Z("hunter2")));
	CHECK(strstr(last_error(), "hunter2") == NULL);
	OK(steadywire_client_new(config, &client));
	/* Options are copied: what is changed now changes nothing there. */
	OK(steadywire_config_set_cursors(config, Z("{}")));
	steadywire_config_free(config);
	SAME(steadywire_client_cursors_json(client, NULL), "{\"t\":{\"epoch\":\"e\",\"seq\":7}}");
	steadywire_client_free(client);
}

/* A full outbox does what was asked for. */
static void outbox(void)
{
	steadywire_config *config = plain();
	steadywire_client *client;
	steadywire_message *message;
	OK(steadywire_config_set_max_queued_messages(config, 2));
	client = client_with(config);
	OK(steadywire_message_new_log(Z("t"), STEADYWIRE_LEVEL_INFO, Z("m"), &message));
	OK(steadywire_client_send(client, message, NULL, NULL, NULL));
	OK(steadywire_client_send(client, message, NULL, NULL, NULL));
	IS(STEADYWIRE_QUEUE_FULL, steadywire_client_send(client, message, NULL, NULL, NULL));
	steadywire_message_free(message);
	steadywire_client_free(client);
}

/* A server that is not there, and a bound on the attempts. */
static void attempts(void)
{
	steadywire_config *config = plain();
	steadywire_client *client;
	OK(steadywire_config_set_max_connect_attempts(config, 2));
	client = client_with(config);
	IS(STEADYWIRE_ATTEMPTS_EXHAUSTED, steadywire_client_connect_wait(client, NULL, 0, PATIENCE_MS));
	CHECK(steadywire_client_state(client) == STEADYWIRE_STATE_ERROR);
	steadywire_client_free(client);
}

int main(void)
{
	bounds();
	everything_taken();
	outbox();
	attempts();
	return 0;
}
