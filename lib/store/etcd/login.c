/* Makes a token of a name and a password.
 * Must not show the password, nor keep it. */
#include "login.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/error_text.h"
#include "base/own_file.h"
#include "fault.h"
#include "wire.h"

enum { PASSWORD_MAX = 1024, AUTHENTICATION_IS_OFF = 9 /* FAILED_PRECONDITION */ };

static int refuse_file(const struct login *login, const char *why, struct etcd_error *error)
{
    fault_set(error, ETCD_CODE_UNAUTHENTICATED,
              "the password of etcd's user %s cannot be read from %s: %s", login->user,
              login->password_file, why);
    return -1;
}

static int open_file(const struct login *login, struct etcd_error *error)
{
    const struct own_file file = {
        .flags = O_RDONLY, .not_by = S_IWGRP | S_IWOTH, .owner = geteuid()};
    char why[OWN_FILE_WHY_SIZE];
    struct stat st;
    int fd = own_file_open(login->password_file, &file, why);

    if (fd < 0)
        return refuse_file(login, why, error);
    if (fstat(fd, &st) != 0 || (st.st_mode & S_IROTH) != 0) {
        descriptor_close(fd);
        return refuse_file(login, "everybody can read it (chmod o-r)", error);
    }
    return fd;
}

static int read_password(const struct login *login, char password[PASSWORD_MAX + 1],
                         struct etcd_error *error)
{
    int fd = open_file(login, error);
    ssize_t len;

    if (fd < 0)
        return -1;
    len = descriptor_read(fd, password, PASSWORD_MAX);
    if (len < 0)
        refuse_file(login, error_text(errno), error);
    descriptor_close(fd);
    if (len < 0)
        return -1;
    password[len] = '\0';
    password[strcspn(password, "\r\n")] = '\0';
    return password[0] != '\0' ? 0 : refuse_file(login, "its first line is empty", error);
}

int login_check(const struct login *login, struct etcd_error *error)
{
    char password[PASSWORD_MAX + 1];
    int result;

    if (login->user == NULL)
        return 0;
    if (login->password_file == NULL) {
        fault_set(error, ETCD_CODE_UNAUTHENTICATED,
                  "etcd's user %s needs a password: name the file that has it with "
                  "--etcd-password-file",
                  login->user);
        return -1;
    }
    result = read_password(login, password, error);
    explicit_bzero(password, sizeof password);
    return result;
}

/* What is sent back as a header later must be fit for one (RFC 9113, section 8.2.1). */
static bool is_fit(const struct buffer *token)
{
    for (uint32_t i = 0; i < token->len; i++) {
        if (token->data[i] <= ' ' || token->data[i] > '~')
            return false;
    }
    return token->len > 0 && token->len <= GRPC_TOKEN_MAX;
}

static enum etcd_outcome take_token(const struct buffer *response, char *token,
                                    struct etcd_error *error)
{
    struct buffer told = {0};
    bool is_good = etcd_wire_read_token(response, &told) == 0 && is_fit(&told);

    if (is_good) {
        memcpy(token, told.data, told.len);
        token[told.len] = '\0';
    } else {
        fault_set(error, ETCD_CODE_NONE, "what etcd gives as a token is none");
    }
    buffer_fini(&told);
    return is_good ? ETCD_ANSWERED : ETCD_UNKNOWN;
}

static enum etcd_outcome ask_for_token(struct grpc *grpc, const struct buffer *request,
                                       const struct patience *patience, char *token,
                                       struct etcd_error *error)
{
    struct buffer response = {0};
    enum etcd_outcome outcome = grpc_call(grpc, "/etcdserverpb.Auth/Authenticate", NULL, request,
                                          patience, &response, error);

    if (outcome == ETCD_ANSWERED) {
        outcome = take_token(&response, token, error);
    } else if (outcome == ETCD_REFUSED && error->code == AUTHENTICATION_IS_OFF) {
        *token = '\0';
        outcome = ETCD_ANSWERED;
    } else if (outcome == ETCD_REFUSED) {
        error->code = ETCD_CODE_UNAUTHENTICATED; /* etcd calls a wrong password a wrong argument */
    }
    buffer_fini(&response);
    return outcome;
}

enum etcd_outcome login_prove(const struct login *login, struct grpc *grpc,
                              const struct patience *patience, char token[GRPC_TOKEN_MAX + 1],
                              struct etcd_error *error)
{
    enum etcd_outcome outcome = ETCD_UNKNOWN;
    char password[PASSWORD_MAX + 1];
    struct buffer request = {0};
    bool is_read = read_password(login, password, error) == 0;

    if (!is_read)
        outcome = ETCD_REFUSED;
    else if (etcd_wire_authenticate(&request, login->user, password) != 0)
        fault_set(error, ETCD_CODE_NONE, "%s", error_text(ENOMEM));
    else
        outcome = ask_for_token(grpc, &request, patience, token, error);
    explicit_bzero(password, sizeof password);
    if (request.data != NULL)
        explicit_bzero(request.data, request.len);
    buffer_fini(&request);
    return outcome;
}
