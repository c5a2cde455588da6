/* What the program is asked: credentials, answered now, later, too late or not at all; and what an end means. */
#include "check.h"

static struct journal journal = JOURNAL;

static void on_done(steadywire_status status, const char *message, void *user_data)
{
	note(&journal, "%s %s", (const char *)user_data, steadywire_status_name(status));
	if (status != STEADYWIRE_OK)
		note(&journal, "because %.200s", message);
}

static void on_drop(void *user_data)
{
	note(&journal, "%s dropped", (const char *)user_data);
}

/* The client of options that ask; they are freed. */
static steadywire_client *asking(const char *url, steadywire_credentials_callback callback, void *user_data)
{
	steadywire_config *config = options(url);
	OK(steadywire_config_set_max_connect_attempts(config, 2));
	OK(steadywire_config_set_credentials(config, callback, user_data, on_drop));
	return client_with(config);
}

/* The first token is refused, and the program says so when it is asked again. */
static void on_request(steadywire_credentials_request *request, void *user_data)
{
	bool fresh = steadywire_credentials_request_force_refresh(request);
	(void)user_data;
	note(&journal, "asked, attempt %u, status %d, code %d%s", steadywire_credentials_request_attempt(request),
	     (int)steadywire_credentials_request_http_status(request),
	     (int)steadywire_credentials_request_last_close_code(request), fresh ? ", refresh" : "");
	CHECK(strlen(steadywire_credentials_request_reason(request, NULL)) > 0);
	BAD(steadywire_credentials_request_set_token(request, Z("\xff")));
	OK(steadywire_credentials_request_add_header(request, Z("X-One"), Z("1")));
	OK(steadywire_credentials_request_set_token(request, fresh ? "right!" : "wrong!", STEADYWIRE_NUL));
	OK(steadywire_credentials_request_answer(request));
	/* It is over: neither answered twice nor freed twice. */
	BAD(steadywire_credentials_request_answer(request));
	BAD(steadywire_credentials_request_fail(request, Z("m"), true));
	BAD(steadywire_credentials_request_set_token(request, Z("t")));
	steadywire_credentials_request_free(request);
}

static void at_once(const char *url)
{
	steadywire_client *client = asking(url, on_request, "at once");
	OK(steadywire_client_connect(client, NULL, 0, on_done, "at once", NULL));
	EXPECT(&journal, "asked, attempt 1, status -1, code -1");
	EXPECT(&journal, "asked, attempt 2, status 401, code -1, refresh");
	EXPECT(&journal, "at once ok");
	OK(steadywire_client_close_wait(client, PATIENCE_MS));
	EXPECT(&journal, "at once dropped");
	steadywire_client_free(client);
}

/* Another url, headers and subprotocols than the configured ones. */
static const char *other_url;

static void on_elsewhere(steadywire_credentials_request *request, void *user_data)
{
	(void)user_data;
	OK(steadywire_credentials_request_set_url(request, Z(other_url)));
	OK(steadywire_credentials_request_set_token(request, Z("right!")));
	OK(steadywire_credentials_request_answer(request));
}

static void elsewhere(const char *url)
{
	steadywire_client *client = asking("ws://127.0.0.1:9/ws", on_elsewhere, "elsewhere");
	other_url = url;
	OK(steadywire_client_connect_wait(client, NULL, 0, PATIENCE_MS));
	steadywire_client_free(client);
	EXPECT(&journal, "elsewhere dropped");
}

/* An answer that comes later, from another thread. */
static steadywire_credentials_request *held;
static struct gate is_held = GATE;

static void on_hold(steadywire_credentials_request *request, void *user_data)
{
	(void)user_data;
	held = request;
	open_gate(&is_held);
}

static void *answer_later(void *user_data)
{
	(void)user_data;
	wait_at(&is_held);
	OK(steadywire_credentials_request_set_token(held, Z("right!")));
	OK(steadywire_credentials_request_answer(held));
	return NULL;
}

