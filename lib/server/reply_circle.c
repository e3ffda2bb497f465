/* Who waits for whom, where that goes round.
 * Must not look for it again and again for who has only just begun to wait. */
#include "reply_circle.h"

#include "context.h"

/* Most waits are short, and none of those is for ever. */
enum { STEPS_TOLD = 8, YOUNG_MS = 200 };

static void add_word(struct conn *conn, const char *word)
{
    buffer_add(&conn->out.bytes, " ", 1);
    buffer_add_text(&conn->out.bytes, word);
}

void reply_circle_steps(struct conn *conn, const struct lock_wait_step *steps, size_t count)
{
    buffer_add_text(&conn->out.bytes, "circle");
    for (size_t i = 0; i < count; i++) {
        add_word(conn, steps[i].name);
        add_word(conn, steps[i].by->owner);
    }
    buffer_add(&conn->out.bytes, "\n", 1);
}

void reply_circle(struct conn *conn, const struct lock_request *request)
{
    struct lock_wait_step steps[STEPS_TOLD];
    size_t count = 0;

    if (context_now_ms(conn->server) - request->asked_ms >= YOUNG_MS)
        count = lock_table_find_circle(request, steps, STEPS_TOLD);
    if (count > 0)
        reply_circle_steps(conn, steps, count);
}
