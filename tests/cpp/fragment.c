#include <poll.h>
#include <stdio.h>
#include <steadywire.h>

void fragment(steadywire_client *client, const steadywire_event *event);

void fragment(steadywire_client *client, const steadywire_event *event) {
    (void)client;
    (void)event;
    /* @BLOCK@ */
}
