/* Parses the answers of a lock server, line by line.
 * Must not trust them: everything is bounded, and what is malformed ends the conversation. */
#include "answer.h"

#include <stdlib.h>
#include <string.h>

#include "answer_line.h"
#include "base/number.h"
#include "older_server.h"
#include "past_line.h"

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

/* Keeps a string that was kept, a blank and another one. */
static size_t keep_joined(struct buffer *strings, size_t first, const char *text)
{
    size_t at = strings->len;
    char *copy = strings->data != NULL ? strdup(strings->data + first) : NULL;

    if (copy == NULL) {
        strings->failed = true;
        return first;
    }
    buffer_add_text(strings, copy);
    buffer_add(strings, " ", 1);
    buffer_add(strings, text, strlen(text) + 1);
    free(copy);
    return at;
}

static void begin_answer(struct answer_parser *parser, enum answer_kind kind, const char *text)
{
    parser->answer = (struct answer){.kind = kind, .held_ms = -1, .left_ms = -1};
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

static enum line_result status_line(struct answer_parser *parser, const char *line)
{
    const char *rest = answer_line_behind_word(line);

    if (answer_line_has_word(line, "owner")) {
        parser->text_at = keep(&parser->strings, rest);
    } else if (answer_line_has_word(line, "sharer")) {
        parser->text_at = keep_joined(&parser->strings, parser->text_at, rest);
    } else if (answer_line_has_word(line, "locked")) {
        parser->answer.locked = strcmp(rest, "1") == 0;
    } else if (answer_line_has_word(line, "lockname")) {
        return keep_name(parser, rest);
    } else if (answer_line_has_word(line, "token")) {
        if (number_parse(rest, UINT64_MAX, &parser->answer.number) != 0)
            return LINE_BAD;
    } else if (answer_line_has_word(line, "hold-left")) {
        return answer_line_parse_ms(rest, &parser->answer.left_ms) ? LINE_MORE : LINE_BAD;
    } else if (answer_line_has_word(line, "key")) {
        parser->answer.has_key = seal_key_parse(&parser->answer.key, rest);
    } else if (answer_line_has_word(line, "error-code")) {
        parser->answer.code = error_code_parse(rest);
    } else if (answer_line_has_word(line, "error")) {
        parser->error_at = keep(&parser->strings, rest);
        parser->has_error = true;
    }
    /* A status is a handful of short lines: more of them is no lock server. */
    return parser->strings.len > ANSWER_STATUS_MAX ? LINE_BAD : LINE_MORE;
}

static enum line_result list_line(struct answer_parser *parser, char *line)
{
    struct answer_words words;

    answer_line_split(line, &words);
    if (strcmp(words.word[0], "lock") != 0 || *words.word[1] == '\0')
        return LINE_BAD;
    if (keep_name(parser, words.word[1]) != LINE_MORE)
        return LINE_BAD;
    return keep_name(parser, words.word[2]);
}

static enum line_result version_line(struct answer_parser *parser, const struct answer_words *words)
{
    begin_answer(parser, ANSWER_VERSION, words->word[1]);
    if (number_parse(words->word[2], INT64_MAX, &parser->answer.number) != 0)
        parser->answer.number = 0;
    answer_line_parse_ms(words->word[3], &parser->answer.clock_ms);
    parser->state = ANSWER_IN_VERSION;
    return LINE_MORE;
}

static enum line_result queue_line(struct answer_parser *parser, const struct answer_words *words)
{
    begin_answer(parser, ANSWER_QUEUE, words->word[4]);
    if (number_parse(words->word[1], INT64_MAX, &parser->answer.number) != 0)
        return LINE_BAD;
    if (parser->answer.number == 0)
        return LINE_ANSWER;
    answer_line_parse_ms(words->word[2], &parser->answer.held_ms);
    parser->lock_at = keep(&parser->strings, words->word[3]);
    return LINE_ANSWER;
}

static enum line_result check_line(struct answer_parser *parser, const struct answer_words *words)
{
    begin_answer(parser, ANSWER_CHECK, words->word[2]);
    parser->lock_at = keep(&parser->strings, words->word[1]);
    if (number_parse(words->word[3], INT32_MAX, &parser->answer.number) != 0)
        return LINE_BAD;
    if (number_parse(words->word[5], UINT64_MAX, &parser->answer.start) != 0)
        parser->answer.start = 0;
    return LINE_ANSWER;
}

static enum line_result number_line(struct answer_parser *parser, const struct answer_words *words,
                                    enum answer_kind kind, uint64_t max)
{
    begin_answer(parser, kind, "");
    if (number_parse(words->word[1], max, &parser->answer.number) != 0)
        return LINE_BAD;
    return LINE_ANSWER;
}

static enum line_result grant_line(struct answer_parser *parser, enum answer_kind kind,
                                   const struct answer_words *words)
{
    begin_answer(parser, kind, words->word[2]);
    if (number_parse(words->word[1], UINT64_MAX, &parser->answer.number) != 0)
        return LINE_BAD;
    return LINE_ANSWER;
}

static enum line_result auth_line(struct answer_parser *parser, const struct answer_words *words)
{
    begin_answer(parser, ANSWER_AUTH, words->word[1]);
    if (!seal_nonce_parse(&parser->answer.nonce, words->word[2]) ||
        number_parse(words->word[3], UINT32_MAX, &parser->answer.number) != 0)
        return LINE_BAD;
    parser->answer.seals_urgent =
        strcmp(words->word[4], "urgent") == 0 || strcmp(words->word[5], "urgent") == 0;
    return LINE_ANSWER;
}

static enum line_result person_line(struct answer_parser *parser, const struct answer_words *words)
{
    begin_answer(parser, ANSWER_PERSON, words->word[1]);
    if (*words->word[2] != '\0' &&
        number_parse(words->word[2], UINT32_MAX, &parser->answer.number) != 0)
        return LINE_BAD;
    return LINE_ANSWER;
}

static enum line_result json_line(struct answer_parser *parser, const struct answer_words *words)
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
    bool known;
    char *by;

    begin_answer(parser, ANSWER_PAST, "");
    known = past_line_parse(rest, &parser->answer.past);
    by = answer_line_take_by(parser);
    if (by != NULL)
        past_line_parse_by(by, &parser->answer.past);
    if (parser->bad)
        return LINE_BAD;
    return known ? LINE_ANSWER : LINE_MORE;
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
    struct answer_words words;
    bool is_first = !parser->any_line;
    enum answer_kind kind;

    parser->any_line = true;
    if (answer_line_has_word(line, "owner") || answer_line_has_word(line, "locked") ||
        answer_line_has_word(line, "error-code") || answer_line_has_word(line, "error")) {
        begin_answer(parser, ANSWER_STATUS, "");
        parser->state = ANSWER_IN_STATUS;
        return status_line(parser, line);
    }
    if (answer_line_has_word(line, "lock")) {
        begin_answer(parser, ANSWER_LIST, "");
        parser->state = ANSWER_IN_LIST;
        return list_line(parser, line);
    }
    if (strncmp(line, "past ", 5) == 0)
        return past_line(parser, line + 5);
    if (answer_line_has_word(line, "why"))
        return short_line(parser, ANSWER_WHY, answer_line_behind_word(line));
    if (answer_line_has_word(line, "circle"))
        return short_line(parser, ANSWER_CIRCLE, answer_line_behind_word(line));
    answer_line_split(line, &words);
    kind = answer_line_short_kind(words.word[0]);
    if (kind != ANSWER_NONE)
        return short_line(parser, kind, words.word[1]);
    if (strcmp(words.word[0], "autounlock_check") == 0)
        return check_line(parser, &words);
    if (strcmp(words.word[0], "queue") == 0)
        return queue_line(parser, &words);
    if (strcmp(words.word[0], "proto") == 0)
        return number_line(parser, &words, ANSWER_PROTO, 1000000);
    if (strcmp(words.word[0], "auth") == 0)
        return auth_line(parser, &words);
    if (strcmp(words.word[0], "whoami") == 0)
        return person_line(parser, &words);
    if (strcmp(words.word[0], "history") == 0)
        return number_line(parser, &words, ANSWER_HISTORY, INT64_MAX);
    if (strcmp(words.word[0], "ended") == 0)
        return number_line(parser, &words, ANSWER_ENDED, INT32_MAX);
    if (strcmp(words.word[0], "outside") == 0 || strcmp(words.word[0], "offline") == 0)
        return number_line(parser, &words, ANSWER_SEATS, INT32_MAX);
    if (strcmp(words.word[0], "lost") == 0)
        return grant_line(parser, ANSWER_LOST, &words);
    if (strcmp(words.word[0], "extended") == 0)
        return grant_line(parser, ANSWER_EXTENDED, &words);
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
        char *line = answer_line_take(parser);

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
