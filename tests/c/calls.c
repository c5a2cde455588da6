/* Every call with its answer, by callback and by waiting: a worker and a follower at one hub. */
#include "check.h"

static struct journal journal = JOURNAL;

static void on_done(steadywire_status status, const char *message, void *user_data)
{
	note(&journal, "%s %s%s%s", (const char *)user_data, steadywire_status_name(status), *message ? " " : "",
	     *message ? "(why)" : "");
}

static void on_receipt(const steadywire_receipt *receipt, void *user_data)
{
	steadywire_receipt_kind state = steadywire_receipt_state(receipt);
	if (state == STEADYWIRE_RECEIPT_REJECTED)
		CHECK(strlen(steadywire_receipt_message(receipt, NULL)) > 0);
	else
		SAME(steadywire_receipt_message(receipt, NULL), "");
	if (state == STEADYWIRE_RECEIPT_DROPPED)
		note(&journal, "%s %s", (const char *)user_data,
		     steadywire_drop_reason_name(steadywire_receipt_drop_reason(receipt)));
	else
		note(&journal, "%s %d", (const char *)user_data, state);
	/* What belongs to the library is not the program's to free, but that does no harm. */
	steadywire_receipt_free((steadywire_receipt *)receipt);
}

static steadywire_outcome *kept;

static void on_outcome(const steadywire_outcome *outcome, void *user_data)
{
	OK(steadywire_outcome_clone(outcome, &kept));
	note(&journal, "%s %s %d", (const char *)user_data, steadywire_outcome_task_id(outcome, NULL),
	     steadywire_outcome_kind(outcome));
}

static void on_event(const steadywire_event *event, void *user_data)
{
	note(&journal, "%s %s %.0f %s", (const char *)user_data, steadywire_kind_name(steadywire_event_kind(event)),
	     steadywire_event_progress(event), steadywire_event_message(event, NULL));
}

#define NOTED(what) (void *)(what), NULL

static void send(steadywire_client *client, steadywire_message *message, const char *what)
{
	OK(steadywire_client_send(client, message, on_receipt, NOTED(what)));
	steadywire_message_free(message);
}

/* A message of each type, with all it can have, and its way to a listener. */
static void messages(steadywire_client *worker, steadywire_client *follower)
{
	steadywire_message *message;
	steadywire_listener listener, once;
	steadywire_receipt *receipt = NULL;
	OK(steadywire_client_connect_wait(follower, Z("m"), PATIENCE_MS));
	SAME(steadywire_client_current_task(follower, NULL), "m");
	CHECK(steadywire_client_state(follower) == STEADYWIRE_STATE_CONNECTED);
	HOLDS(steadywire_client_stats_json(follower, NULL), "\"state\":\"connected\"");
	OK(steadywire_client_on(follower, STEADYWIRE_EVENT_PROGRESS, on_event, NOTED("on"), &listener));
	OK(steadywire_client_once(follower, STEADYWIRE_EVENT_ANY, on_event, NOTED("once"), &once));
	CHECK(listener != 0 && once != 0 && listener != once);
	OK(steadywire_client_connect(worker, NULL, 0, on_done, NOTED("connect")));
	EXPECT(&journal, "connect ok");
	OK(steadywire_message_new_progress("mx", 1, 42.5, &message));
	OK(steadywire_message_set_stage(message, Z("link")));
	OK(steadywire_message_set_text(message, Z("12 of 30")));
	OK(steadywire_message_set_timestamp(message, 1234));
	OK(steadywire_message_set_ack(message, true));
	OK(steadywire_client_send_wait(worker, message, PATIENCE_MS, &receipt));
	CHECK(steadywire_receipt_state(receipt) == STEADYWIRE_RECEIPT_ACKED);
	CHECK(steadywire_receipt_drop_reason(receipt) == -1 && !steadywire_receipt_ack_unsupported(receipt));
	steadywire_receipt_free(receipt);
	CHECK(steadywire_receipt_state(receipt) == 0);
	EXPECT(&journal, "on progress 42 12 of 30");
	EXPECT(&journal, "once progress 42 12 of 30");
	OK(steadywire_client_off(follower, listener));
	OK(steadywire_client_off(follower, listener));
	OK(steadywire_client_send_wait(worker, message, PATIENCE_MS, NULL));
	steadywire_message_free(message);

	OK(steadywire_message_new_log(Z("m"), STEADYWIRE_LEVEL_ERROR, Z("line"), &message));
	OK(steadywire_message_set_metadata(message, Z("{\"n\":1}")));
	OK(steadywire_message_set_ack(message, true));
	send(worker, message, "log");
	OK(steadywire_message_new_status(Z("m"), Z("{\"step\":1}"), &message));
	OK(steadywire_message_set_data(message, Z("{\"step\":2}")));
	OK(steadywire_message_set_ack(message, true));
	send(worker, message, "status");
	OK(steadywire_message_new_other(Z("own"), Z("m"), &message));
	OK(steadywire_message_set_data(message, Z("[1]")));
	send(worker, message, "own");
	OK(steadywire_message_new_heartbeat(Z(""), &message));
	OK(steadywire_client_send(worker, message, NULL, NULL, NULL));
	steadywire_message_free(message);
	OK(steadywire_message_new_error(Z("n"), Z("broken"), &message));
	OK(steadywire_message_set_code(message, Z("E42")));
	OK(steadywire_message_set_text(message, Z("quite broken")));
	OK(steadywire_message_set_ack(message, true));
	send(worker, message, "error");
	OK(steadywire_message_new_complete(Z("m"), Z("{\"ok\":true}"), &message));
	OK(steadywire_message_set_ack(message, true));
	send(worker, message, "complete");
	OK(steadywire_client_flush(worker, on_done, NOTED("flush")));
	EXPECT_LATER(&journal, "complete 2");
	EXPECT_LATER(&journal, "flush ok");
	OK(steadywire_client_flush_wait(worker, PATIENCE_MS));
}

