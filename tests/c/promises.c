/* The three promises of a callback: no call after `drop` began; `drop` runs exactly once, after the last call; they
 * never overlap. With callbacks that take themselves off, free their client, register others; from threads that race. */
#include "check.h"

#include <sched.h>

/* A callback that watches itself. */
struct watched {
	int calls, dropped, inside;
	steadywire_client *client;
	steadywire_listener listener;
	int after; /* take off, or free, after so many calls */
	bool frees;
};

static struct watched *watched(steadywire_client *client, int after, bool frees)
{
	struct watched *self = calloc(1, sizeof *self);
	CHECK(self != NULL);
	self->client = client;
	self->after = after;
	self->frees = frees;
	return self;
}

static void enter(struct watched *self)
{
	CHECK(__atomic_exchange_n(&self->inside, 1, __ATOMIC_SEQ_CST) == 0); /* never two at once */
	CHECK(count_of(&self->dropped) == 0);                               /* never after drop */
	count_up(&self->calls);
}

static void leave(struct watched *self)
{
	CHECK(count_of(&self->dropped) == 0);
	__atomic_store_n(&self->inside, 0, __ATOMIC_SEQ_CST);
}

static int dropped_in_all;

static void on_drop(void *user_data)
{
	struct watched *self = user_data;
	CHECK(count_of(&self->inside) == 0); /* never while a call is under way */
	CHECK(__atomic_exchange_n(&self->dropped, 1, __ATOMIC_SEQ_CST) == 0);
	count_up(&dropped_in_all);
}

static void on_event(const steadywire_event *event, void *user_data)
{
	struct watched *self = user_data;
	enter(self);
	if (count_of(&self->calls) == self->after) {
		if (self->frees)
			steadywire_client_free(self->client);
		else
			OK(steadywire_client_off(self->client, self->listener));
		/* The event and what it is of stay until the call returns. */
		CHECK(steadywire_event_kind(event) != STEADYWIRE_EVENT_ANY);
		CHECK(steadywire_event_client(event) == self->client);
	}
	leave(self);
}

static void on_nothing(const steadywire_event *event, void *user_data)
{
	(void)event;
	enter(user_data);
	leave(user_data);
}

/* Tells of itself on every client, again and again, until it is stopped. */
struct source {
	steadywire_client *client;
	int stop;
	pthread_t thread;
};

static void *publish(void *user_data)
{
	struct source *source = user_data;
	steadywire_message *message;
	OK(steadywire_message_new_progress(Z("p"), 50, &message));
	while (!count_of(&source->stop)) {
		steadywire_status found = steadywire_client_send(source->client, message, NULL, NULL, NULL);
		CHECK(found == STEADYWIRE_OK || found == STEADYWIRE_QUEUE_FULL);
		OK(steadywire_client_flush_wait(source->client, PATIENCE_MS));
	}
	steadywire_message_free(message);
	return NULL;
}

static void start(struct source *source, const char *url)
{
	source->stop = 0;
	source->client = client_for(url);
	OK(steadywire_client_connect_wait(source->client, NULL, 0, PATIENCE_MS));
	CHECK(pthread_create(&source->thread, NULL, publish, source) == 0);
}

static void stop(struct source *source)
{
	count_up(&source->stop);
	pthread_join(source->thread, NULL);
	steadywire_client_free(source->client);
}

static steadywire_client *listening(const char *url)
{
	steadywire_client *client = client_for(url);
	OK(steadywire_client_connect_wait(client, Z("p"), PATIENCE_MS));
	return client;
}

/* off() inside its own callback: that call is the last. */
static void off_inside(const char *url)
{
	steadywire_client *client = listening(url);
	struct watched *self = watched(client, 3, false);
	OK(steadywire_client_on(client, STEADYWIRE_EVENT_PROGRESS, on_event, self, on_drop, &self->listener));
	EVENTUALLY(count_of(&self->dropped) == 1);
	CHECK(count_of(&self->calls) == 3);
	steadywire_client_free(client);
	free(self);
}

/* once(): one call, then drop; and one that never comes is dropped with the client. */
static void once(const char *url)
{
	steadywire_client *client = listening(url);
	struct watched *self = watched(client, 0, false), *never = watched(client, 0, false);
	OK(steadywire_client_once(client, STEADYWIRE_EVENT_PROGRESS, on_event, self, on_drop, NULL));
	OK(steadywire_client_once(client, STEADYWIRE_EVENT_GAP, on_event, never, on_drop, NULL));
	EVENTUALLY(count_of(&self->dropped) == 1);
	CHECK(count_of(&self->calls) == 1);
	OK(steadywire_client_close_wait(client, PATIENCE_MS));
	CHECK(count_of(&never->dropped) == 1 && count_of(&never->calls) == 0);
	steadywire_client_free(client);
	free(self);
	free(never);
}

