/* A line of a server's history, taken apart.  Pure. */
#ifndef FARMLOCK_CLIENT_PAST_LINE_H
#define FARMLOCK_CLIENT_PAST_LINE_H

#include <stdbool.h>

#include "ipclocker.h"

/* Reads what stands behind "past " in a line, and cuts it into strings in place: those of *row are
 * good for as long as the line.  Returns false for a line that cannot be understood, which may be a
 * later server's; *row is as it was then.
 */
bool past_line_parse(char *line, struct ipclocker_history_row *row);

/* Adds what stands behind "by " in the line that follows: who it was, and who took it away.  One
 * that cannot be understood adds nothing; strings as above. */
void past_line_parse_by(char *line, struct ipclocker_history_row *row);

#endif
