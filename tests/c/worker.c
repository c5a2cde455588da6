/* A worker whose server is killed while it works: its end arrives at the one that comes after it. */
#include "check.h"

static void wait_for(const char *word)
{
	char line[100];
	CHECK(fgets(line, sizeof line, stdin) != NULL);
	line[strcspn(line, "\n")] = 0;
	SAME(line, word);
}

static void say(const char *word)
{
	puts(word);
	fflush(stdout);
}

int main(int count, char **arguments)
{
	steadywire_client *client;
	steadywire_reporter *reporter;
	steadywire_receipt *receipt;
	CHECK(count == 2);
	client = client_for(arguments[1]);
	OK(steadywire_client_report(client, Z("work"), &reporter));
	OK(steadywire_reporter_progress(reporter, 10, Z("begin"), Z("")));
	OK(steadywire_client_flush_wait(client, PATIENCE_MS));
	say("begun");
	wait_for("killed");
	OK(steadywire_reporter_progress(reporter, 90, Z("end"), Z("")));
	IS(STEADYWIRE_TIMEOUT, steadywire_reporter_complete_wait(reporter, Z("{\"ok\":true}"), 50, &receipt));
	say("completed");
	wait_for("restarted");
	/* The answer to the end is one of those that a flush waits for. */
	OK(steadywire_client_flush_wait(client, PATIENCE_MS));
	HOLDS(steadywire_client_stats_json(client, NULL), "\"acked\":1");
	steadywire_reporter_free(reporter);
	OK(steadywire_client_disconnect_wait(client, PATIENCE_MS));
	steadywire_client_free(client);
	return 0;
}
