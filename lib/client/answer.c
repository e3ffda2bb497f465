/* Parses the answers of a lock server, line by line.
 * Must not trust them: everything is bounded, and what is malformed ends the conversation. */
#include "answer.h"

#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "older_server.h"
#include "past_line.h"

enum { WORDS_MAX = 6 };

/* A line's words, ended by NULs in place; those that are not there are "". */
struct words {
    const char *word[WORDS_MAX];
};

static const char past_prefix[] = "past ";

enum line_result { LINE_MORE, LINE_ANSWER, LINE_BAD };

static const char *string_at(const struct answer_parser *parser, size_t at)
{
    return parser->strings.data == NULL ? "" : parser->strings.data + at;
}

static void drop_taken(struct answer_parser *parser)
{
    buffer_drop(&parser->in, parser->taken);
    parser->taken = 0;
}

void answer_parser_fini(struct answer_parser *parser)
{
    buffer_fini(&parser->in);
    buffer_fini(&parser->strings);
    buffer_fini(&parser->name_strings);
    free(parser->names);
    *parser = (struct answer_parser){0};
}

bool answer_parser_feed(struct answer_parser *parser, const void *bytes, size_t len)
{
    drop_taken(parser);
    buffer_add(&parser->in, bytes, len);
    return !parser->in.failed;
}

const char *answer_parser_last_error(const struct answer_parser *parser)
{
    return parser->has_error ? string_at(parser, parser->error_at) : NULL;
}

/* What a server that sends no codes means is in its wording. */
enum error_code answer_parser_last_code(const struct answer_parser *parser)
{
    const char *error = answer_parser_last_error(parser);

    if (error == NULL)
        return ERROR_CODE_NONE;
    return parser->answer.code == ERROR_CODE_NONE ? older_server_code(error) : parser->answer.code;
}

/* Keeps a string; returns where, which stays right when the strings move. */
static size_t keep(struct buffer *strings, const char *text)
{
    size_t at = strings->len;

    buffer_add(strings, text, strlen(text) + 1);
    return at;
}

static void begin_answer(struct answer_parser *parser, enum answer_kind kind, const char *text)
{
    parser->answer = (struct answer){.kind = kind, .held_ms = -1};
    parser->blank_lines = 0;
    parser->has_error = false;
    buffer_fini(&parser->strings);
    buffer_fini(&parser->name_strings);
    parser->text_at = keep(&parser->strings, text);
    parser->lock_at = parser->text_at;
}

static enum line_result keep_name(struct answer_parser *parser, const char *name)
{
    if (parser->name_strings.len > ANSWER_LIST_MAX)
        return LINE_BAD;
    keep(&parser->name_strings, name);
    parser->answer.name_count++;
    return LINE_MORE;
}

/* Completes the answer with pointers, now that its strings do not move any more. */
static bool finish_answer(struct answer_parser *parser)
{
    struct answer *answer = &parser->answer;
    char **names = realloc(parser->names, (answer->name_count + 1) * sizeof *names);
    char *next = parser->name_strings.data;

    if (names == NULL)
        return false;
    parser->names = names;
    if (parser->strings.failed || parser->name_strings.failed)
        return false;
    for (size_t i = 0; i < answer->name_count; i++) {
        names[i] = next;
        next += strlen(next) + 1;
    }
    answer->names = names;
    if (answer->text == NULL)
        answer->text = string_at(parser, parser->text_at);
    answer->lock = string_at(parser, parser->lock_at);
    answer->error = answer_parser_last_error(parser);
    answer->code = answer_parser_last_code(parser);
    parser->has_error = false;
    parser->state = ANSWER_IDLE;
    return true;
}

/* Splits a line into its first words. */
static void split(char *line, struct words *words)
{
    for (size_t i = 0; i < WORDS_MAX; i++) {
        line += strspn(line, " \t");
        words->word[i] = line;
        line += strcspn(line, " \t");
        if (*line != '\0')
            *line++ = '\0';
    }
}

/* What stands behind the first word of a line. */
static const char *behind_word(const char *line)
{
    line += strcspn(line, " \t");
    return line + strspn(line, " \t");
}

static bool has_word(const char *line, const char *word)
{
    size_t len = strlen(word);

    return strncmp(line, word, len) == 0 && (line[len] == '\0' || strchr(" \t", line[len]) != NULL);
}

static enum line_result status_line(struct answer_parser *parser, const char *line)
{
    const char *rest = behind_word(line);

