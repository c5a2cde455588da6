/* Callbacks in the program's own loop: a descriptor for poll(2), one thread at a time, and nothing on any other. */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>

static struct journal journal = JOURNAL;
static pthread_t main_thread;

static steadywire_client *polled(const char *url)
{
	steadywire_config *config = options(url);
	OK(steadywire_config_set_dispatch(config, STEADYWIRE_DISPATCH_POLL));
	return client_with(config);
}

static int fd_of(steadywire_client *client)
{
	int fd = -1;
	OK(steadywire_client_fd(client, &fd));
	CHECK(fd >= 0);
	return fd;
}

static bool readable(int fd, int timeout_ms)
{
	struct pollfd waiting = { fd, POLLIN, 0 };
	return poll(&waiting, 1, timeout_ms) == 1 && (waiting.revents & POLLIN);
}

static void on_event(const steadywire_event *event, void *user_data)
{
	CHECK(pthread_equal(pthread_self(), main_thread));
	note(&journal, "%s %s", (const char *)user_data, steadywire_kind_name(steadywire_event_kind(event)));
}

static void on_done(steadywire_status status, const char *message, void *user_data)
{
	(void)message;
	CHECK(pthread_equal(pthread_self(), main_thread));
	note(&journal, "%s %s", (const char *)user_data, steadywire_status_name(status));
}

static void on_drop(void *user_data)
{
	note(&journal, "%s dropped %s", (const char *)user_data,
	     pthread_equal(pthread_self(), main_thread) ? "here" : "elsewhere");
}

/* Waits at the descriptor and polls, until the journal has something. */
static const char *loop(steadywire_client *client)
{
	int fd = fd_of(client);
	const char *line;
	while ((line = next_line(&journal, 0)) == NULL) {
		CHECK(readable(fd, PATIENCE_MS));
		OK(steadywire_client_poll(client, 0, NULL));
	}
	return line;
}

static void send_progress(steadywire_client *worker, const char *task)
{
	steadywire_message *message;
	OK(steadywire_message_new_progress(task, STEADYWIRE_NUL, 50, &message));
	OK(steadywire_message_set_ack(message, true));
	OK(steadywire_client_send_wait(worker, message, PATIENCE_MS, NULL));
	steadywire_message_free(message);
}

/* The worker's server has it: it is on its way. Nothing else comes for the client. */
static void descriptor(const char *url, steadywire_client *worker)
{
	steadywire_client *client = polled(url);
	int fd = fd_of(client);
	bool ran = true;
	OK(steadywire_client_poll(client, 0, &ran));
	CHECK(!ran && !readable(fd, 0));
	CHECK(fd_of(client) == fd);
	CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	OK(steadywire_client_on(client, STEADYWIRE_EVENT_PROGRESS, on_event, "on", NULL, NULL));
	OK(steadywire_client_connect(client, Z("d"), on_done, "connect", NULL));
	CHECK(readable(fd, PATIENCE_MS));
	/* Level-triggered: it stays so until the callbacks have run. */
	CHECK(readable(fd, 0));
	SAME(loop(client), "connect ok");
	do
		OK(steadywire_client_poll(client, 0, &ran));
	while (ran);
	send_progress(worker, "d");
	CHECK(readable(fd, PATIENCE_MS));
	CHECK(next_line(&journal, 0) == NULL); /* nothing runs before the program polls */
	SAME(loop(client), "on progress");
	do
		OK(steadywire_client_poll(client, 0, &ran));
	while (ran);
	CHECK(!readable(fd, 0));
	steadywire_client_free(client);
	CHECK(fcntl(fd, F_GETFD) == -1 && errno == EBADF);
	BAD(steadywire_client_poll(client, 0, NULL));
}