/* The client is freed inside its callback: no other of its callbacks is called, and all are dropped. */
static void free_inside(const char *url)
{
	steadywire_client *client = client_for(url);
	struct watched *first = watched(client, 2, true), *second = watched(client, 0, false);
	OK(steadywire_client_on(client, STEADYWIRE_EVENT_PROGRESS, on_event, first, on_drop, &first->listener));
	OK(steadywire_client_on(client, STEADYWIRE_EVENT_ANY, on_event, second, on_drop, NULL));
	/* Not before: with events under way the first could free it before the second is there. */
	OK(steadywire_client_connect(client, Z("p"), NULL, NULL, NULL));
	EVENTUALLY(count_of(&first->dropped) == 1 && count_of(&second->dropped) == 1);
	CHECK(count_of(&first->calls) == 2);
	BAD(steadywire_client_subscribe(client, Z("t")));
	free(first);
	free(second);
}

static void on_drop_free(void *user_data)
{
	on_drop(user_data);
	free(user_data);
}

/* A callback that registers others, which take themselves off. */
static void on_register(const steadywire_event *event, void *user_data)
{
	struct watched *self = user_data;
	(void)event;
	enter(self);
	if (count_of(&self->calls) <= 20) {
		struct watched *other = watched(self->client, 0, false);
		OK(steadywire_client_once(self->client, STEADYWIRE_EVENT_PROGRESS, on_nothing, other, on_drop_free, NULL));
	}
	leave(self);
}

static void register_inside(const char *url)
{
	int before = count_of(&dropped_in_all);
	steadywire_client *client = listening(url);
	struct watched *self = watched(client, 0, false);
	OK(steadywire_client_on(client, STEADYWIRE_EVENT_PROGRESS, on_register, self, on_drop, NULL));
	EVENTUALLY(count_of(&dropped_in_all) == before + 20);
	OK(steadywire_client_close_wait(client, PATIENCE_MS));
	CHECK(count_of(&dropped_in_all) == before + 21);
	steadywire_client_free(client);
	free(self);
}

/* Threads that put listeners on and take them off while events flow. */
static void *on_and_off(void *client)
{
	int round;
	for (round = 0; round < 300; round++) {
		struct watched *self = watched(client, 0, false);
		OK(steadywire_client_on(client, STEADYWIRE_EVENT_PROGRESS, on_nothing, self, on_drop, &self->listener));
		if (round % 3 == 0)
			sched_yield();
		if (round % 10 == 0)
			EVENTUALLY(count_of(&self->calls) > 0);
		OK(steadywire_client_off(client, self->listener));
		EVENTUALLY(count_of(&self->dropped) == 1);
		free(self);
	}
	return NULL;
}

static void race_on_and_off(const char *url)
{
	steadywire_client *client = listening(url);
	pthread_t threads[3];
	size_t n;
	for (n = 0; n < 3; n++)
		pthread_create(&threads[n], NULL, on_and_off, client);
	for (n = 0; n < 3; n++)
		pthread_join(threads[n], NULL);
	HOLDS(steadywire_client_stats_json(client, NULL), "\"listeners\":0");
	steadywire_client_free(client);
}

/* Threads that use a client while another frees it: they get an answer, whatever happens. */
static void *use(void *client)
{
	for (;;) {
		struct watched *self = watched(client, 0, false);
		steadywire_status found =
			steadywire_client_on(client, STEADYWIRE_EVENT_PROGRESS, on_nothing, self, on_drop, &self->listener);
		if (found == STEADYWIRE_OK)
			found = steadywire_client_off(client, self->listener);
		EVENTUALLY(count_of(&self->dropped) == 1);
		free(self);
		steadywire_client_stats_json(client, NULL);
		if (found == STEADYWIRE_OK)
			found = steadywire_client_connect_wait(client, NULL, 0, PATIENCE_MS);
		if (found != STEADYWIRE_OK) {
			CHECK(found == STEADYWIRE_INVALID_ARGUMENT || found == STEADYWIRE_CLOSED);
			return NULL;
		}
	}
}

static void race_free(const char *url)
{
	int round;
	for (round = 0; round < 10; round++) {
		steadywire_client *client = listening(url);
		pthread_t threads[2];
		size_t n;
		for (n = 0; n < 2; n++)
			pthread_create(&threads[n], NULL, use, client);
		pause_ms(round);
		steadywire_client_free(client);
		for (n = 0; n < 2; n++)
			pthread_join(threads[n], NULL);
	}
}

/* While a callback is under way elsewhere, free returns and close_wait waits. */
static struct gate entered = GATE, go_on = GATE;

static void on_slow(const steadywire_event *event, void *user_data)
{
	(void)event;
	enter(user_data);
	open_gate(&entered);
	wait_at(&go_on);
	leave(user_data);
}