static void outcomes(steadywire_client *client)
{
	steadywire_outcome *outcome = NULL;
	size_t length;
	/* The hub knows it; the client remembers it. */
	OK(steadywire_client_outcome_wait(client, Z("n"), PATIENCE_MS, &outcome));
	CHECK(steadywire_outcome_kind(outcome) == STEADYWIRE_ENDED_ERROR);
	SAME(steadywire_outcome_task_id(outcome, &length), "n");
	CHECK(length == 1);
	SAME(steadywire_outcome_message(outcome, NULL), "quite broken");
	SAME(steadywire_outcome_code(outcome, NULL), "E42");
	HOLDS(steadywire_outcome_data(outcome, NULL), "E42");
	CHECK(steadywire_outcome_lost_reason(outcome) == -1 && !steadywire_outcome_synthetic(outcome));
	CHECK(steadywire_outcome_timestamp(outcome) > 1500000000000);
	HOLDS(steadywire_outcome_to_json(outcome, &length), "\"outcome\":\"error\"");
	CHECK(length == strlen(steadywire_outcome_to_json(outcome, NULL)));
	steadywire_outcome_free(outcome);
	steadywire_outcome_free(outcome);
	OK(steadywire_client_outcome(client, Z("m"), on_outcome, NOTED("outcome")));
	EXPECT_LATER(&journal, "outcome m 1");
	SAME(steadywire_outcome_data(kept, NULL), "{\"ok\":true}");
	SAME(steadywire_outcome_message(kept, NULL), "");
	steadywire_outcome_free(kept);
	/* Of a task that nobody has heard of there is none yet. */
	IS(STEADYWIRE_TIMEOUT, steadywire_client_outcome_wait(client, Z("never"), 0, &outcome));
}

