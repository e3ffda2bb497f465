/* Reports the end of a lock's owner to a server, which asks its clients to look.
 * Must not use a connection that waits at a classic server: what is sent there is read after the
 * grant. */
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

enum {
    REPORT_MS = 3000,
    REPORT_MAX_BYTES = 65536,
    ASK_AGAIN_MAX = 16, /* as often, one that had it has ended before we could ask for it */
};

static void report_to_classic(struct ipclocker *lock, struct buffer *out, const char *hostname,
                              uint64_t pid)
{
    buffer_add_text(out, "DEAD_PID ");
    buffer_add_text(out, hostname);
    buffer_add(out, " ", 1);
    buffer_add_number(out, pid);
    buffer_add(out, "\n", 1);
    if (out != &lock->report.out || lock->report.fd >= 0)
        return;
    lock->report.fd = client_connection_open(client_connection_address(lock));
    lock->report.deadline_ms = clock_now_ms() + REPORT_MS;
}

/* In a container the same pid can be another's whose host has the same name. */
static void check_for_classic(struct ipclocker *lock, const struct answer *check)
{
    /* Who does not wait can say it where it is asking: it is read before the next LOCK. */
    struct buffer *out = lock->set.block ? &lock->report.out : &lock->connection.out;

    if (lock->set.is_elsewhere || process_namespace_is_container(process_pid_namespace()) ||
        strcasecmp(check->text, client_parameters_hostname(lock)) != 0 ||
        out->len > REPORT_MAX_BYTES || process_lookup((pid_t)check->number, 0) != PIDSTAT_GONE)
        return;
    lock->report.is_news = true;
    report_to_classic(lock, out, check->text, check->number);
}

/* Ours names the start to those only who share boot and pid namespace with the process. */
static void check_for_ours(struct ipclocker *lock, const struct answer *check)
{
    struct buffer *out = &lock->connection.out;

    if (check->start == 0 || process_lookup((pid_t)check->number, check->start) != PIDSTAT_GONE)
        return;
    lock->report.is_news = true;
    buffer_add_text(out, "DEAD_PROCESS ");
    buffer_add_number(out, check->number);
    buffer_add(out, " ", 1);
    buffer_add_number(out, check->start);
    buffer_add(out, "\n", 1);
}

void client_death_report_check(struct ipclocker *lock, const struct answer *check)
{
    if (check->number == 0)
        return;
    if (lock->connection.dialect == DIALECT_CLASSIC)
        check_for_classic(lock, check);
    else
        check_for_ours(lock, check);
}

bool client_death_report_helps(struct ipclocker *lock)
{
    bool helps = lock->report.is_news && lock->report.asked_again < ASK_AGAIN_MAX;

    lock->report.is_news = false;
    lock->report.asked_again += helps;
    return helps;
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
