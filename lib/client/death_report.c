/* Reports the end of a lock's owner to a classic server, which asks its clients to look.
 * Must not use the connection that waits: what is sent there is read after the grant. */
#include "death_report.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/descriptor.h"
#include "connection.h"
#include "parameters.h"
#include "process/process.h"

enum { REPORT_MS = 3000, REPORT_MAX_BYTES = 65536 };

void client_death_report_check(struct ipclocker *lock, const char *hostname, pid_t pid)
{
    struct buffer *out = &lock->report.out;

    if (pid <= 0 || strcasecmp(hostname, client_parameters_hostname(lock)) != 0 ||
        out->len > REPORT_MAX_BYTES || process_lookup(pid, 0) != PIDSTAT_GONE)
        return;
    buffer_add_text(out, "DEAD_PID ");
    buffer_add_text(out, hostname);
    buffer_add(out, " ", 1);
    buffer_add_number(out, (uint64_t)pid);
    buffer_add(out, "\n", 1);
    if (lock->report.fd >= 0)
        return;
    lock->report.fd = client_connection_open(client_connection_address(lock));
    lock->report.deadline_ms = clock_now_ms() + REPORT_MS;
}

void client_death_report_end(struct ipclocker *lock)
{
    descriptor_close(lock->report.fd);
    lock->report.fd = -1;
    buffer_fini(&lock->report.out);
}

void client_death_report_step(struct ipclocker *lock)
{
    struct client_death_report *report = &lock->report;

    while (report->fd >= 0 && report->out.len > 0) {
        ssize_t sent = send(report->fd, report->out.data, report->out.len, MSG_NOSIGNAL);

        if (sent > 0) {
            buffer_drop(&report->out, (size_t)sent);
        } else if (errno == EAGAIN && clock_now_ms() < report->deadline_ms) {
            return;
        } else {
            break;
        }
    }
    if (report->fd >= 0)
        client_death_report_end(lock);
}
