/* What each service tells of itself among its numbers. */
#ifndef FARMLOCK_HTTP_HTTP_METRICS_H
#define FARMLOCK_HTTP_HTTP_METRICS_H

#include "exposition.h"
#include "http.h"

/* `program` begins the families' names. */
void http_metrics_add(struct exposition *to, const char *program, const struct http_stats *stats);

#endif