static void later(const char *url)
{
	steadywire_client *client = asking(url, on_hold, "later");
	pthread_t thread;
	pthread_create(&thread, NULL, answer_later, NULL);
	OK(steadywire_client_connect_wait(client, NULL, 0, PATIENCE_MS));
	pthread_join(thread, NULL);
	steadywire_client_free(client);
	EXPECT(&journal, "later dropped");
}

/* After the client was freed an answer is heard by nobody, and does no harm. */
static void after_free(const char *url)
{
	steadywire_client *client = asking(url, on_hold, "after free");
	is_held.open = false;
	OK(steadywire_client_connect(client, NULL, 0, on_done, "after free", NULL));
	wait_at(&is_held);
	steadywire_client_free(client);
	EXPECT(&journal, "after free dropped");
	CHECK(steadywire_credentials_request_attempt(held) == 1);
	OK(steadywire_credentials_request_set_token(held, Z("late")));
	OK(steadywire_credentials_request_answer(held));
	BAD(steadywire_credentials_request_answer(held));
}

/* No credentials: a failed attempt, a final failure, a request that is freed, a function that does not return. */
static void on_failing(steadywire_credentials_request *request, void *user_data)
{
	const char *how = user_data;
	if (strcmp(how, "fails") == 0)
		OK(steadywire_credentials_request_fail(request, Z("the vault is closed"), false));
	else if (strcmp(how, "fatal") == 0)
		OK(steadywire_credentials_request_fail(request, Z("there is no such user"), true));
	else if (strcmp(how, "garbled") == 0)
		BAD(steadywire_credentials_request_fail(request, Z("\xff"), true));
	else
		steadywire_credentials_request_free(request);
}

static void without(const char *url, const char *how, const char *status, const char *why)
{
	char line[64];
	const char *said;
	steadywire_client *client = asking(url, on_failing, (void *)how);
	OK(steadywire_client_connect(client, NULL, 0, on_done, (void *)how, NULL));
	snprintf(line, sizeof line, "%s %s", how, status);
	EXPECT(&journal, line);
	said = next_line(&journal, PATIENCE_MS);
	HOLDS(said, why);
	steadywire_client_free(client);
	EXPECT_LATER(&journal, how);
}

static struct gate busy_inside = GATE, busy_leave = GATE;
static int busy_calls;

static void on_busy(steadywire_credentials_request *request, void *user_data)
{
	count_up(&busy_calls);
	IS(STEADYWIRE_WOULD_DEADLOCK,
	   steadywire_client_connect_wait(*(steadywire_client **)user_data, NULL, 0, STEADYWIRE_FOREVER));
	IS(STEADYWIRE_WOULD_DEADLOCK,
	   steadywire_client_close_wait(*(steadywire_client **)user_data, STEADYWIRE_FOREVER));
	open_gate(&busy_inside);
	wait_at(&busy_leave);
	steadywire_credentials_request_free(request);
}

static void on_busy_drop(void *user_data)
{
	(void)user_data;
	note(&journal, "busy dropped");
}

/* While it has not returned it is not called again; the client gives up meanwhile, and can be freed. */
static void busy(const char *url)
{
	static steadywire_client *client;
	steadywire_config *config = options(url);
	OK(steadywire_config_set_max_connect_attempts(config, 2));
	OK(steadywire_config_set_credentials(config, on_busy, &client, on_busy_drop));
	OK(steadywire_client_new(config, &client));
	OK(steadywire_client_connect(client, NULL, 0, NULL, NULL, NULL));
	wait_at(&busy_inside);
	OK(steadywire_client_disconnect_wait(client, PATIENCE_MS));
	OK(steadywire_client_connect(client, NULL, 0, on_done, "busy", NULL));
	EXPECT(&journal, "busy attempts_exhausted");
	HOLDS(next_line(&journal, PATIENCE_MS), "has not returned");
	CHECK(count_of(&busy_calls) == 1);
	IS(STEADYWIRE_TIMEOUT, steadywire_client_close_wait(client, 10));
	steadywire_client_free(client);
	CHECK(next_line(&journal, 0) == NULL);
	open_gate(&busy_leave);
	EXPECT(&journal, "busy dropped");
	steadywire_config_free(config);
}