static void reporters(steadywire_client *worker, steadywire_client *follower)
{
	steadywire_reporter *reporter, *failing, *abandoned;
	steadywire_follow *follow;
	steadywire_receipt *receipt;
	steadywire_outcome *outcome;
	const steadywire_event *event;
	OK(steadywire_client_follow(follower, Z("r"), &follow));
	SAME(steadywire_follow_task_id(follow, NULL), "r");
	OK(steadywire_client_report(worker, Z("r"), &reporter));
	SAME(steadywire_reporter_task_id(reporter, NULL), "r");
	OK(steadywire_reporter_progress(reporter, 150, Z("s"), Z("m")));
	OK(steadywire_reporter_log(reporter, STEADYWIRE_LEVEL_DEBUG, Z("line")));
	OK(steadywire_reporter_status(reporter, Z("{\"step\":3}")));
	BAD(steadywire_reporter_status(reporter, Z("{")));
	BAD(steadywire_reporter_log(reporter, 9, Z("line")));
	BAD(steadywire_reporter_progress(reporter, 1, NULL, STEADYWIRE_NUL, Z("")));
	/* What is not JSON is no end. */
	BAD(steadywire_reporter_complete(reporter, Z("{"), NULL, NULL, NULL));
	BAD(steadywire_reporter_complete_wait(reporter, Z("{"), 0, NULL));
	OK(steadywire_reporter_complete_wait(reporter, NULL, 0, PATIENCE_MS, &receipt));
	CHECK(steadywire_receipt_state(receipt) == STEADYWIRE_RECEIPT_ACKED);
	steadywire_receipt_free(receipt);
	IS(STEADYWIRE_INVALID_STATE, steadywire_reporter_progress(reporter, 1, Z(""), Z("")));
	IS(STEADYWIRE_INVALID_STATE, steadywire_reporter_error(reporter, Z("m"), Z("c"), NULL, NULL, NULL));
	steadywire_reporter_free(reporter);
	steadywire_reporter_free(reporter);

	OK(steadywire_follow_next(follow, PATIENCE_MS, &event));
	CHECK(steadywire_event_progress(event) == 100);
	CHECK(steadywire_event_client(event) == follower);
	OK(steadywire_follow_next(follow, PATIENCE_MS, &event));
	CHECK(steadywire_event_kind(event) == STEADYWIRE_EVENT_LOG);
	OK(steadywire_follow_next(follow, PATIENCE_MS, &event));
	SAME(steadywire_event_data(event, NULL), "{\"step\":3}");
	OK(steadywire_follow_next(follow, STEADYWIRE_FOREVER, &event));
	CHECK(steadywire_event_kind(event) == STEADYWIRE_EVENT_COMPLETE);
	SAME(steadywire_event_data(event, NULL), "null");
	IS(STEADYWIRE_END, steadywire_follow_next(follow, STEADYWIRE_FOREVER, &event));
	steadywire_follow_free(follow);

	OK(steadywire_client_report(worker, Z("f"), &failing));
	OK(steadywire_reporter_error(failing, Z("broken"), Z("E1"), on_receipt, NOTED("failed")));
	EXPECT_LATER(&journal, "failed 2");
	steadywire_reporter_free(failing);
	OK(steadywire_client_report(worker, Z("g"), &failing));
	OK(steadywire_reporter_error_wait(failing, Z("broken"), Z(""), PATIENCE_MS, NULL));
	steadywire_reporter_free(failing);
	OK(steadywire_client_report(worker, Z("h"), &reporter));
	OK(steadywire_reporter_complete(reporter, Z("7"), on_receipt, NOTED("completed")));
	EXPECT_LATER(&journal, "completed 2");
	steadywire_reporter_free(reporter);
	OK(steadywire_client_report(worker, Z("a"), &abandoned));
	steadywire_reporter_free(abandoned);
	OK(steadywire_client_outcome_wait(follower, Z("a"), PATIENCE_MS, &outcome));
	SAME(steadywire_outcome_code(outcome, NULL), "abandoned");
	steadywire_outcome_free(outcome);
}

/* A thread that reads a follow, for another to free it. */
static void *read_follow(void *follow)
{
	const steadywire_event *event;
	steadywire_status found;
	do /* the other thread may be in it */
		found = steadywire_follow_next(follow, STEADYWIRE_FOREVER, &event);
	while (found == STEADYWIRE_INVALID_STATE);
	note(&journal, "read %s", steadywire_status_name(found));
	return NULL;
}

