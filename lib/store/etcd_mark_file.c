/* What a lockerd has seen of etcd, as a file.
 * Must not believe what it did not write itself, or not as a whole. */
#include "etcd_mark_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/descriptor.h"
#include "base/error_text.h"
#include "base/number.h"
#include "base/own_file.h"
#include "base/siphash.h"
#include "error.h"
#include "file.h"

enum { LAYOUT = 1, LINE_SIZE = 320, FILE_MOST = 16 * 1024, NUMBER_SIZE = 24 };

static const char first_word[] = "farmlock-etcd-mark ", last_word[] = "sum ";

/* what is in it */

struct etcd_mark etcd_marks_get(const struct etcd_marks *marks, const char *prefix)
{
    for (int i = 0; i < marks->count; i++) {
        if (strcmp(marks->items[i].prefix, prefix) == 0)
            return marks->items[i].mark;
    }
    return (struct etcd_mark){0};
}

void etcd_marks_set(struct etcd_marks *marks, const char *prefix, const struct etcd_mark *mark)
{
    int at = 0;

    while (at < marks->count && strcmp(marks->items[at].prefix, prefix) != 0)
        at++;
    if (at == marks->count && marks->count < ETCD_MARKS_MOST)
        marks->count++;
    if (at == ETCD_MARKS_MOST)
        at--;
    memmove(marks->items + 1, marks->items, (size_t)at * sizeof marks->items[0]);
    snprintf(marks->items[0].prefix, sizeof marks->items[0].prefix, "%s", prefix);
    marks->items[0].mark = *mark;
}

/* Who changes the file is stopped by its permissions: this finds what a disk has lost. */
static uint64_t sum_of(const char *text, size_t len)
{
    static const struct siphash_key key = {{0, 0}};

    return siphash(&key, text, len);
}

static void add_line(struct buffer *text, const char *prefix, const struct etcd_mark *mark)
{
    char line[LINE_SIZE];

    snprintf(line, sizeof line,
             "cluster %016" PRIx64 " revision %" PRId64 " token %" PRIu64 " accepted %" PRIu64
             " prefix %s\n",
             mark->cluster_id, mark->revision, mark->next_token, mark->accepted, prefix);
    buffer_add_text(text, line);
}

static void compose(const struct etcd_marks *marks, struct buffer *text)
{
    char sum[LINE_SIZE];

    buffer_add_text(text, first_word);
    buffer_add_number(text, LAYOUT);
    buffer_add_text(text, "\n");
    for (int i = 0; i < marks->count; i++)
        add_line(text, marks->items[i].prefix, &marks->items[i].mark);
    if (text->failed)
        return;
    snprintf(sum, sizeof sum, "%s%016" PRIx64 "\n", last_word, sum_of(text->data, text->len));
    buffer_add_text(text, sum);
}

static int read_hex(const char *text, uint64_t *number)
{
    uint64_t value = 0;

    if (strlen(text) != 16)
        return -1;
    for (; *text != '\0'; text++) {
        int digit = number_hex_digit(*text);

        if (digit < 0)
            return -1;
        value = value << 4 | (uint64_t)digit;
    }
    *number = value;
    return 0;
}

/* The word behind another, which has to be the next. */
static const char *take(char **line, const char *word)
{
    const char *found = strsep(line, " ");

    if (found == NULL || strcmp(found, word) != 0)
        return NULL;
    return strsep(line, " ");
}

static int read_line(char *line, struct etcd_marks *marks)
{
    const char *cluster = take(&line, "cluster"), *revision = take(&line, "revision"),
               *token = take(&line, "token"), *accepted = take(&line, "accepted"),
               *prefix = take(&line, "prefix");
    struct etcd_mark mark;

    if (cluster == NULL || revision == NULL || token == NULL || accepted == NULL ||
        prefix == NULL || line != NULL || marks->count == ETCD_MARKS_MOST ||
        strlen(prefix) >= sizeof marks->items[0].prefix ||
        read_hex(cluster, &mark.cluster_id) != 0 ||
        number_parse(revision, INT64_MAX, (uint64_t *)&mark.revision) != 0 ||
        number_parse(token, UINT64_MAX, &mark.next_token) != 0 ||
        number_parse(accepted, INT64_MAX, &mark.accepted) != 0)
        return -1;
    snprintf(marks->items[marks->count].prefix, sizeof marks->items[0].prefix, "%s", prefix);
    marks->items[marks->count++].mark = mark;
    return 0;
}

/* The sum is of all lines but its own, which is the last. */
static bool is_whole(char *text, size_t len, char **sum_line)
{
    uint64_t sum;
    char *line;

    if (len == 0 || strlen(text) != len || text[len - 1] != '\n')
        return false;
    text[len - 1] = '\0';
    line = strrchr(text, '\n');
    if (line == NULL || strncmp(line + 1, last_word, strlen(last_word)) != 0 ||
        read_hex(line + 1 + strlen(last_word), &sum) != 0)
        return false;
    *sum_line = line + 1;
    return sum == sum_of(text, (size_t)(line + 1 - text));
}