/* A callback serves one client; until then it is the options'. */
static void ownership(const char *url)
{
	steadywire_config *config = options(url);
	steadywire_client *client = NULL;
	OK(steadywire_config_set_credentials(config, on_request, "replaced", on_drop));
	OK(steadywire_config_set_credentials(config, on_request, "taken", on_drop));
	EXPECT(&journal, "replaced dropped");
	/* A client that cannot be made takes nothing. */
	OK(steadywire_config_set_connect_timeout_ms(config, 0));
	BAD(steadywire_client_new(config, &client));
	OK(steadywire_config_set_connect_timeout_ms(config, 1000));
	CHECK(next_line(&journal, 0) == NULL);
	OK(steadywire_client_new(config, &client));
	OK(steadywire_config_set_credentials(config, NULL, "null", on_drop));
	EXPECT(&journal, "null dropped");
	OK(steadywire_config_set_credentials(config, on_request, "left", on_drop));
	steadywire_config_free(config);
	EXPECT(&journal, "left dropped");
	CHECK(next_line(&journal, 0) == NULL);
	steadywire_client_free(client);
	EXPECT(&journal, "taken dropped");
}

/* What an end means: the program knows better that this server means well. */
static steadywire_disposition on_ending(const steadywire_ending *ending, void *user_data)
{
	int32_t status = steadywire_ending_http_status(ending);
	CHECK(user_data != NULL);
	note(&journal, "status %d, code %d, %s", (int)status, (int)steadywire_ending_close_code(ending),
	     steadywire_status_name(steadywire_ending_error(ending)));
	CHECK(strlen(steadywire_ending_reason(ending, NULL)) > 0);
	if (status == 410) {
		CHECK(steadywire_ending_disposition(ending) == STEADYWIRE_DISPOSITION_FATAL);
		return STEADYWIRE_DISPOSITION_RETRY;
	}
	if (steadywire_ending_close_code(ending) == 4404)
		return STEADYWIRE_DISPOSITION_PROPOSED;
	return 77; /* stands for nothing: as proposed */
}

static void classify(const char *url)
{
	steadywire_config *config = options(url);
	steadywire_client *client;
	OK(steadywire_config_set_classify(config, on_ending, "replaced", on_drop));
	OK(steadywire_config_set_classify(config, on_ending, "classify", on_drop));
	EXPECT(&journal, "replaced dropped");
	client = client_with(config);
	OK(steadywire_client_connect(client, NULL, 0, on_done, "classify", NULL));
	EXPECT(&journal, "status 410, code -1, handshake_failed");
	EXPECT(&journal, "status 503, code -1, handshake_failed");
	EXPECT(&journal, "classify ok");
	OK(steadywire_client_subscribe(client, Z("c"))); /* then the server closes */
	EXPECT(&journal, "status -1, code 4404, connection_lost");
	EVENTUALLY(steadywire_client_state(client) == STEADYWIRE_STATE_ERROR);
	steadywire_client_free(client);
	EXPECT(&journal, "classify dropped");
}

int main(int count, char **arguments)
{
	const char *url = arguments[1];
	CHECK(count == 3);
	at_once(url);
	elsewhere(url);
	later(url);
	after_free(url);
	without(url, "fails", "attempts_exhausted", "the vault is closed");
	without(url, "fatal", "credentials_failed", "there is no such user");
	without(url, "garbled", "credentials_failed", "no reason that can be read");
	without(url, "freed", "attempts_exhausted", "freed without an answer");
	busy(url);
	ownership(url);
	classify(arguments[2]);
	CHECK(next_line(&journal, 0) == NULL);
	return 0;
}
