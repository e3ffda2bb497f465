/* Answers of HTTP: their headers, and texts that several are sent at once. */
#ifndef FARMLOCK_HTTP_RESPOND_H
#define FARMLOCK_HTTP_RESPOND_H

#include <stdbool.h>

#include "shared_text.h"

struct evhttp_request;

/* What every answer has: that nobody is to guess its type, show it in a frame or keep it, and that
 * nothing of it is a script. */
void respond_add_headers(struct evhttp_request *request, const char *type, const char *policy);

/* Sends a text, of which it takes one use.  Where the visitor has that version it is told so. */
void respond_text(struct evhttp_request *request, int status, const char *type, const char *policy,
                  struct shared_text *text);

/* Sends one line of plain text; `allow` is a header where it is not NULL. */
void respond_line(struct evhttp_request *request, int status, const char *line);

/* Whether the visitor wants no body. */
bool respond_is_head(struct evhttp_request *request);

#endif