/* Functions that wait run callbacks meanwhile, and leave the descriptor quiet. */
static void waiting(const char *url, steadywire_client *worker)
{
	steadywire_client *client = polled(url);
	steadywire_follow *follow;
	steadywire_reporter *reporter;
	steadywire_outcome *outcome;
	const steadywire_event *event;
	steadywire_message *message;
	int fd = fd_of(client);
	OK(steadywire_client_on(client, STEADYWIRE_EVENT_PROGRESS, on_event, "waiting", NULL, NULL));
	OK(steadywire_client_connect_wait(client, Z("w"), PATIENCE_MS));
	OK(steadywire_client_follow(client, Z("w"), &follow));
	send_progress(worker, "w");
	OK(steadywire_follow_next(follow, PATIENCE_MS, &event));
	CHECK(steadywire_event_progress(event) == 50);
	EXPECT(&journal, "waiting progress");
	/* A bell may come late, for what has been run already. */
	if (readable(fd, 0)) {
		bool ran = true;
		OK(steadywire_client_poll(client, 0, &ran));
		CHECK(!ran && !readable(fd, 0));
	}
	IS(STEADYWIRE_TIMEOUT, steadywire_follow_next(follow, 1, &event));
	OK(steadywire_client_report(client, Z("own"), &reporter));
	OK(steadywire_reporter_complete_wait(reporter, Z("1"), PATIENCE_MS, NULL));
	steadywire_reporter_free(reporter);
	OK(steadywire_client_outcome_wait(client, Z("own"), PATIENCE_MS, &outcome));
	steadywire_outcome_free(outcome);
	OK(steadywire_message_new_log(Z("w"), STEADYWIRE_LEVEL_INFO, Z("m"), &message));
	OK(steadywire_client_send_wait(client, message, PATIENCE_MS, NULL));
	steadywire_message_free(message);
	OK(steadywire_client_flush_wait(client, PATIENCE_MS));
	OK(steadywire_client_reconnect_wait(client, PATIENCE_MS));
	OK(steadywire_client_disconnect_wait(client, PATIENCE_MS));
	OK(steadywire_client_close_wait(client, PATIENCE_MS));
	/* A follow that is left does not keep the descriptor. */
	steadywire_client_free(client);
	CHECK(fcntl(fd, F_GETFD) == -1);
	steadywire_follow_free(follow);
}

/* Inside a callback nobody polls, and nobody waits. */
static void on_inside(const steadywire_event *event, void *user_data)
{
	steadywire_client *client = steadywire_event_client(event);
	(void)user_data;
	IS(STEADYWIRE_WOULD_DEADLOCK, steadywire_client_poll(client, 0, NULL));
	IS(STEADYWIRE_WOULD_DEADLOCK, steadywire_client_flush_wait(client, STEADYWIRE_FOREVER));
	IS(STEADYWIRE_WOULD_DEADLOCK, steadywire_client_close_wait(client, STEADYWIRE_FOREVER));
	note(&journal, "inside");
	steadywire_client_free(client);
	note(&journal, "freed");
}

static void free_inside(const char *url, steadywire_client *worker)
{
	steadywire_client *client = polled(url);
	const char *line;
	OK(steadywire_client_on(client, STEADYWIRE_EVENT_PROGRESS, on_inside, "free_inside", on_drop, NULL));
	OK(steadywire_client_connect_wait(client, Z("i"), PATIENCE_MS));
	send_progress(worker, "i");
	/* A bell may come late, for what has been run already: then a poll calls nobody. */
	while ((line = next_line(&journal, 0)) == NULL)
		OK(steadywire_client_poll(client, PATIENCE_MS, NULL));
	SAME(line, "inside");
	EXPECT(&journal, "freed");
	EXPECT(&journal, "free_inside dropped here");
}

/* Where nobody polls any more, drop runs inside free. */
static void free_outside(const char *url)
{
	steadywire_client *client = polled(url);
	OK(steadywire_client_on(client, STEADYWIRE_EVENT_PROGRESS, on_event, "free_outside", on_drop, NULL));
	OK(steadywire_client_connect(client, NULL, 0, on_done, "never", on_drop));
	steadywire_client_free(client);
	EXPECT(&journal, "free_outside dropped here");
	EXPECT(&journal, "never dropped here");
	CHECK(next_line(&journal, 0) == NULL);
}

/* One thread polls; another is told so. */
static struct gate is_inside = GATE, may_leave = GATE;

static void on_slow(const steadywire_event *event, void *user_data)
{
	(void)event;
	(void)user_data;
	open_gate(&is_inside);
	wait_at(&may_leave);
}

static void *poll_until_inside(void *client)
{
	do /* as above */
		OK(steadywire_client_poll(client, PATIENCE_MS, NULL));
	while (!is_open(&is_inside));
	return NULL;
}

