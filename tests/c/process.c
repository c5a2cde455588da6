/* What the library leaves alone of the process it is in: SIGPIPE, signal masks, and a fork's child. */
#include "check.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* AddressSanitizer's allocator has locks (seen with GCC 12) that a fork copies while another thread holds them: the
 * child's next allocation waits for ever. So the fork is tried without it, and under valgrind. */
#if defined(__SANITIZE_ADDRESS__)
#define UNDER_ADDRESS_SANITIZER true
#else
#define UNDER_ADDRESS_SANITIZER false
#endif

static int broken_pipes;

static void on_broken_pipe(int number)
{
	(void)number;
	broken_pipes++;
}

/* A server that resets every link while messages are written: nobody hears of SIGPIPE, and its action is the program's
 * own: the default, which would end it, and then a handler. */
static void sigpipe(const char *url)
{
	struct sigaction action, before;
	sigset_t mask;
	steadywire_client *client = client_for(url);
	steadywire_message *message;
	int round;
	OK(steadywire_message_new_log(Z("t"), STEADYWIRE_LEVEL_INFO, Z("m"), &message));
	OK(steadywire_client_connect_wait(client, NULL, 0, PATIENCE_MS));
	sigaction(SIGPIPE, NULL, &before);
	CHECK(before.sa_handler == SIG_DFL);
	for (round = 0; round < 200; round++) {
		steadywire_client_send(client, message, NULL, NULL, NULL);
		if (round == 100) {
			memset(&action, 0, sizeof action);
			action.sa_handler = on_broken_pipe;
			sigaction(SIGPIPE, &action, NULL);
		}
		pause_ms(1);
	}
	sigaction(SIGPIPE, NULL, &before);
	CHECK(before.sa_handler == on_broken_pipe && broken_pipes == 0);
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	CHECK(!sigismember(&mask, SIGPIPE) && !sigismember(&mask, SIGINT));
	steadywire_message_free(message);
	steadywire_client_free(client);
	signal(SIGPIPE, SIG_DFL);
}

static int dropped;

static void on_event(const steadywire_event *event, void *user_data)
{
	(void)event;
	(void)user_data;
}

static void child(steadywire_config *config, steadywire_client *old, steadywire_message *message,
                  steadywire_follow *follow, steadywire_reporter *reporter)
{
	steadywire_client *client = NULL;
	steadywire_follow *own;
	const steadywire_event *event;
	bool ran;
	/* What stands on the parent's threads says so. */
	IS(STEADYWIRE_FORKED, steadywire_client_connect_wait(old, NULL, 0, STEADYWIRE_FOREVER));
	IS(STEADYWIRE_FORKED, steadywire_client_subscribe(old, Z("t")));
	IS(STEADYWIRE_FORKED, steadywire_client_on(old, STEADYWIRE_EVENT_ANY, on_event, &dropped, count_up, NULL));
	CHECK(count_of(&dropped) == 1);
	IS(STEADYWIRE_FORKED, steadywire_client_poll(old, 0, &ran));
	IS(STEADYWIRE_FORKED, steadywire_client_close_wait(old, 0));
	IS(STEADYWIRE_FORKED, steadywire_follow_next(follow, STEADYWIRE_FOREVER, &event));
	IS(STEADYWIRE_FORKED, steadywire_reporter_progress(reporter, 1, Z(""), Z("")));
	CHECK(steadywire_client_state(old) == -1);
	steadywire_follow_free(follow);
	steadywire_reporter_free(reporter);
	steadywire_client_free(old);
	/* The parent still has its link. Options and messages work here too. */
	OK(steadywire_config_set_seed(config, 7));
	OK(steadywire_message_set_ack(message, true));
	OK(steadywire_client_new(config, &client));
	OK(steadywire_client_connect_wait(client, NULL, 0, PATIENCE_MS));
	OK(steadywire_client_send_wait(client, message, PATIENCE_MS, NULL));
	OK(steadywire_client_follow(client, Z("t"), &own));
	OK(steadywire_follow_next(own, PATIENCE_MS, &event));
	steadywire_follow_free(own);
	OK(steadywire_client_close_wait(client, PATIENCE_MS));
	steadywire_client_free(client);
	steadywire_config_free(config);
	steadywire_message_free(message);
	/* Another program: what the parent's threads held is in nobody's hands here, and no leak. */
	execl("/bin/true", "true", (char *)NULL);
	_exit(1);
}

static void fork_and_go_on(const char *url)
{
	steadywire_config *config = options(url);
	steadywire_client *client;
	steadywire_message *message;
	steadywire_follow *follow;
	steadywire_reporter *reporter;
	int round, status;
	OK(steadywire_client_new(config, &client));
	OK(steadywire_client_connect_wait(client, NULL, 0, PATIENCE_MS));
	OK(steadywire_message_new_complete(Z("t"), Z("1"), &message));
	OK(steadywire_client_follow(client, Z("u"), &follow));
	OK(steadywire_client_report(client, Z("u"), &reporter));
	for (round = 0; round < 3; round++) {
		pid_t pid = fork();
		CHECK(pid >= 0);
		if (pid == 0)
			child(config, client, message, follow, reporter);
		CHECK(waitpid(pid, &status, 0) == pid);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	OK(steadywire_client_flush_wait(client, PATIENCE_MS));
	steadywire_follow_free(follow);
	steadywire_reporter_free(reporter);
	steadywire_client_free(client);
	steadywire_config_free(config);
	steadywire_message_free(message);
}

/* The process ends with clients that are busy: no crash, no hang, no drop. */
static void on_end(void *user_data)
{
	(void)user_data;
	fail(__FILE__, __LINE__, "the end of the process is not the end of a callback");
}

static void leave_alive(const char *url)
{
	int n;
	for (n = 0; n < 20; n++) {
		steadywire_client *client = client_for(url);
		OK(steadywire_client_on(client, STEADYWIRE_EVENT_ANY, on_event, NULL, on_end, NULL));
		OK(steadywire_client_connect(client, Z("t"), NULL, NULL, NULL));
	}
}

int main(int count, char **arguments)
{
	CHECK(count == 3);
	if (!UNDER_ADDRESS_SANITIZER)
		fork_and_go_on(arguments[1]);
	sigpipe(arguments[2]);
	leave_alive(arguments[1]);
	return 0;
}
