/* What pidstatd can be told. */
#ifndef FARMLOCK_PIDSTATD_OPTIONS_H
#define FARMLOCK_PIDSTATD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "config/options.h"
#include "http_option.h"
#include "privileges.h"

enum { PIDSTATD_RANGES_MAX = 64 };

struct pidstatd_options {
    const char *host, *port, *pid_file; /* NULL: nothing was said of it */
    struct privileges privileges;       /* of the user that was named */
    size_t max_watches;
    const char *allow[PIDSTATD_RANGES_MAX];
    size_t allow_count;
    struct http_option http;
    bool debug, background;
    struct conf_options_asked asked;
};

/* For conf_options_begin(), which sets a struct pidstatd_options. */
extern struct conf_options pidstatd_told;

#endif
