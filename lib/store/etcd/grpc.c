/* Drives nghttp2 for one call at a time.
 * Must not wait but in link_wait(), nor have two calls under way. */
#include "grpc.h"

#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault.h"
#include "grpc_answer.h"

enum {
    WINDOW = INT32_MAX, /* as wide as it goes: we read at once whatever comes */
    READ_SIZE = 32 * 1024,
    READS_UNASKED = 16,
    FIRST_BYTES = 8,
    TIMEOUT_MAX_MS = 99999999, /* eight digits */
};

struct grpc {
    struct link *link;
    nghttp2_session *session;
    /* What nghttp2 wants sent, which it keeps until it is asked for more. */
    const uint8_t *unsent;
    size_t unsent_len;
    /* What the other side has said first, to tell what it is. */
    uint8_t first[FIRST_BYTES];
    size_t first_len;
    /* The call; what belongs to another stream is of an earlier one. */
    int32_t stream;
    bool is_over;
    uint32_t stream_error; /* of HTTP/2, when it is over */
    const struct buffer *request;
    size_t request_sent; /* with its prefix */
    struct grpc_answer answer;
};

static bool is_of_call(const struct grpc *grpc, int32_t stream)
{
    return stream == grpc->stream && !grpc->is_over;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                     void *context)
{
    struct grpc *grpc = context;

    (void)session;
    (void)flags;
    if (is_of_call(grpc, frame->hd.stream_id))
        grpc_answer_take_header(&grpc->answer, name, name_len, value, value_len);
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *data,
                   size_t len, void *context)
{
    struct grpc *grpc = context;

    (void)session;
    (void)flags;
    if (is_of_call(grpc, stream) && grpc_answer_take_data(&grpc->answer, data, len) != 0)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    return 0;
}

static int on_stream_close(nghttp2_session *session, int32_t stream, uint32_t code, void *context)
{
    struct grpc *grpc = context;

    (void)session;
    if (is_of_call(grpc, stream)) {
        grpc->is_over = true;
        grpc->stream_error = code;
    }
    return 0;
}

/* The request with its prefix: not compressed, four bytes of length. */
static ssize_t give_data(nghttp2_session *session, int32_t stream, uint8_t *to, size_t size,
                         uint32_t *flags, nghttp2_data_source *source, void *context)
{
    struct grpc *grpc = context;
    uint32_t len = grpc->request->len;
    const uint8_t prefix[GRPC_PREFIX] = {0, (uint8_t)(len >> 24), (uint8_t)(len >> 16),
                                         (uint8_t)(len >> 8), (uint8_t)len};
    size_t given = 0, left;

    (void)session;
    (void)stream;
    (void)source;
    for (; grpc->request_sent < GRPC_PREFIX && given < size; given++)
        to[given] = prefix[grpc->request_sent++];
    left = GRPC_PREFIX + len - grpc->request_sent;
    if (left > size - given)
        left = size - given;
    if (left > 0)
        memcpy(to + given, grpc->request->data + (grpc->request_sent - GRPC_PREFIX), left);
    grpc->request_sent += left;
    if (grpc->request_sent == GRPC_PREFIX + (size_t)len)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)(given + left);
}

static nghttp2_session *create_session(struct grpc *grpc)
{
    nghttp2_session_callbacks *callbacks;
    nghttp2_session *session = NULL;

    if (nghttp2_session_callbacks_new(&callbacks) != 0)
        return NULL;
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    if (nghttp2_session_client_new(&session, callbacks, grpc) != 0)
        session = NULL;
    nghttp2_session_callbacks_del(callbacks);
    return session;
}

struct grpc *grpc_open(struct link *link)
{
    static const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, WINDOW},
    };
    struct grpc *grpc = calloc(1, sizeof *grpc);

    if (grpc == NULL) {
        link_close(link);
        return NULL;
    }
    grpc->link = link;
    grpc->session = create_session(grpc);
    if (grpc->session == NULL ||
        nghttp2_submit_settings(grpc->session, NGHTTP2_FLAG_NONE, settings, 2) != 0 ||
        nghttp2_session_set_local_window_size(grpc->session, NGHTTP2_FLAG_NONE, 0, WINDOW) != 0) {
        grpc_close(grpc);
        return NULL;
    }
    return grpc;
}

void grpc_close(struct grpc *grpc)
{
    if (grpc == NULL)
        return;
    nghttp2_session_del(grpc->session);
    grpc_answer_fini(&grpc->answer);
    link_close(grpc->link);
    free(grpc);
}

