/* One line of a clients' file. */
#ifndef FARMLOCK_DEFAULTS_LINE_H
#define FARMLOCK_DEFAULTS_LINE_H

/* Takes a line apart, in its place: "name = value", with or without a comment behind it, or nothing
 * but blanks and a comment.  A value that stands in double quotes is what is between them, and may
 * have " #" in it.  `line` ends with a NUL and has no newline.
 * Returns NULL, with *name and *value, which are NULL of a line that says nothing; or what is wrong
 * with the line, static text.
 */
const char *defaults_line_parse(char *line, char **name, char **value);

#endif