/* Returns -1 where there is none. */
static int read_layout(const char *text, uint64_t *layout)
{
    char number[NUMBER_SIZE];
    size_t first = strlen(first_word);

    if (strncmp(text, first_word, first) != 0)
        return -1;
    snprintf(number, sizeof number, "%.*s", (int)strcspn(text + first, "\n"), text + first);
    return number_parse(number, INT64_MAX, layout);
}

/* Returns 0, or an error number.  Of what a later version writes, only its number is known. */
static int parse(char *text, size_t len, struct etcd_marks *marks)
{
    char *rest = text, *line, *sum_line;
    uint64_t layout;

    if (read_layout(text, &layout) != 0)
        return EBADMSG;
    if (layout > LAYOUT)
        return ENOTSUP;
    if (layout < LAYOUT || !is_whole(text, len, &sum_line))
        return EBADMSG;
    strsep(&rest, "\n");
    marks->count = 0;
    while ((line = strsep(&rest, "\n")) != sum_line) {
        if (line == NULL || read_line(line, marks) != 0)
            return EBADMSG;
    }
    return 0;
}

/* the file */

static int refuse(const char *path, int why, char error[STORE_ERROR_SIZE])
{
    if (why == ENOTSUP)
        return store_error_set(error, why,
                               "what this lockerd has seen of etcd, %s, was written by a later "
                               "version of lockerd: start that version",
                               path);
    return store_error_set(error, why,
                           "what this lockerd has seen of etcd, %s, is damaged, so that it cannot "
                           "know whether etcd was put back to an earlier time: start it once with "
                           "--accept-older-state, which gives no token twice",
                           path);
}

static int read_text(int fd, const char *path, struct etcd_marks *marks,
                     char error[STORE_ERROR_SIZE])
{
    char text[FILE_MOST + 1];
    struct etcd_marks read_marks = {.count = 0};
    size_t len = 0;
    ssize_t got = 1;
    int why;

    while (len < FILE_MOST && got > 0) {
        got = read(fd, text + len, FILE_MOST - len);
        len += got > 0 ? (size_t)got : 0;
    }
    if (got < 0)
        return store_error_set(error, errno, "cannot read %s: %s", path, error_text(errno));
    text[len] = '\0';
    why = parse(text, len, &read_marks);
    if (why != 0)
        return refuse(path, why, error);
    *marks = read_marks;
    return 0;
}

int etcd_mark_file_read(const char *path, struct etcd_marks *marks, char error[STORE_ERROR_SIZE])
{
    const struct own_file file = {
        .flags = O_RDONLY, .not_by = S_IWGRP | S_IWOTH, .owner = geteuid()};
    char why[OWN_FILE_WHY_SIZE];
    int fd = own_file_open(path, &file, why), result;

    if (fd < 0 && errno == ENOENT) {
        marks->count = 0;
        return 0;
    }
    if (fd < 0)
        return store_error_set(error, errno, "cannot use %s: %s", path, why);
    result = read_text(fd, path, marks, error);
    descriptor_close(fd);
    return result;
}

/* What an earlier attempt has left is nobody's: own_file_open() would go on in it. */
static int make(const char *path)
{
    int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY;
    int fd = open(path, flags, 0600);

    if (fd >= 0 || errno != EEXIST || unlink(path) != 0)
        return fd;
    return open(path, flags, 0600);
}

static int write_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t written = write(fd, data, len);

        if (written < 0)
            return -1;
        data += written;
        len -= (size_t)written;
    }
    return fsync(fd);
}

static int write_text(const char *path, const struct buffer *text)
{
    char beside[PATH_MAX];
    int fd, result;

    if (snprintf(beside, sizeof beside, "%s.new", path) >= (int)sizeof beside) {
        errno = ENAMETOOLONG;
        return -1;
    }
    fd = make(beside);
    if (fd < 0)
        return -1;
    result = write_all(fd, text->data, text->len);
    descriptor_close(fd);
    if (result == 0 && rename(beside, path) == 0)
        return store_file_sync_folder(path);
    result = errno;
    unlink(beside);
    errno = result;
    return -1;
}

int etcd_mark_file_write(const char *path, const struct etcd_marks *marks,
                         char error[STORE_ERROR_SIZE])
{
    struct buffer text = {0};
    int result = 0;

    compose(marks, &text);
    if (text.failed)
        result = store_error_set(error, ENOMEM, "out of memory");
    else if (write_text(path, &text) != 0)
        result = store_error_set(error, errno, "cannot write %s: %s", path, error_text(errno));
    buffer_fini(&text);
    return result;
}
