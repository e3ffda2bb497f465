/* What pidstatd shows by HTTP, made in its loop.
 * Must not look at processes. */
#include "pid_source.h"

#include "exposition.h"
#include "http_metrics.h"
#include "shared_text.h"

enum { OK = 200 };

static void write_numbers(const struct pid_source *source, struct exposition *to)
{
    const struct exposition_label version = {"version", FARMLOCK_VERSION};
    struct pidstat_server_stats stats;

    pidstat_server_stats(source->server, &stats);
    exposition_begin(to, "pidstatd_build", EXPOSITION_INFO, NULL, "Which pidstatd this is.");
    exposition_add(to, &version, 1, 1);
    exposition_gauge_ms(to, "pidstatd_start_time_seconds", "When it was started, since 1970.",
                        source->started_ms);
    exposition_counter(to, "pidstatd_questions", "Questions about processes.", stats.questions);
    exposition_counter(to, "pidstatd_answers", "Datagrams that were sent.", stats.answers);
    exposition_counter(to, "pidstatd_malformed", "Datagrams that were none of the protocol.",
                       stats.malformed);
    exposition_counter(to, "pidstatd_denied", "Datagrams from addresses that may not ask.",
                       stats.denied);
    exposition_gauge(to, "pidstatd_watches", "Processes that are watched.", stats.watches);
    exposition_counter(to, "pidstatd_watches_refused", "Watches for which there was no room.",
                       stats.refused);
    exposition_counter(to, "pidstatd_ends_told", "Ends of watched processes that were told.",
                       stats.watched);
}

static void answer(void *context, struct http_call *call)
{
    const struct pid_source *source = context;
    struct buffer text = {0};
    struct exposition to = {.out = &text, .is_open_metrics = call->is_open_metrics};
    struct http_stats http;

    if (call->what == HTTP_METRICS) {
        http_stats(source->service, &http);
        write_numbers(source, &to);
        http_metrics_add(&to, "pidstatd", &http);
        exposition_end(&to);
    } else {
        buffer_add_text(&text, "ok\n");
    }
    http_answer(call, OK, shared_text_take(&text));
}

struct http_source pid_source_of_http(struct pid_source *source)
{
    return (struct http_source){
        .answer = answer, .context = source, .has = 1U << HTTP_HEALTH | 1U << HTTP_METRICS};
}
