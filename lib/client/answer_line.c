/* Takes lines off what a server has said.
 * Must not know what they mean, but of the short ones, and that two may be one row of the history.
 */
#include "answer_line.h"

#include <string.h>

#include "base/number.h"

static const char past_prefix[] = "past ", by_prefix[] = "by ";

static bool begins_with(const char *bytes, size_t len, const char *prefix)
{
    size_t prefix_len = strlen(prefix);

    return len >= prefix_len && memcmp(bytes, prefix, prefix_len) == 0;
}

/* Only a line of the history may have all names of a demand in it. */
static size_t line_max(const char *line, size_t len)
{
    return begins_with(line, len, past_prefix) ? ANSWER_PAST_MAX : ANSWER_LINE_MAX;
}

/* Takes a whole line off the input, behind what was taken, as a string; NULL when there is none. */
static char *take_line(struct answer_parser *parser)
{
    size_t left = parser->in.len - parser->taken;
    char *line = left == 0 ? NULL : parser->in.data + parser->taken;
    char *newline = left == 0 ? NULL : memchr(line, '\n', left);
    size_t len = newline != NULL ? (size_t)(newline - line) : left;

    if (left == 0)
        return NULL;
    parser->bad = len > line_max(line, left);
    if (newline == NULL || parser->bad)
        return NULL;
    parser->taken += len + 1;
    if (len > 0 && line[len - 1] == '\r')
        len--;
    line[len] = '\0';
    /* A NUL in a line would hide what is behind it. */
    if (strlen(line) != len) {
        parser->bad = true;
        return NULL;
    }
    return line;
}

/* Whether there is a row of the history, but nothing yet of the line behind it that may tell who it
 * was, or not all. */
static bool is_half_row(const struct answer_parser *parser)
{
    const char *bytes = parser->in.data, *end, *newline;

    if (parser->state != ANSWER_IDLE || parser->in.len == 0 ||
        !begins_with(bytes, parser->in.len, past_prefix))
        return false;
    end = bytes + parser->in.len;
    newline = memchr(bytes, '\n', parser->in.len);
    if (newline == NULL || newline - bytes > ANSWER_PAST_MAX)
        return false;
    newline++;
    return end - newline <= ANSWER_LINE_MAX &&
           memchr(newline, '\n', (size_t)(end - newline)) == NULL;
}

char *answer_line_take(struct answer_parser *parser)
{
    return is_half_row(parser) ? NULL : take_line(parser);
}

char *answer_line_take_by(struct answer_parser *parser)
{
    size_t left = parser->in.len - parser->taken;
    char *line;

    if (left == 0 || !begins_with(parser->in.data + parser->taken, left, by_prefix))
        return NULL;
    line = take_line(parser);
    return line != NULL ? line + sizeof by_prefix - 1 : NULL;
}

void answer_line_split(char *line, struct answer_words *words)
{
    for (size_t i = 0; i < ANSWER_WORDS_MAX; i++) {
        line += strspn(line, " \t");
        words->word[i] = line;
        line += strcspn(line, " \t");
        if (*line != '\0')
            *line++ = '\0';
    }
}

const char *answer_line_behind_word(const char *line)
{
    line += strcspn(line, " \t");
    return line + strspn(line, " \t");
}

bool answer_line_has_word(const char *line, const char *word)
{
    size_t len = strlen(word);

    return strncmp(line, word, len) == 0 && (line[len] == '\0' || strchr(" \t", line[len]) != NULL);
}

enum answer_kind answer_line_short_kind(const char *word)
{
    static const struct {
        const char *word;
        enum answer_kind kind;
    } kinds[] = {
        {"print_waiting", ANSWER_WAITING},
        {"would", ANSWER_WOULD},
        {"seat", ANSWER_SEAT},
        {"print_obtained", ANSWER_OBTAINED},
        {"print_broke", ANSWER_BROKE},
        {"cluster", ANSWER_CLUSTER},
    };

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(word, kinds[i].word) == 0)
            return kinds[i].kind;
    }
    return ANSWER_NONE;
}

bool answer_line_parse_ms(const char *word, int64_t *ms)
{
    uint64_t number;

    if (number_parse(word, UINT64_C(1) << 60, &number) != 0)
        return false;
    *ms = (int64_t)number;
    return true;
}
