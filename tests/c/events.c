/* Every field of every kind of event, from a server that sends them all; and events that are kept. */
#include "check.h"

struct seen {
	struct journal journal;
	steadywire_client *client;
	steadywire_event *kept[16];
};

static struct seen seen = { JOURNAL, NULL, { NULL } };

/* What an event must not have answers as documented. */
static void has_no_texts_but(const steadywire_event *event, const char *stage, const char *message, const char *reason,
                             const char *code, const char *data, const char *metadata, const char *type,
                             const char *raw, const char *epoch)
{
	SAME(steadywire_event_stage(event, NULL), stage);
	SAME(steadywire_event_message(event, NULL), message);
	if (reason != NULL)
		SAME(steadywire_event_reason(event, NULL), reason);
	SAME(steadywire_event_code(event, NULL), code);
	SAME(steadywire_event_data(event, NULL), data);
	SAME(steadywire_event_metadata(event, NULL), metadata);
	SAME(steadywire_event_type(event, NULL), type);
	SAME(steadywire_event_raw(event, NULL), raw);
	SAME(steadywire_event_epoch(event, NULL), epoch);
}

static void look(const steadywire_event *event)
{
	size_t length = 77;
	const char *task = steadywire_event_task_id(event, &length), *json;
	CHECK(length == strlen(task));
	CHECK(steadywire_event_client(event) == seen.client);
	/* Asked again, the same text. */
	CHECK(steadywire_event_task_id(event, NULL) == task || task[0] == 0);
	switch (steadywire_event_kind(event)) {
	case STEADYWIRE_EVENT_PROGRESS:
		SAME(task, "t");
		CHECK(steadywire_event_progress(event) == 42.5);
		CHECK(steadywire_event_timestamp(event) == 7);
		has_no_texts_but(event, "tr\xc3\xa4in", "epoch 3", "", "", "", "", "", "", "");
		SAME(steadywire_event_stage(event, &length), "tr\xc3\xa4in");
		CHECK(length == 6);
		CHECK(steadywire_event_level(event) == -1 && steadywire_event_state(event) == -1);
		CHECK(steadywire_event_close_code(event) == -1 && steadywire_event_gap_from(event) == -1);
		HOLDS(json = steadywire_event_to_json(event, &length), "\"event\":\"progress\"");
		CHECK(length == strlen(json));
		break;
	case STEADYWIRE_EVENT_LOG:
		CHECK(steadywire_event_level(event) == STEADYWIRE_LEVEL_WARN);
		CHECK(steadywire_event_progress(event) == -1);
		/* A text may hold a NUL: the length says how far it goes. */
		SAME(steadywire_event_message(event, &length), "a");
		CHECK(length == 3 && memcmp(steadywire_event_message(event, NULL), "a\0b", 4) == 0);
		SAME(steadywire_event_metadata(event, NULL), "{\"line\":12}");
		break;
	case STEADYWIRE_EVENT_STATUS:
		has_no_texts_but(event, "", "", "", "", "{\"step\":3}", "", "", "", "");
		break;
	case STEADYWIRE_EVENT_HEARTBEAT:
		SAME(task, "t");
		CHECK(steadywire_event_timestamp(event) == 8);
		break;
	case STEADYWIRE_EVENT_MESSAGE:
		has_no_texts_but(event, "", "", "", "", "", "", "own",
		                 "{\"type\":\"own\",\"taskId\":\"t\",\"data\":[1]}", "");
		CHECK(steadywire_event_timestamp(event) == -1);
		break;
	case STEADYWIRE_EVENT_GAP:
		CHECK(steadywire_event_gap_from(event) == 2 && steadywire_event_gap_to(event) == 4);
		has_no_texts_but(event, "", "", "", "", "", "", "", "", "e1");
		break;
	case STEADYWIRE_EVENT_ERROR:
		if (steadywire_event_source(event) == STEADYWIRE_SOURCE_PROTOCOL) {
			CHECK(steadywire_event_error(event) == STEADYWIRE_INVALID_MESSAGE);
			SAME(steadywire_event_code(event, NULL), "invalid_message");
			CHECK(!steadywire_event_fatal(event));
			note(&seen.journal, "protocol error");
			return;
		}
		if (steadywire_event_source(event) == STEADYWIRE_SOURCE_TRANSPORT)
			return;
		CHECK(steadywire_event_source(event) == STEADYWIRE_SOURCE_TASK);
		CHECK(steadywire_event_error(event) == STEADYWIRE_OK);
		CHECK(steadywire_event_fatal(event) && !steadywire_event_synthetic(event));
		has_no_texts_but(event, "", "out of memory", "", "E42", steadywire_event_data(event, NULL), "", "", "", "");
		HOLDS(steadywire_event_data(event, NULL), "\"error\":\"out of memory\"");
		break;
	case STEADYWIRE_EVENT_COMPLETE:
		has_no_texts_but(event, "", "", "", "", "{\"ok\":true}", "", "", "", "");
		CHECK(!steadywire_event_synthetic(event) && steadywire_event_timestamp(event) == 9);
		break;
	case STEADYWIRE_EVENT_STATE_CHANGE:
		note(&seen.journal, "%s after %s", steadywire_state_name(steadywire_event_state(event)),
		     steadywire_state_name(steadywire_event_previous(event)));
		if (steadywire_event_state(event) == STEADYWIRE_STATE_RECONNECTING) {
			CHECK(steadywire_event_will_retry(event) && steadywire_event_close_code(event) == 1011);
			CHECK(steadywire_event_generation(event) == 1 && steadywire_event_http_status(event) == -1);
			HOLDS(steadywire_event_reason(event, NULL), "later");
		}
		if (steadywire_event_state(event) == STEADYWIRE_STATE_ERROR) {
			CHECK(!steadywire_event_will_retry(event) && steadywire_event_http_status(event) == 410);
			CHECK(steadywire_event_close_code(event) == -1);
		}
		return;
	case STEADYWIRE_EVENT_CONNECTED:
		CHECK(steadywire_event_generation(event) >= 1);
		break;
	case STEADYWIRE_EVENT_DISCONNECTED:
		CHECK(steadywire_event_generation(event) == 1 && steadywire_event_close_code(event) == 1011);
		HOLDS(steadywire_event_reason(event, NULL), "later");
		break;
	case STEADYWIRE_EVENT_RETRY:
		CHECK(steadywire_event_attempt(event) == 1 && steadywire_event_next_delay_ms(event) >= 0);
		CHECK(strlen(steadywire_event_reason(event, NULL)) > 0);
		break;
	case STEADYWIRE_EVENT_LOST:
		SAME(task, "v");
		CHECK(steadywire_event_lost_reason(event) == STEADYWIRE_LOST_REFUSED);
		SAME(steadywire_event_reason(event, NULL), "refused");
		break;
	default:
		fail(__FILE__, __LINE__, "%s was not sent", steadywire_kind_name(steadywire_event_kind(event)));
	}
	note(&seen.journal, "%s", steadywire_kind_name(steadywire_event_kind(event)));
}