static void two_threads(const char *url, steadywire_client *worker)
{
	steadywire_client *client = polled(url);
	pthread_t thread;
	OK(steadywire_client_once(client, STEADYWIRE_EVENT_PROGRESS, on_slow, "two", on_drop, NULL));
	OK(steadywire_client_connect_wait(client, Z("2"), PATIENCE_MS));
	pthread_create(&thread, NULL, poll_until_inside, client);
	send_progress(worker, "2");
	wait_at(&is_inside);
	IS(STEADYWIRE_INVALID_STATE, steadywire_client_poll(client, 0, NULL));
	IS(STEADYWIRE_TIMEOUT, steadywire_client_flush_wait(client, 1));
	/* What it gave is dropped where the callback runs. */
	steadywire_client_free(client);
	CHECK(next_line(&journal, 0) == NULL);
	open_gate(&may_leave);
	pthread_join(thread, NULL);
	EXPECT(&journal, "two dropped elsewhere");
}

/* A thread that waits in poll is told when another ends the client: by free, and by close_wait, which leaves a handle
 * that goes on to say so. */
struct poller {
	steadywire_client *client;
	steadywire_status status;
	struct gate returned;
};

static void *poll_until_told(void *argument)
{
	struct poller *self = argument;
	do /* the main thread looks whether this one polls */
		self->status = steadywire_client_poll(self->client, STEADYWIRE_FOREVER, NULL);
	while (self->status == STEADYWIRE_INVALID_STATE);
	open_gate(&self->returned);
	return NULL;
}

static void ended_elsewhere(const char *url, bool closes)
{
	struct poller poller = { polled(url), STEADYWIRE_OK, GATE };
	pthread_t thread;
	int fd = fd_of(poller.client);
	const char *line;
	OK(steadywire_client_on(poller.client, STEADYWIRE_EVENT_ANY, on_event, "ended", on_drop, NULL));
	pthread_create(&thread, NULL, poll_until_told, &poller);
	EVENTUALLY(steadywire_client_poll(poller.client, 0, NULL) == STEADYWIRE_INVALID_STATE);
	if (closes)
		OK(steadywire_client_close_wait(poller.client, PATIENCE_MS));
	else
		steadywire_client_free(poller.client);
	/* No callback was under way: it ran in the function that ended the client. */
	line = next_line(&journal, 0);
	CHECK(line != NULL);
	SAME(line, "ended dropped here");
	wait_at(&poller.returned);
	pthread_join(thread, NULL);
	CHECK(poller.status == STEADYWIRE_CLOSED);
	if (closes) {
		/* A loop that waits at the descriptor is woken, and told. */
		CHECK(readable(fd, 0));
		IS(STEADYWIRE_CLOSED, steadywire_client_poll(poller.client, 0, NULL));
		IS(STEADYWIRE_CLOSED, steadywire_client_poll(poller.client, STEADYWIRE_FOREVER, NULL));
		IS(STEADYWIRE_CLOSED, steadywire_client_flush_wait(poller.client, PATIENCE_MS));
		CHECK(readable(fd, 0));
		steadywire_client_free(poller.client);
	}
	CHECK(fcntl(fd, F_GETFD) == -1 && errno == EBADF);
}

/* Questions are asked inside poll too, ahead of events. */
static void on_request(steadywire_credentials_request *request, void *user_data)
{
	CHECK(pthread_equal(pthread_self(), main_thread));
	IS(STEADYWIRE_WOULD_DEADLOCK,
	   steadywire_client_connect_wait(*(steadywire_client **)user_data, NULL, 0, STEADYWIRE_FOREVER));
	note(&journal, "asked");
	OK(steadywire_credentials_request_answer(request));
}

static void credentials(const char *url)
{
	static steadywire_client *client;
	steadywire_config *config = options(url);
	OK(steadywire_config_set_dispatch(config, STEADYWIRE_DISPATCH_POLL));
	OK(steadywire_config_set_credentials(config, on_request, &client, NULL));
	OK(steadywire_client_new(config, &client));
	steadywire_config_free(config);
	OK(steadywire_client_connect(client, NULL, 0, on_done, "asking", NULL));
	SAME(loop(client), "asked");
	SAME(loop(client), "asking ok");
	steadywire_client_free(client);
}

int main(int count, char **arguments)
{
	steadywire_client *worker;
	CHECK(count == 2);
	main_thread = pthread_self();
	worker = client_for(arguments[1]);
	OK(steadywire_client_connect_wait(worker, NULL, 0, PATIENCE_MS));
	descriptor(arguments[1], worker);
	waiting(arguments[1], worker);
	free_inside(arguments[1], worker);
	free_outside(arguments[1]);
	two_threads(arguments[1], worker);
	for (int round = 0; round < 20; round++)
		ended_elsewhere(arguments[1], round % 2 == 1);
	credentials(arguments[1]);
	steadywire_client_free(worker);
	return 0;
}