/* Sends what there is to send, until that would have to wait; returns 0, or -1 with *error. */
static int send_out(struct grpc *grpc, struct etcd_error *error)
{
    for (;;) {
        ssize_t sent;

        if (grpc->unsent_len == 0) {
            ssize_t len = nghttp2_session_mem_send(grpc->session, &grpc->unsent);

            if (len == 0)
                return 0;
            if (len < 0) {
                fault_set(error, ETCD_CODE_NONE, "etcd at %s: %s", link_endpoint(grpc->link)->url,
                          nghttp2_strerror((int)len));
                return -1;
            }
            grpc->unsent_len = (size_t)len;
        }
        sent = link_write(grpc->link, grpc->unsent, grpc->unsent_len, error);
        if (sent <= 0)
            return (int)sent;
        grpc->unsent += sent;
        grpc->unsent_len -= (size_t)sent;
    }
}

static void note_first(struct grpc *grpc, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len && grpc->first_len < FIRST_BYTES; i++)
        grpc->first[grpc->first_len++] = data[i];
}

/* Reads once; returns 1 when there may be more, 0 when there is nothing now, -1 with *error. */
static int take_in(struct grpc *grpc, struct etcd_error *error)
{
    uint8_t data[READ_SIZE];
    ssize_t len = link_read(grpc->link, data, sizeof data, error), used;

    if (len <= 0)
        return (int)len;
    note_first(grpc, data, (size_t)len);
    used = nghttp2_session_mem_recv(grpc->session, data, (size_t)len);
    if (used >= 0)
        return 1;
    fault_set(error, ETCD_CODE_NONE, "etcd at %s: %s", link_endpoint(grpc->link)->url,
              grpc->answer.fault != NULL ? grpc->answer.fault : nghttp2_strerror((int)used));
    return -1;
}

/* Both sides are silent for good, as after a breach of the protocol, or a GOAWAY that has named it.
 */
static bool is_finished(const struct grpc *grpc)
{
    return !nghttp2_session_want_read(grpc->session) &&
           !nghttp2_session_want_write(grpc->session) && grpc->unsent_len == 0;
}

/* One that goes on talking unasked is no good, either. */
bool grpc_is_usable(struct grpc *grpc)
{
    struct etcd_error ignored;
    int result = 1;

    for (int i = 0; i < READS_UNASKED && result > 0; i++)
        result = take_in(grpc, &ignored);
    return result == 0 && send_out(grpc, &ignored) == 0 && !is_finished(grpc) &&
           nghttp2_session_check_request_allowed(grpc->session) != 0;
}

