/* The service of HTTP beside the lock server.
 * Must not know what it shows. */
#include "lockerd_http.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/error_text.h"
#include "cli/message.h"
#include "http/http.h"
#include "http/lock_source.h"
#include "log.h"

/* One a process, as there is one server. */
static struct {
    struct http_service *service; /* NULL: none was asked for */
    struct lock_source *source;
} self;

/* Where the page is beside a program that is installed, or was just built. */
static bool read_usual_page(void)
{
    static const char *const places[] = {"share/farmlock/dashboard/index.html",
                                         "share/dashboard/index.html"};
    char program[PATH_MAX], path[PATH_MAX + 64];
    ssize_t len = readlink("/proc/self/exe", program, sizeof program - 1);

    program[len > 0 ? len : 0] = '\0';
    for (int i = 0; i < 2 && strrchr(program, '/') != NULL; i++)
        *strrchr(program, '/') = '\0';
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        snprintf(path, sizeof path, "%s/%s", program, places[i]);
        if (http_set_page(self.service, path) == 0)
            return true;
    }
    return false;
}

void lockerd_http_read_page(const struct http_option *option)
{
    if (self.service == NULL)
        return;
    if (option->page == NULL && !read_usual_page())
        log_line(LOG_WARNING,
                 "HTTP shows no page: there is none in share/farmlock/dashboard beside "
                 "this program; name one with --http-page");
    else if (option->page != NULL && http_set_page(self.service, option->page) != 0)
        log_line(LOG_ERR, "cannot read the page %s: %s", option->page, error_text(errno));
}

int lockerd_http_listen(const struct http_option *option, struct ipclocker_server *server)
{
    char error[HTTP_ERROR_SIZE];
    struct http_source source;

    if (option->place_count == 0)
        return 0;
    self.source = lock_source_create(server);
    if (self.source == NULL)
        return cli_error("lockerd", EX_OSERR, "%s", error_text(errno));
    if (option->tells_users)
        lock_source_tell_users(self.source);
    source = lock_source_of_http(self.source);
    self.service = http_create(&source);
    if (self.service == NULL)
        return cli_error("lockerd", EX_OSERR, "%s", error_text(errno));
    http_set_names(self.service, option->names, option->name_count);
    for (size_t i = 0; i < option->place_count; i++) {
        if (http_listen(self.service, option->places[i], error) != 0)
            return cli_error("lockerd", errno == EINVAL ? EX_USAGE : EX_OSERR, "%s", error);
    }
    return 0;
}

void lockerd_http_set_allow(const char *const *ranges, size_t count)
{
    if (self.service != NULL && http_set_allow(self.service, ranges, count) != 0)
        log_line(LOG_ERR, "whom to serve by HTTP stays as it was: %s", error_text(errno));
}

const char *lockerd_http_start(struct event_base *base)
{
    if (self.service == NULL)
        return NULL;
    if (lock_source_start(self.source, self.service, base) != 0 ||
        http_start(self.service, base) != 0)
        return error_text(errno);
    log_line(LOG_INFO, "shows its numbers by HTTP at port %u", (unsigned)http_port(self.service));
    if (http_is_exposed(self.service))
        log_line(LOG_WARNING,
                 "HTTP is served beyond this machine: whoever reaches it sees locks and "
                 "their owners; --allow says who may, --private what is told");
    return NULL;
}

void lockerd_http_stop(void)
{
    http_destroy(self.service);
    lock_source_destroy(self.source);
    self.service = NULL;
    self.source = NULL;
}
