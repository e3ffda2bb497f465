/* What pidstatd shows by HTTP: its counters, and that it is there. */
#ifndef FARMLOCK_HTTP_PID_SOURCE_H
#define FARMLOCK_HTTP_PID_SOURCE_H

#include "http.h"
#include "pidstat.h"

/* The caller's, and filled in by it; it lives as long as the service. */
struct pid_source {
    const struct pidstat_server *server;
    struct http_service *service;
    int64_t started_ms; /* since 1970 */
};

/* For http_create(). */
struct http_source pid_source_of_http(struct pid_source *source);

#endif
