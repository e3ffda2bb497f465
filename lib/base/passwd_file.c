/* Reads who has a number in passwd(5), if nsswitch.conf(5) says that it counts.
 * Must not answer where the C library would not ask this file first. */
#include "passwd_file.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>

/* Longer lines are left to the database. */
enum { LINE_SIZE = 1024 };

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
    if (*sources != '\0' && strchr(" \t\n#", *sources) == NULL)
        return false;
    return sources[strspn(sources, " \t")] != '[';
}

/* True where one line is about users, and has the file first. */
static bool is_asked_first(const char *nsswitch)
{
    FILE *file = fopen(nsswitch, "re");
    char line[LINE_SIZE];
    const char *sources;
    bool is_first = false, is_whole = true;
    int count = 0;

    if (file == NULL)
        return false;
    while (is_whole && fgets(line, sizeof line, file) != NULL) {
        is_whole = strchr(line, '\n') != NULL;
        sources = sources_of(line);
        if (sources == NULL)
            continue;
        is_first = begins_with_files(sources);
        count++;
    }
    fclose(file);
    return is_first && count == 1 && is_whole;
}

/* Names with these signs are for compat, which has "files" pass over them. */
static bool is_user(const struct passwd *record, uid_t uid)
{
    return record->pw_uid == uid && strchr("+-", record->pw_name[0]) == NULL;
}

bool passwd_file_find_login(const char *nsswitch, const char *passwd, uid_t uid, char *login,
                            size_t size)
{
    FILE *file = is_asked_first(nsswitch) ? fopen(passwd, "re") : NULL;
    struct passwd record, *found = NULL;
    char text[LINE_SIZE];
    bool is_there;

    if (file == NULL)
        return false;
    while (fgetpwent_r(file, &record, text, sizeof text, &found) == 0 && !is_user(found, uid))
        found = NULL;
    fclose(file);
    is_there = found != NULL && strlen(found->pw_name) < size;
    if (is_there)
        memcpy(login, found->pw_name, strlen(found->pw_name) + 1);
    return is_there;
}
