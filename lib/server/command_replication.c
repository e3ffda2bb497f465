/* What a server whose state others share tells of that.
 * Must not wait for a commit: who asks wants to know why there is none. */
#include "command_replication.h"

#include "figures.h"
#include "list/json_line.h"
#include "pass.h"
#include "server.h"

enum { US_PER_MS = 1000, HALF = 50, MOST = 99 };

/* The end of the class in which so many of a hundred are, in milliseconds, rounded up. */
static int64_t percentile_ms(const struct figures_times *times, uint64_t count, uint64_t percent)
{
    uint64_t so_far = 0;

    for (unsigned i = 0; i < FIGURES_TIME_CLASSES; i++) {
        so_far += times->classes[i];
        if (so_far * 100 >= count * percent)
            return ((INT64_C(1) << i) + US_PER_MS - 1) / US_PER_MS;
    }
    return 0;
}

static void add_commits(struct buffer *out, const struct figures_times *times)
{
    uint64_t count = figures_times_count(times);
    struct json_line line = json_line_begin(out);

    json_line_number(&line, "count", count);
    if (count > 0) {
        json_line_seconds(&line, "half_within", percentile_ms(times, count, HALF));
        json_line_seconds(&line, "most_within", percentile_ms(times, count, MOST));
    }
    json_line_end(&line);
}

static void add_standbys(struct buffer *out, const struct store_outlook *outlook)
{
    buffer_add_text(out, "[");
    for (size_t i = 0; i < outlook->standby_count; i++) {
        const struct store_lockerd *one = &outlook->standbys[i];
        struct json_line line;

        if (i > 0)
            buffer_add_text(out, ",");
        line = json_line_begin(out);
        json_line_text(&line, "host", one->host);
        json_line_text(&line, "listens", one->listens);
        json_line_text(&line, "version", one->version);
        json_line_time(&line, "seen", one->at_ms);
        json_line_end(&line);
    }
    buffer_add_text(out, "]");
}

static void add_etcd(struct buffer *out, const struct store_outlook *outlook)
{
    struct json_line line = json_line_begin(out);

    json_line_text(&line, "member", outlook->etcd.member);
    if (outlook->etcd.is_known) {
        json_line_text(&line, "version", outlook->etcd.version);
        json_line_known(&line, "bytes", (uint64_t)outlook->etcd.bytes);
        json_line_known(&line, "bytes_in_use", (uint64_t)outlook->etcd.bytes_in_use);
        json_line_known(&line, "quota_bytes", (uint64_t)outlook->etcd.quota_bytes);
        json_line_text(&line, "errors", outlook->etcd.errors);
    }
    json_line_end(&line);
}

static void write_json(const struct ipclocker_server *server, const struct store_outlook *outlook,
                       struct buffer *out)
{
    struct json_line line = json_line_begin(out);

    json_line_text(&line, "role", outlook->leads ? "leads" : "stands by");
    json_line_text(&line, "host", outlook->leader.host);
    json_line_text(&line, "listens", outlook->leader.listens);
    json_line_time(&line, "since", outlook->leader.at_ms);
    json_line_number(&line, "term", outlook->term);
    json_line_seconds(&line, "takeover", outlook->takeover_ms);
    if (outlook->confirmed_ago_ms >= 0)
        json_line_seconds(&line, "confirmed_ago", outlook->confirmed_ago_ms);
    json_line_key(&line, "commits");
    add_commits(out, &server->counts.commit);
    json_line_key(&line, "standbys");
    add_standbys(out, outlook);
    json_line_key(&line, "etcd");
    add_etcd(out, outlook);
    json_line_end(&line);
}

void command_replication(struct conn *conn, char *args)
{
    struct store_outlook outlook;
    struct buffer text = {0};

    (void)args;
    if (!store_outlook(conn->server->state.store, &outlook))
        return;
    write_json(conn->server, &outlook, &text);
    if (!text.failed) {
        buffer_add_text(&conn->out.bytes, "json ");
        buffer_add_number(&conn->out.bytes, text.len);
        buffer_add_text(&conn->out.bytes, "\n");
        buffer_add(&conn->out.bytes, text.data, text.len);
        buffer_add_text(&conn->out.bytes, "\n");
    }
    buffer_fini(&text);
    pass_mark_dirty(conn);
}
