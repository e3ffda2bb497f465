/* Reads who has a number in passwd(5), if nsswitch.conf(5) says that it counts.
 * Must not answer where the C library would not ask this file first. */
#include "passwd_file.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "number.h"

/* With room for many lines, and no longer ones. */
enum { BUFFER_SIZE = 2048 };

struct lines {
    int fd;
    size_t begin, len; /* what is read, and not yet given */
    char buffer[BUFFER_SIZE];
};

static bool read_more(struct lines *lines)
{
    ssize_t got;

    memmove(lines->buffer, lines->buffer + lines->begin, lines->len);
    lines->begin = 0;
    got = read(lines->fd, lines->buffer + lines->len, BUFFER_SIZE - lines->len);
    if (got > 0)
        lines->len += (size_t)got;
    return got > 0;
}

/* The next line without its end; NULL at the end of the file, before a line that is not ended, and
 * before one that is too long. */
static char *next_line(struct lines *lines)
{
    char *line, *end;

    do {
        line = lines->buffer + lines->begin;
        end = memchr(line, '\n', lines->len);
    } while (end == NULL && read_more(lines));
    if (end == NULL)
        return NULL;
    *end = '\0';
    lines->begin += (size_t)(end - line) + 1;
    lines->len -= (size_t)(end - line) + 1;
    return line;
}

static bool open_lines(struct lines *lines, const char *path)
{
    lines->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    lines->begin = lines->len = 0;
    return lines->fd >= 0;
}

/* Returns what a line says of the users' database; NULL where it is about another. */
static const char *sources_of(const char *line)
{
    static const char word[] = "passwd:";

    line += strspn(line, " \t");
    return strncmp(line, word, sizeof word - 1) == 0 ? line + sizeof word - 1 : NULL;
}

/* Not where an action follows, as [SUCCESS=continue]. */
static bool begins_with_files(const char *sources)
{
    static const char word[] = "files";

    sources += strspn(sources, " \t");
    if (strncmp(sources, word, sizeof word - 1) != 0)
        return false;
    sources += sizeof word - 1;
    if (*sources != '\0' && strchr(" \t#", *sources) == NULL)
        return false;
    return sources[strspn(sources, " \t")] != '[';
}

/* True where one line is about users, and has the file first. */
static bool is_asked_first(const char *nsswitch)
{
    struct lines lines;
    const char *line, *sources;
    bool is_first = false;
    int count = 0;

    if (!open_lines(&lines, nsswitch))
        return false;
    while ((line = next_line(&lines)) != NULL) {
        sources = sources_of(line);
        if (sources == NULL)
            continue;
        is_first = begins_with_files(sources);
        count++;
    }
    close(lines.fd);
    return is_first && count == 1 && lines.len == 0;
}

/* The login name of a line "LOGIN:PASSWORD:UID:..." with this number; NULL where it has another. */
static const char *login_of(char *line, uid_t uid)
{
    char *login = line + strspn(line, " \t"), *password = strchr(login, ':');
    char *number = password != NULL ? strchr(password + 1, ':') : NULL;
    char *end = number != NULL ? strchr(number + 1, ':') : NULL;
    uint64_t found;

    if (end == NULL || strchr("#+-:", *login) != NULL)
        return NULL;
    *end = '\0';
    if (number_parse(number + 1, UINT32_MAX, &found) != 0 || (uid_t)found != uid)
        return NULL;
    *password = '\0';
    return login;
}

bool passwd_file_find_login(const char *nsswitch, const char *passwd, uid_t uid, char *login,
                            size_t size)
{
    const char *found = NULL;
    struct lines lines;
    char *line;

    if (!is_asked_first(nsswitch) || !open_lines(&lines, passwd))
        return false;
    while (found == NULL && (line = next_line(&lines)) != NULL)
        found = login_of(line, uid);
    close(lines.fd);
    if (found == NULL || strlen(found) >= size)
        return false;
    memcpy(login, found, strlen(found) + 1);
    return true;
}