static void on_event(const steadywire_event *event, void *user_data)
{
	steadywire_kind kind = steadywire_event_kind(event);
	CHECK(user_data == &seen);
	look(event);
	if (seen.kept[kind] == NULL)
		OK(steadywire_event_clone(event, &seen.kept[kind]));
	/* It belongs to the library, whatever the program does. */
	steadywire_event_free((steadywire_event *)event);
	CHECK(steadywire_event_kind(event) == kind);
}

/* There is an end to handles, and it is no crash. */
static void too_many(const steadywire_event *event)
{
	enum { ENOUGH = 1048576 };
	steadywire_event **copies = calloc(ENOUGH, sizeof *copies);
	steadywire_config *config = NULL;
	size_t count = 0;
	CHECK(copies != NULL);
	while (count < ENOUGH && steadywire_event_clone(event, &copies[count]) == STEADYWIRE_OK)
		count++;
	CHECK(count > ENOUGH / 2 && count < ENOUGH && copies[count] == NULL);
	IS(STEADYWIRE_LIMIT_REACHED, steadywire_config_new(Z("ws://localhost/"), &config));
	SAME(steadywire_event_metadata(copies[count - 1], NULL), "{\"line\":12}");
	while (count > 0)
		steadywire_event_free(copies[--count]);
	OK(steadywire_config_new(Z("ws://localhost/"), &config));
	steadywire_config_free(config);
	free(copies);
}