static void follows(steadywire_client *client)
{
	steadywire_follow *follow;
	const steadywire_event *event;
	pthread_t thread;
	steadywire_status found;
	OK(steadywire_client_follow(client, Z("quiet"), &follow));
	pthread_create(&thread, NULL, read_follow, follow);
	/* Only one thread reads; it may be a moment until it does. */
	do {
		found = steadywire_follow_next(follow, 0, &event);
		CHECK(found == STEADYWIRE_TIMEOUT || found == STEADYWIRE_INVALID_STATE);
		pause_ms(1);
	} while (found == STEADYWIRE_TIMEOUT);
	steadywire_follow_free(follow);
	EXPECT_LATER(&journal, "read end");
	pthread_join(thread, NULL);
}

/* A follow and a reporter that outlive their client. */
static void what_is_left(const char *url)
{
	steadywire_client *client = client_for(url);
	steadywire_follow *follow;
	steadywire_reporter *reporter;
	const steadywire_event *event;
	OK(steadywire_client_connect_wait(client, NULL, 0, PATIENCE_MS));
	OK(steadywire_client_follow(client, Z("left"), &follow));
	OK(steadywire_client_report(client, Z("also left"), &reporter));
	steadywire_client_free(client);
	do
		OK(steadywire_follow_next(follow, PATIENCE_MS, &event));
	while (steadywire_event_kind(event) != STEADYWIRE_EVENT_LOST);
	CHECK(steadywire_event_lost_reason(event) == STEADYWIRE_LOST_CLOSED);
	CHECK(steadywire_event_client(event) == client);
	IS(STEADYWIRE_END, steadywire_follow_next(follow, PATIENCE_MS, &event));
	IS(STEADYWIRE_CLOSED, steadywire_reporter_progress(reporter, 1, Z(""), Z("")));
	IS(STEADYWIRE_CLOSED, steadywire_reporter_complete_wait(reporter, Z("1"), 0, NULL));
	steadywire_follow_free(follow);
	steadywire_reporter_free(reporter);
}

static void ends(steadywire_client *client)
{
	steadywire_message *message;
	OK(steadywire_client_subscribe(client, Z("x")));
	OK(steadywire_client_unsubscribe(client, Z("x")));
	OK(steadywire_client_unsubscribe(client, Z("x")));
	OK(steadywire_client_reconnect(client, on_done, NOTED("reconnect")));
	EXPECT_LATER(&journal, "reconnect ok");
	OK(steadywire_client_reconnect_wait(client, PATIENCE_MS));
	OK(steadywire_client_outcome(client, Z("open"), on_outcome, NOTED("open")));
	OK(steadywire_client_disconnect(client, on_done, NOTED("disconnect")));
	EXPECT_LATER(&journal, "open open 3");
	CHECK(steadywire_outcome_lost_reason(kept) == STEADYWIRE_LOST_DISCONNECTED);
	steadywire_outcome_free(kept);
	EXPECT_LATER(&journal, "disconnect ok");
	CHECK(steadywire_client_state(client) == STEADYWIRE_STATE_DISCONNECTED);
	OK(steadywire_client_disconnect_wait(client, PATIENCE_MS));
	/* Now or not at all. */
	OK(steadywire_message_new_heartbeat(Z(""), &message));
	send(client, message, "heartbeat");
	EXPECT_LATER(&journal, "heartbeat notConnected");
	/* What waits while the client ends is told nothing, and nothing works after it. */
	OK(steadywire_client_close_wait(client, PATIENCE_MS));
	OK(steadywire_client_close_wait(client, 0));
	IS(STEADYWIRE_CLOSED, steadywire_client_connect(client, NULL, 0, on_done, NOTED("late")));
	IS(STEADYWIRE_CLOSED, steadywire_client_connect_wait(client, NULL, 0, PATIENCE_MS));
	IS(STEADYWIRE_CLOSED, steadywire_client_subscribe(client, Z("x")));
	steadywire_client_free(client);
	BAD(steadywire_client_close_wait(client, 0));
}

int main(int count, char **arguments)
{
	steadywire_client *worker, *follower;
	CHECK(count == 2);
	worker = client_for(arguments[1]);
	follower = client_for(arguments[1]);
	messages(worker, follower);
	outcomes(follower);
	reporters(worker, follower);
	follows(follower);
	what_is_left(arguments[1]);
	ends(follower);
	steadywire_client_free(worker);
	CHECK(next_line(&journal, 0) == NULL);
	return 0;
}
