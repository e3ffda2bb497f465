/* The history of a lock server, for HTTP: parts of it, as rows of JSON. */
#ifndef FARMLOCK_HTTP_PAST_SOURCE_H
#define FARMLOCK_HTTP_PAST_SOURCE_H

#include <sys/queue.h>

#include "http.h"

struct ipclocker_server;

LIST_HEAD(past_asks, past_ask);

struct past_source {
    struct ipclocker_server *server;
    struct past_asks asks;
};

/* Answers a call for a part of the history, later: its text has a row a line, with commas between
 * them. */
void past_source_answer(struct past_source *source, struct http_call *call);

void past_source_fini(struct past_source *source);

#endif
