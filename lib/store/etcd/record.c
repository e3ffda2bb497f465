/* The values of the two keys that all lockerd of a farm share, as text.
 * Must not know what is decided by them. */
#include "record.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/number.h"

/* A takeover of an hour is nobody's: what is reckoned with it has room. */
enum { VALUE_MOST = 4096, SEQ_NUMBERS = 7, TAKEOVER_MOST_MS = 3600000 };

static int refuse(void)
{
    errno = EPROTO;
    return -1;
}

static void add_word(struct buffer *out, const char *word, const char *text)
{
    buffer_add_text(out, word);
    buffer_add_text(out, " ");
    buffer_add_text(out, text);
    buffer_add_text(out, "\n");
}

static void add_number(struct buffer *out, const char *word, uint64_t number)
{
    buffer_add_text(out, word);
    buffer_add_text(out, " ");
    buffer_add_number(out, number);
    buffer_add_text(out, "\n");
}

void etcd_leader_write(const struct etcd_leader *leader, struct buffer *out)
{
    buffer_drop(out, out->len);
    add_number(out, "layout", leader->layout);
    add_number(out, "term", leader->term);
    add_word(out, "instance", leader->instance);
    add_word(out, "cluster", leader->cluster);
    add_word(out, "host", leader->host);
    add_word(out, "listens", leader->listens);
    add_word(out, "version", leader->version);
    add_number(out, "since", (uint64_t)leader->since_ms);
    add_number(out, "takeover", (uint64_t)leader->takeover_ms);
    if (leader->accepted > 0)
        add_number(out, "accepted", leader->accepted);
}

/* One word of the leader's and what stands behind it.  Returns -1 where that cannot be. */
static int take_word(struct etcd_leader *leader, const char *word, const char *text)
{
    const struct {
        const char *word;
        char *text; /* or NULL */
        size_t size;
        uint64_t *number;
        uint64_t most;
    } words[] = {
        {"layout", NULL, 0, &leader->layout, INT64_MAX},
        {"term", NULL, 0, &leader->term, INT64_MAX},
        {"instance", leader->instance, sizeof leader->instance, NULL, 0},
        {"cluster", leader->cluster, sizeof leader->cluster, NULL, 0},
        {"host", leader->host, sizeof leader->host, NULL, 0},
        {"listens", leader->listens, sizeof leader->listens, NULL, 0},
        {"version", leader->version, sizeof leader->version, NULL, 0},
        {"since", NULL, 0, (uint64_t *)&leader->since_ms, INT64_MAX},
        {"takeover", NULL, 0, (uint64_t *)&leader->takeover_ms, TAKEOVER_MOST_MS},
        {"accepted", NULL, 0, &leader->accepted, INT64_MAX},
    };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(word, words[i].word) != 0)
            continue;
        if (words[i].text == NULL)
            return number_parse(text, words[i].most, words[i].number);
        if (strlen(text) >= words[i].size)
            return -1;
        memcpy(words[i].text, text, strlen(text) + 1);
        return 0;
    }
    return 0;
}

/* Returns a copy with a 0 behind it, for the caller to free(3); NULL with errno where it is too
 * long, or has one inside. */
static char *copy_value(struct etcd_bytes value)
{
    char *text;

    if (value.len > VALUE_MOST || (value.len > 0 && memchr(value.data, 0, value.len) != NULL)) {
        refuse();
        return NULL;
    }
    text = calloc(1, value.len + 1);
    if (text != NULL && value.len > 0)
        memcpy(text, value.data, value.len);
    return text;
}

int etcd_leader_read(struct etcd_bytes value, struct etcd_leader *leader)
{
    char *text = copy_value(value), *rest = text, *line;
    struct etcd_leader read = {0};
    int result = 0;

    while (text != NULL && result == 0 && (line = strsep(&rest, "\n")) != NULL) {
        const char *word = strsep(&line, " ");

        if (line != NULL)
            result = take_word(&read, word, line);
    }
    if (text == NULL || result != 0 || read.layout == 0) {
        free(text);
        return refuse();
    }
    free(text);
    *leader = read;
    return 0;
}

void etcd_seq_write(const struct etcd_seq *seq, struct buffer *out)
{
    const uint64_t numbers[SEQ_NUMBERS] = {
        seq->layout,           seq->term,    seq->n, seq->next_ticket, seq->next_token,
        (uint64_t)seq->now_ms, seq->history,
    };

    buffer_drop(out, out->len);
    for (int i = 0; i < SEQ_NUMBERS; i++) {
        if (i > 0)
            buffer_add_text(out, " ");
        buffer_add_number(out, numbers[i]);
    }
}

int etcd_seq_read(struct etcd_bytes value, struct etcd_seq *seq)
{
    char *text = copy_value(value), *rest = text, *word;
    uint64_t numbers[SEQ_NUMBERS];
    int count = 0;

    while (text != NULL && count < SEQ_NUMBERS && (word = strsep(&rest, " ")) != NULL &&
           number_parse(word, INT64_MAX, &numbers[count]) == 0)
        count++;
    free(text);
    if (count < SEQ_NUMBERS && !(count > 0 && numbers[0] > ETCD_LAYOUT))
        return refuse();
    for (int i = count; i < SEQ_NUMBERS; i++)
        numbers[i] = 0;
    *seq = (struct etcd_seq){numbers[0], numbers[1],          numbers[2], numbers[3],
                             numbers[4], (int64_t)numbers[5], numbers[6]};
    return 0;
}