    if (has_word(line, "owner")) {
        parser->text_at = keep(&parser->strings, rest);
    } else if (has_word(line, "locked")) {
        parser->answer.locked = strcmp(rest, "1") == 0;
    } else if (has_word(line, "lockname")) {
        return keep_name(parser, rest);
    } else if (has_word(line, "token")) {
        if (number_parse(rest, UINT64_MAX, &parser->answer.number) != 0)
            return LINE_BAD;
    } else if (has_word(line, "error-code")) {
        parser->answer.code = error_code_parse(rest);
    } else if (has_word(line, "error")) {
        parser->error_at = keep(&parser->strings, rest);
        parser->has_error = true;
    }
    /* A status is a handful of short lines: more of them is no lock server. */
    return parser->strings.len > ANSWER_STATUS_MAX ? LINE_BAD : LINE_MORE;
}

static enum line_result list_line(struct answer_parser *parser, char *line)
{
    struct words words;

    split(line, &words);
    if (strcmp(words.word[0], "lock") != 0 || *words.word[1] == '\0')
        return LINE_BAD;
    if (keep_name(parser, words.word[1]) != LINE_MORE)
        return LINE_BAD;
    return keep_name(parser, words.word[2]);
}

static enum line_result version_line(struct answer_parser *parser, const struct words *words)
{
    begin_answer(parser, ANSWER_VERSION, words->word[1]);
    if (number_parse(words->word[2], INT64_MAX, &parser->answer.number) != 0)
        parser->answer.number = 0;
    parser->state = ANSWER_IN_VERSION;
    return LINE_MORE;
}

static enum line_result queue_line(struct answer_parser *parser, const struct words *words)
{
    uint64_t held_ms;

    begin_answer(parser, ANSWER_QUEUE, words->word[4]);
    if (number_parse(words->word[1], INT64_MAX, &parser->answer.number) != 0)
        return LINE_BAD;
    if (parser->answer.number == 0)
        return LINE_ANSWER;
    if (number_parse(words->word[2], INT64_MAX, &held_ms) == 0)
        parser->answer.held_ms = (int64_t)held_ms;
    parser->lock_at = keep(&parser->strings, words->word[3]);
    return LINE_ANSWER;
}

static enum line_result check_line(struct answer_parser *parser, const struct words *words)
{
    begin_answer(parser, ANSWER_CHECK, words->word[2]);
    parser->lock_at = keep(&parser->strings, words->word[1]);
    if (number_parse(words->word[3], INT32_MAX, &parser->answer.number) != 0)
        return LINE_BAD;
    if (number_parse(words->word[5], UINT64_MAX, &parser->answer.start) != 0)
        parser->answer.start = 0;
    return LINE_ANSWER;
}

static enum line_result number_line(struct answer_parser *parser, const struct words *words,
                                    enum answer_kind kind, uint64_t max)
{
    begin_answer(parser, kind, "");
    if (number_parse(words->word[1], max, &parser->answer.number) != 0)
        return LINE_BAD;
    return LINE_ANSWER;
}

static enum line_result json_line(struct answer_parser *parser, const struct words *words)
{
    enum line_result result = number_line(parser, words, ANSWER_JSON, ANSWER_JSON_MAX);

    if (result != LINE_ANSWER)
        return result;
    parser->state = ANSWER_IN_JSON;
    return LINE_MORE;
}

/* One that cannot be understood is passed over. */
static enum line_result past_line(struct answer_parser *parser, char *rest)
{
    begin_answer(parser, ANSWER_PAST, "");
    return past_line_parse(rest, &parser->answer.past) ? LINE_ANSWER : LINE_MORE;
}

static enum line_result short_line(struct answer_parser *parser, enum answer_kind kind,
                                   const char *text)
{
    begin_answer(parser, kind, text);
    return LINE_ANSWER;
}

/* A line that no answer is under way for.  Words that are not known are ignored, but for the
 * first of a connection: whoever says it is something else than a lock server. */
static enum line_result first_line(struct answer_parser *parser, char *line)
{
    struct words words;
    bool is_first = !parser->any_line;

