/* The page, from its file.
 * Must not know what is in it. */
#include "page.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/descriptor.h"

enum { BYTES_MOST = 8 << 20 };

const char page_policy[] =
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

static int read_all(int fd, struct buffer *text, size_t len)
{
    char *to = buffer_extend(text, len);

    return to != NULL && descriptor_read(fd, to, len) == (ssize_t)len ? 0 : -1;
}

static struct shared_text *read_from(int fd)
{
    struct shared_text *text;
    struct buffer bytes = {0};
    struct stat st;

    if (fstat(fd, &st) != 0)
        return NULL;
    if (!S_ISREG(st.st_mode) || st.st_size <= 0 || st.st_size > BYTES_MOST) {
        errno = EFBIG;
        return NULL;
    }
    if (read_all(fd, &bytes, (size_t)st.st_size) != 0) {
        buffer_fini(&bytes);
        errno = EIO;
        return NULL;
    }
    text = shared_text_take(&bytes);
    if (text != NULL)
        snprintf(text->tag, sizeof text->tag, "%" PRIxMAX "-%" PRIx64 ".%lx", (uintmax_t)st.st_size,
                 (uint64_t)st.st_mtim.tv_sec, (unsigned long)st.st_mtim.tv_nsec);
    return text;
}

struct shared_text *page_read(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct shared_text *text;

    if (fd < 0)
        return NULL;
    text = read_from(fd);
    descriptor_close(fd);
    return text;
}