static nghttp2_nv header(const char *name, const char *value)
{
    return (nghttp2_nv){(uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value, strlen(name),
                        strlen(value), NGHTTP2_NV_FLAG_NONE};
}

static int submit(struct grpc *grpc, const char *path, const char *token,
                  const struct patience *patience)
{
    const struct endpoint *endpoint = link_endpoint(grpc->link);
    const char *authority = endpoint->url + (endpoint->tls ? 8 : 7); /* behind SCHEME:// */
    const nghttp2_data_provider data = {.read_callback = give_data};
    int64_t left_ms = patience_left_ms(patience);
    char timeout[24];

    snprintf(timeout, sizeof timeout, "%lldm",
             (long long)(left_ms < TIMEOUT_MAX_MS ? left_ms : TIMEOUT_MAX_MS));
    nghttp2_nv headers[] = {
        header(":method", "POST"),
        header(":scheme", endpoint->tls ? "https" : "http"),
        header(":path", path),
        header(":authority", authority),
        header("te", "trailers"),
        header("content-type", "application/grpc"),
        header("user-agent", "farmlock/" FARMLOCK_VERSION),
        header("grpc-timeout", timeout),
        header("token", token != NULL ? token : ""), /* the last: left out without one */
    };

    return nghttp2_submit_request(grpc->session, NULL, headers,
                                  sizeof headers / sizeof *headers - (token == NULL), &data, NULL);
}

/* What is no etcd often shows it by its first bytes. */
static void explain_stranger(const struct grpc *grpc, struct etcd_error *error)
{
    static const uint8_t alert[] = {21, 3}; /* of TLS (RFC 8446, section 5.1) */
    const char *url = link_endpoint(grpc->link)->url;

    if (grpc->first_len >= 5 && memcmp(grpc->first, "HTTP/", 5) == 0)
        fault_set(
            error, ETCD_CODE_NONE,
            "what answers at %s speaks HTTP/1, not gRPC: is it another port (2379 is etcd's for "
            "clients), https:// there, or a proxy?",
            url);
    else if (grpc->first_len >= 2 && memcmp(grpc->first, alert, 2) == 0)
        fault_set(error, ETCD_CODE_NONE, "what answers at %s wants TLS: write https://", url);
    else if (grpc->first_len == 0 && !link_endpoint(grpc->link)->tls)
        fault_set(error, ETCD_CODE_NONE,
                  "what answers at %s closes the connection without a word: is it https:// there?",
                  url);
    else if (grpc->first_len >= 5 && (grpc->first[3] != 4 || (grpc->first[4] & 1) != 0))
        /* The first frame of HTTP/2 is of type 4, SETTINGS (RFC 9113, section 3.4). */
        fault_set(error, ETCD_CODE_NONE, "what answers at %s speaks no HTTP/2: is it etcd?", url);
}

static int explain_wait(const struct grpc *grpc, enum patience_end end,
                        const struct patience *patience, struct etcd_error *error)
{
    const char *url = link_endpoint(grpc->link)->url;

    if (end != PATIENCE_INTERRUPTED && grpc->first_len == 0)
        fault_set(error, ETCD_CODE_NONE,
                  "etcd at %s takes the connection and says nothing within %lld ms", url,
                  (long long)patience->given_ms);
    else
        fault_set_wait(error, end, url, "answer", patience);
    return -1;
}

/* Who closes a connection in our face has often said why before, or has even answered. */
static int hear_the_last(struct grpc *grpc, struct etcd_error *error)
{
    struct etcd_error last;
    int result = 1;

    for (int i = 0; i < READS_UNASKED && result > 0 && !grpc->is_over; i++)
        result = take_in(grpc, &last);
    if (grpc->is_over)
        return 0;
    if (result < 0)
        *error = last;
    explain_stranger(grpc, error);
    return -1;
}

static int explain_break(const struct grpc *grpc, struct etcd_error *error)
{
    fault_set(error, ETCD_CODE_NONE, "etcd at %s has broken off the conversation",
              link_endpoint(grpc->link)->url);
    explain_stranger(grpc, error);
    return -1;
}

/* Returns 0 when the call is over, -1 with *error when that cannot be waited for. */
static int wait_for_end(struct grpc *grpc, const struct patience *patience,
                        struct etcd_error *error)
{
    while (!grpc->is_over) {
        enum patience_end end;

        if (send_out(grpc, error) != 0)
            return hear_the_last(grpc, error);
        if (grpc->is_over)
            break; /* by what was sent */
        if (is_finished(grpc))
            return explain_break(grpc, error);
        end = link_wait(grpc->link, grpc->unsent_len > 0, patience);
        if (end != PATIENCE_READY)
            return explain_wait(grpc, end, patience, error);
        if (take_in(grpc, error) < 0 && !grpc->is_over) {
            explain_stranger(grpc, error);
            return -1;
        }
    }
    return 0;
}

static enum etcd_outcome end_of(struct grpc *grpc, struct etcd_error *error)
{
    const char *url = link_endpoint(grpc->link)->url;

    if (grpc->stream_error == NGHTTP2_NO_ERROR || grpc->answer.has_status)
        return grpc_answer_end(&grpc->answer, url, error);
    fault_set(error, ETCD_CODE_NONE, "etcd at %s has broken off the call (%s)", url,
              nghttp2_http2_strerror(grpc->stream_error));
    return ETCD_UNKNOWN;
}

static enum etcd_outcome ask(struct grpc *grpc, const char *path, const char *token,
                             const struct patience *patience, struct etcd_error *error)
{
    int stream = submit(grpc, path, token, patience);

    if (stream < 0) {
        fault_set(error, ETCD_CODE_NONE, "etcd at %s: %s", link_endpoint(grpc->link)->url,
                  nghttp2_strerror(stream));
        return ETCD_UNKNOWN;
    }
    grpc->stream = stream;
    return wait_for_end(grpc, patience, error) == 0 ? end_of(grpc, error) : ETCD_UNKNOWN;
}

enum etcd_outcome grpc_call(struct grpc *grpc, const char *path, const char *token,
                            const struct buffer *request, const struct patience *patience,
                            struct buffer *response, struct etcd_error *error)
{
    enum etcd_outcome outcome;

    grpc->is_over = false;
    grpc->stream = 0;
    grpc->request = request;
    grpc->request_sent = 0;
    grpc->answer = (struct grpc_answer){0};
    outcome = ask(grpc, path, token, patience, error);
    if (outcome == ETCD_ANSWERED) {
        buffer_fini(response);
        *response = grpc->answer.message; /* which may be large: it is not copied */
        grpc->answer.message = (struct buffer){0};
    }
    grpc_answer_fini(&grpc->answer);
    grpc->is_over = true; /* what still comes is nobody's */
    return outcome;
}
