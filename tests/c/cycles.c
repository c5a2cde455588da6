/* Clients come and go a hundred times, in every way: what they took is given back. Run under valgrind too. */
#include "check.h"

#include <dirent.h>

static void on_event(const steadywire_event *event, void *user_data)
{
	(void)event;
	(void)user_data;
}

static void on_done(steadywire_status status, const char *message, void *user_data)
{
	(void)status;
	(void)message;
	(void)user_data;
}

static int entries(const char *path)
{
	int count = 0;
	DIR *directory = opendir(path);
	CHECK(directory != NULL);
	while (readdir(directory) != NULL)
		count++;
	closedir(directory);
	return count;
}

static void cycle(const char *url, int round)
{
	int drops = 0;
	steadywire_config *config = options(url);
	steadywire_client *client;
	steadywire_message *message;
	steadywire_follow *follow = NULL;
	steadywire_reporter *reporter = NULL;
	OK(steadywire_config_set_dispatch(config, round % 2 ? STEADYWIRE_DISPATCH_POLL : STEADYWIRE_DISPATCH_THREAD));
	client = client_with(config);
	OK(steadywire_client_on(client, STEADYWIRE_EVENT_ANY, on_event, &drops, count_up, NULL));
	OK(steadywire_client_connect_wait(client, Z("t"), PATIENCE_MS));
	OK(steadywire_message_new_progress(Z("t"), round, &message));
	OK(steadywire_client_send(client, message, NULL, NULL, NULL));
	steadywire_message_free(message);
	if (round % 3 == 0) {
		OK(steadywire_client_follow(client, Z("f"), &follow));
		OK(steadywire_client_report(client, Z("r"), &reporter));
	}
	OK(steadywire_client_flush(client, on_done, &drops, count_up));
	if (round % 5 == 0)
		OK(steadywire_client_disconnect_wait(client, PATIENCE_MS));
	if (round % 7 == 0)
		steadywire_reporter_free(reporter);
	OK(steadywire_client_close_wait(client, PATIENCE_MS));
	CHECK(count_of(&drops) == 2);
	steadywire_client_free(client);
	steadywire_follow_free(follow);
	if (round % 7 != 0)
		steadywire_reporter_free(reporter);
}

int main(int count, char **arguments)
{
	int round, descriptors;
	CHECK(count == 2);
	cycle(arguments[1], 0);
	descriptors = entries("/proc/self/fd");
	for (round = 1; round <= 100; round++)
		cycle(arguments[1], round);
	CHECK(entries("/proc/self/fd") <= descriptors);
	CHECK(entries("/proc/self/task") < 40);
	return 0;
}