static void all_kinds(const char *url)
{
	int kind;
	steadywire_event *copy;
	seen.client = client_for(url);
	OK(steadywire_client_on(seen.client, STEADYWIRE_EVENT_ANY, on_event, &seen, NULL, NULL));
	OK(steadywire_client_subscribe(seen.client, Z("v")));
	OK(steadywire_client_subscribe(seen.client, Z("u")));
	OK(steadywire_client_connect(seen.client, Z("t"), NULL, NULL, NULL));
	EXPECT(&seen.journal, "connecting after disconnected");
	EXPECT(&seen.journal, "connected after connecting");
	EXPECT(&seen.journal, "connected");
	EXPECT(&seen.journal, "progress");
	EXPECT(&seen.journal, "log");
	EXPECT(&seen.journal, "status");
	EXPECT(&seen.journal, "heartbeat");
	EXPECT(&seen.journal, "message");
	EXPECT(&seen.journal, "protocol error");
	EXPECT(&seen.journal, "log");
	EXPECT(&seen.journal, "gap");
	EXPECT_LATER(&seen.journal, "complete");
	EXPECT(&seen.journal, "error");
	EXPECT_LATER(&seen.journal, "disconnected");
	EXPECT_LATER(&seen.journal, "lost");
	OK(steadywire_client_close_wait(seen.client, PATIENCE_MS));
	steadywire_client_free(seen.client);
	/* What was kept outlives its client, and is freed once. */
	for (kind = 1; kind < STEADYWIRE_EVENT_OVERFLOW; kind++) {
		CHECK(steadywire_event_kind(seen.kept[kind]) == kind);
		if (kind != STEADYWIRE_EVENT_STATE_CHANGE)
			look(seen.kept[kind]);
		HOLDS(steadywire_event_to_json(seen.kept[kind], NULL), steadywire_kind_name(kind));
	}
	OK(steadywire_event_clone(seen.kept[STEADYWIRE_EVENT_LOG], &copy));
	steadywire_event_free(seen.kept[STEADYWIRE_EVENT_LOG]);
	CHECK(steadywire_event_kind(seen.kept[STEADYWIRE_EVENT_LOG]) == STEADYWIRE_EVENT_ANY);
	SAME(steadywire_event_metadata(seen.kept[STEADYWIRE_EVENT_LOG], NULL), "");
	SAME(steadywire_event_metadata(copy, NULL), "{\"line\":12}");
	too_many(copy);
	steadywire_event_free(copy);
	for (kind = 1; kind < STEADYWIRE_EVENT_OVERFLOW; kind++)
		steadywire_event_free(seen.kept[kind]);
}

/* A follow that nobody reads keeps what its bound allows, and says what it dropped. */
static void overflow(const char *url)
{
	steadywire_client *client = client_for(url);
	steadywire_follow *follow;
	const steadywire_event *event, *first;
	uint64_t logs = 0;
	OK(steadywire_client_follow(client, Z("t"), &follow));
	EVENTUALLY(strstr(steadywire_client_stats_json(client, NULL), "\"framesIn\":10051") != NULL);
	/* The dispatcher has passed all of them on when a later answer is there. */
	OK(steadywire_client_flush_wait(client, PATIENCE_MS));
	OK(steadywire_follow_next(follow, 0, &first));
	CHECK(steadywire_event_kind(first) == STEADYWIRE_EVENT_OVERFLOW);
	CHECK(steadywire_event_overflow_count(first) == 50);
	SAME(steadywire_event_to_json(first, NULL), "{\"count\":50,\"event\":\"overflow\"}");
	OK(steadywire_follow_next(follow, 0, &event));
	/* The event before is over, and says so. */
	CHECK(steadywire_event_kind(first) == STEADYWIRE_EVENT_ANY);
	do {
		logs += steadywire_event_kind(event) == STEADYWIRE_EVENT_LOG;
	} while (steadywire_follow_next(follow, 0, &event) == STEADYWIRE_OK &&
	         steadywire_event_kind(event) != STEADYWIRE_EVENT_COMPLETE);
	CHECK(logs == 10000);
	IS(STEADYWIRE_END, steadywire_follow_next(follow, STEADYWIRE_FOREVER, &event));
	IS(STEADYWIRE_END, steadywire_follow_next(follow, 0, &event));
	steadywire_follow_free(follow);
	CHECK(steadywire_event_kind(event) == STEADYWIRE_EVENT_ANY);
	steadywire_client_free(client);
}

int main(int count, char **arguments)
{
	CHECK(count == 3);
	all_kinds(arguments[1]);
	overflow(arguments[2]);
	return 0;
}
