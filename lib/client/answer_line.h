/* The lines of what a server has said, bounded. */
#ifndef FARMLOCK_CLIENT_ANSWER_LINE_H
#define FARMLOCK_CLIENT_ANSWER_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "answer.h"

/* Takes the next whole line off parser->in, behind what was taken, and makes it a string without
 * its end in place.  NULL where there is none, or parser->bad is set.  A row of the history is
 * there once the line behind it is, see below.
 */
char *answer_line_take(struct answer_parser *parser);

/* Behind a row of the history: takes the line "by WHAT" that tells who it was, if that is next.
 * Returns WHAT, or NULL for another line, or with parser->bad. */
char *answer_line_take_by(struct answer_parser *parser);

enum { ANSWER_WORDS_MAX = 6 };

/* A line's words, ended by NULs in place; those that are not there are "". */
struct answer_words {
    const char *word[ANSWER_WORDS_MAX];
};

/* Splits a line into its first words. */
void answer_line_split(char *line, struct answer_words *words);

/* Whether it begins with a word, and what stands behind its first one. */
bool answer_line_has_word(const char *line, const char *word);
const char *answer_line_behind_word(const char *line);

/* Reads a time or a length in milliseconds, of so few that a clock can be added.  False for all
 * else, and *ms is as it was then. */
bool answer_line_parse_ms(const char *word, int64_t *ms);

/* What a line with this first word and one more at most says; ANSWER_NONE of other lines. */
enum answer_kind answer_line_short_kind(const char *word);

#endif