static void quiescence(const char *url)
{
	steadywire_client *client = listening(url);
	struct watched *self = watched(client, 0, false), *also = watched(client, 0, false);
	OK(steadywire_client_on(client, STEADYWIRE_EVENT_PROGRESS, on_slow, self, on_drop, NULL));
	OK(steadywire_client_connect(client, NULL, 0, NULL, also, on_drop));
	wait_at(&entered);
	IS(STEADYWIRE_TIMEOUT, steadywire_client_close_wait(client, 10));
	CHECK(count_of(&self->dropped) == 0);
	steadywire_client_free(client);
	CHECK(count_of(&self->inside) == 1 && count_of(&self->dropped) == 0);
	open_gate(&go_on);
	EVENTUALLY(count_of(&self->dropped) == 1 && count_of(&also->dropped) == 1);
	CHECK(count_of(&self->calls) == 1);
	free(self);
	free(also);
}

/* Calls that wait are refused inside callbacks, and the client goes on. */
static struct journal found = JOURNAL;

static void on_waiting(const steadywire_event *event, void *user_data)
{
	steadywire_client *client = steadywire_event_client(event);
	steadywire_message *message;
	steadywire_outcome *outcome;
	steadywire_follow *follow;
	steadywire_reporter *reporter;
	(void)user_data;
	IS(STEADYWIRE_WOULD_DEADLOCK, steadywire_client_connect_wait(client, NULL, 0, STEADYWIRE_FOREVER));
	IS(STEADYWIRE_WOULD_DEADLOCK, steadywire_client_flush_wait(client, STEADYWIRE_FOREVER));
	IS(STEADYWIRE_WOULD_DEADLOCK, steadywire_client_outcome_wait(client, Z("q"), STEADYWIRE_FOREVER, &outcome));
	IS(STEADYWIRE_WOULD_DEADLOCK, steadywire_client_close_wait(client, STEADYWIRE_FOREVER));
	OK(steadywire_message_new_heartbeat(Z(""), &message));
	IS(STEADYWIRE_WOULD_DEADLOCK, steadywire_client_send_wait(client, message, STEADYWIRE_FOREVER, NULL));
	steadywire_message_free(message);
	OK(steadywire_client_follow(client, Z("q"), &follow));
	IS(STEADYWIRE_WOULD_DEADLOCK, steadywire_follow_next(follow, STEADYWIRE_FOREVER, &event));
	steadywire_follow_free(follow);
	OK(steadywire_client_report(client, Z("q"), &reporter));
	IS(STEADYWIRE_WOULD_DEADLOCK, steadywire_reporter_complete_wait(reporter, Z("1"), STEADYWIRE_FOREVER, NULL));
	steadywire_reporter_free(reporter);
	IS(STEADYWIRE_INVALID_STATE, steadywire_client_poll(client, 0, NULL));
	OK(steadywire_client_subscribe(client, Z("q")));
	OK(steadywire_client_unsubscribe(client, Z("q")));
	CHECK(steadywire_client_state(client) == STEADYWIRE_STATE_CONNECTED);
	note(&found, "waited");
}

static void waiting_inside(const char *url)
{
	steadywire_client *client = listening(url);
	OK(steadywire_client_once(client, STEADYWIRE_EVENT_PROGRESS, on_waiting, NULL, NULL, NULL));
	EXPECT(&found, "waited");
	OK(steadywire_client_flush_wait(client, PATIENCE_MS));
	steadywire_client_free(client);
}

/* A callback that failed in a way of its own is an event; a listener for errors that did is not. */
static void on_failure(const steadywire_event *event, void *user_data)
{
	(void)user_data;
	if (steadywire_event_source(event) != STEADYWIRE_SOURCE_CALLBACK)
		return;
	CHECK(steadywire_event_error(event) == STEADYWIRE_CALLBACK_FAILED);
	note(&found, "%s", steadywire_event_message(event, NULL));
	OK(steadywire_client_callback_failed(steadywire_event_client(event), STEADYWIRE_EVENT_ERROR, Z("again")));
}

static void failures(const char *url)
{
	steadywire_client *client = listening(url);
	OK(steadywire_client_on(client, STEADYWIRE_EVENT_ERROR, on_failure, NULL, NULL, NULL));
	OK(steadywire_client_callback_failed(client, STEADYWIRE_EVENT_PROGRESS, Z("it threw")));
	EXPECT(&found, "it threw");
	EVENTUALLY(strstr(steadywire_client_stats_json(client, NULL), "\"failures\":2") != NULL);
	OK(steadywire_client_close_wait(client, PATIENCE_MS));
	CHECK(next_line(&found, 0) == NULL);
	steadywire_client_free(client);
}

int main(int count, char **arguments)
{
	struct source source;
	CHECK(count == 2);
	start(&source, arguments[1]);
	off_inside(arguments[1]);
	once(arguments[1]);
	free_inside(arguments[1]);
	register_inside(arguments[1]);
	race_on_and_off(arguments[1]);
	race_free(arguments[1]);
	quiescence(arguments[1]);
	waiting_inside(arguments[1]);
	failures(arguments[1]);
	stop(&source);
	return 0;
}
