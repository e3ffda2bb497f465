/* UNIX sockets, and their files.
 * Must not remove a file that somebody else answers at. */
#include "unix_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/error_text.h"
#include "context.h"
#include "listener.h"

_Static_assert(UNIX_SOCKET_PATH_MOST == sizeof((struct sockaddr_un *)NULL)->sun_path - 1,
               "what the kernel takes");

bool unix_socket_is_path(const char *path)
{
    return path[0] != '\0' && strlen(path) <= UNIX_SOCKET_PATH_MOST;
}

static struct sockaddr_un address_of(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    memcpy(address.sun_path, path, strlen(path) + 1);
    return address;
}

enum path_state { PATH_FREE, PATH_STALE, PATH_SERVED, PATH_OTHER, PATH_ERROR };

static enum path_state look_at_path(const struct sockaddr_un *address)
{
    struct stat st;
    enum path_state state;
    int fd;

    if (lstat(address->sun_path, &st) != 0)
        return errno == ENOENT ? PATH_FREE : PATH_ERROR;
    if (!S_ISSOCK(st.st_mode))
        return PATH_OTHER;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return PATH_ERROR;
    if (connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 || errno == EAGAIN)
        state = PATH_SERVED;
    else
        state = errno == ECONNREFUSED ? PATH_STALE : PATH_ERROR;
    close(fd);
    return state;
}

static int refuse(struct ipclocker_server *server, const char *path, enum path_state state)
{
    if (state == PATH_SERVED) {
        errno = EADDRINUSE;
        return context_fail(
            server, "a server answers at the socket %s already; stop it or choose another", path);
    }
    if (state == PATH_OTHER) {
        errno = EEXIST;
        return context_fail(server, "%s exists and is no socket; choose another path", path);
    }
    return context_fail(server, "cannot use the socket %s: %s", path, error_text(errno));
}

static int bind_and_listen(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    if (bind(fd, (const struct sockaddr *)address, sizeof *address) == 0 &&
        chmod(address->sun_path, 0666) == 0 && listen(fd, LISTENER_BACKLOG) == 0)
        return fd;
    descriptor_close(fd);
    return -1;
}

int unix_socket_open(struct listener *listener)
{
    struct ipclocker_server *server = listener->server;
    const struct sockaddr_un address = address_of(listener->path);
    enum path_state state = look_at_path(&address);
    struct stat st;
    int fd;

    if (state != PATH_FREE && state != PATH_STALE)
        return refuse(server, listener->path, state);
    if (state == PATH_STALE)
        unlink(listener->path);
    fd = bind_and_listen(&address);
    if (fd < 0 || stat(listener->path, &st) != 0) {
        descriptor_close(fd);
        return context_fail(server, "cannot listen at the socket %s: %s; choose another path",
                            listener->path, error_text(errno));
    }
    listener->fd = fd;
    listener->device = st.st_dev;
    listener->inode = st.st_ino;
    return 0;
}

/* While it listens nobody takes the file for one that was left behind, and puts his own there. */
void unix_socket_close(struct listener *listener)
{
    struct stat st;

    if (listener->fd < 0)
        return;
    if (stat(listener->path, &st) == 0 && st.st_dev == listener->device &&
        st.st_ino == listener->inode)
        unlink(listener->path);
    close(listener->fd);
    listener->fd = -1;
}

static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (slash == NULL)
        return strdup(".");
    return strndup(path, slash > path ? (size_t)(slash - path) : 1);
}

int unix_socket_check(const struct listener *listener)
{
    struct ipclocker_server *server = listener->server;
    char *folder;
    struct stat st;
    int result;

    if (lstat(listener->path, &st) == 0 && !S_ISSOCK(st.st_mode))
        return refuse(server, listener->path, PATH_OTHER);
    folder = folder_of(listener->path);
    if (folder == NULL)
        return context_fail(server, "no memory for a listening socket");
    result = faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS);
    if (result != 0)
        context_fail(server,
                     "cannot make a socket in %s: %s; with a state in etcd that is done anew each "
                     "time that this lockerd leads, as the user that it runs as",
                     folder, error_text(errno));
    free(folder);
    return result;
}
