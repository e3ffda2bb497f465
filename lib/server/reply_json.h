/* The JSON list. */
#ifndef FARMLOCK_SERVER_REPLY_JSON_H
#define FARMLOCK_SERVER_REPLY_JSON_H

#include "server.h"

/* Answers LIST_JSON.  Without memory it closes the connection. */
void reply_json_list(struct conn *conn);

#endif