    parser->any_line = true;
    if (has_word(line, "owner") || has_word(line, "locked") || has_word(line, "error-code") ||
        has_word(line, "error")) {
        begin_answer(parser, ANSWER_STATUS, "");
        parser->state = ANSWER_IN_STATUS;
        return status_line(parser, line);
    }
    if (has_word(line, "lock")) {
        begin_answer(parser, ANSWER_LIST, "");
        parser->state = ANSWER_IN_LIST;
        return list_line(parser, line);
    }
    if (strncmp(line, past_prefix, sizeof past_prefix - 1) == 0)
        return past_line(parser, line + sizeof past_prefix - 1);
    split(line, &words);
    if (strcmp(words.word[0], "print_waiting") == 0)
        return short_line(parser, ANSWER_WAITING, words.word[1]);
    if (strcmp(words.word[0], "print_obtained") == 0)
        return short_line(parser, ANSWER_OBTAINED, "");
    if (strcmp(words.word[0], "print_broke") == 0)
        return short_line(parser, ANSWER_BROKE, words.word[1]);
    if (strcmp(words.word[0], "autounlock_check") == 0)
        return check_line(parser, &words);
    if (strcmp(words.word[0], "queue") == 0)
        return queue_line(parser, &words);
    if (strcmp(words.word[0], "proto") == 0)
        return number_line(parser, &words, ANSWER_PROTO, 1000000);
    if (strcmp(words.word[0], "history") == 0)
        return number_line(parser, &words, ANSWER_HISTORY, INT64_MAX);
    if (strcmp(words.word[0], "ended") == 0)
        return number_line(parser, &words, ANSWER_ENDED, INT32_MAX);
    if (strcmp(words.word[0], "json") == 0)
        return json_line(parser, &words);
    if (strcmp(words.word[0], "version") == 0)
        return version_line(parser, &words);
    return is_first ? LINE_BAD : LINE_MORE;
}

/* Two empty lines end a status and a list, which may be empty; one ends a version. */
static enum line_result blank_line(struct answer_parser *parser)
{
    if (parser->state == ANSWER_IN_VERSION)
        return LINE_ANSWER;
    if (parser->state == ANSWER_IDLE) {
        begin_answer(parser, ANSWER_LIST, "");
        parser->state = ANSWER_IN_LIST;
        parser->any_line = true;
    }
    return ++parser->blank_lines == 2 ? LINE_ANSWER : LINE_MORE;
}

static enum line_result one_line(struct answer_parser *parser, char *line)
{
    if (*line == '\0')
        return blank_line(parser);
    /* A lone empty line was no list's end: what begins here is another answer. */
    if (parser->blank_lines == 1 && parser->answer.name_count == 0 &&
        parser->state == ANSWER_IN_LIST)
        parser->state = ANSWER_IDLE;
    parser->blank_lines = 0;
    switch (parser->state) {
    case ANSWER_IN_STATUS:
        return status_line(parser, line);
    case ANSWER_IN_LIST:
        return list_line(parser, line);
    case ANSWER_IN_VERSION:
    case ANSWER_IN_JSON:
        return LINE_BAD;
    case ANSWER_IDLE:
        break;
    }
    return first_line(parser, line);
}

/* Only a line of the history may have all names of a demand in it. */
static size_t line_max(const struct buffer *in)
{
    bool is_past =
        in->len >= sizeof past_prefix && memcmp(in->data, past_prefix, sizeof past_prefix - 1) == 0;

    return is_past ? ANSWER_PAST_MAX : ANSWER_LINE_MAX;
}

/* Takes a whole line off the input, as a string; NULL when there is none. */
static char *take_line(struct answer_parser *parser)
{
    char *line = parser->in.data;
    char *newline = parser->in.len == 0 ? NULL : memchr(line, '\n', parser->in.len);
    size_t len = newline != NULL ? (size_t)(newline - line) : parser->in.len;

    if (newline == NULL || len > line_max(&parser->in)) {
        parser->bad = len > line_max(&parser->in);
        return NULL;
    }
    parser->taken = len + 1;
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

/* The bytes of a JSON answer and their newline, once all are there. */
static enum line_result take_json(struct answer_parser *parser)
{
    size_t len = (size_t)parser->answer.number;
    char *text = parser->in.data;

    if (parser->in.len <= len)
        return LINE_MORE;
    if (text[len] != '\n' || memchr(text, '\0', len) != NULL)
        return LINE_BAD;
    text[len] = '\0';
    parser->answer.text = text;
    parser->taken = len + 1;
    return LINE_ANSWER;
}

static enum line_result take_next(struct answer_parser *parser)
{
    if (parser->state == ANSWER_IN_JSON)
        return take_json(parser);
    for (;;) {
        enum line_result result;
        char *line = take_line(parser);

        if (line == NULL)
            return parser->bad ? LINE_BAD : LINE_MORE;
        result = one_line(parser, line);
        if (result != LINE_MORE)
            return result;
        drop_taken(parser);
        if (parser->state == ANSWER_IN_JSON)
            return take_json(parser);
    }
}

enum answer_kind answer_parser_next(struct answer_parser *parser, struct answer *answer)
{
    enum line_result result;

    if (parser->bad)
        return ANSWER_BAD;
    drop_taken(parser);
    result = take_next(parser);
    if (result == LINE_MORE)
        return ANSWER_NONE;
    if (result == LINE_BAD || !finish_answer(parser)) {
        parser->bad = true;
        return ANSWER_BAD;
    }
    *answer = parser->answer;
    return answer->kind;
}
