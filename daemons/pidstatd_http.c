/* The service of HTTP beside the server of pidstatd.
 * Must not know what it shows. */
#include "pidstatd_http.h"

#include <errno.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/error_text.h"
#include "cli/message.h"
#include "http/http.h"
#include "http/pid_source.h"
#include "log.h"

static struct pid_source self; /* without a service where none was asked for */

int pidstatd_http_listen(const struct http_option *option, const struct pidstat_server *server)
{
    struct http_source source = pid_source_of_http(&self);
    char error[HTTP_ERROR_SIZE];

    if (option->place_count == 0)
        return 0;
    self = (struct pid_source){.server = server, .started_ms = clock_wall_ms()};
    self.service = http_create(&source);
    if (self.service == NULL)
        return cli_error("pidstatd", EX_OSERR, "%s", error_text(errno));
    http_set_names(self.service, option->names, option->name_count);
    for (size_t i = 0; i < option->place_count; i++) {
        if (http_listen(self.service, option->places[i], error) != 0)
            return cli_error("pidstatd", errno == EINVAL ? EX_USAGE : EX_OSERR, "%s", error);
    }
    return 0;
}

int pidstatd_http_set_allow(const char *const *ranges, size_t count)
{
    return self.service != NULL ? http_set_allow(self.service, ranges, count) : 0;
}

int pidstatd_http_start(struct event_base *base)
{
    if (self.service == NULL)
        return 0;
    if (http_start(self.service, base) != 0)
        return -1;
    log_line(LOG_INFO, "shows its numbers by HTTP at port %u", (unsigned)http_port(self.service));
    return 0;
}

void pidstatd_http_stop(void)
{
    http_destroy(self.service);
    self.service = NULL;
}
