/* The options of a daemon that shows something by HTTP. */
#ifndef FARMLOCK_HTTP_OPTION_H
#define FARMLOCK_HTTP_OPTION_H

#include <stdbool.h>
#include <stddef.h>

enum { HTTP_PLACES_MAX = 8, HTTP_NAMES_MAX = 32 };

struct http_option {
    const char *places[HTTP_PLACES_MAX]; /* none: nothing is shown */
    size_t place_count;
    const char *names[HTTP_NAMES_MAX];
    size_t name_count;
    bool tells_users;
    const char *page; /* the file to show at "/"; NULL: the one beside the program */
};

/* Take an argument of --http and --http-name.  Return 0, or the status to exit with behind a
 * message. */
int http_option_take(const char *program, const char *argument, struct http_option *option);
int http_option_take_name(const char *program, const char *argument, struct http_option *option);

#endif
