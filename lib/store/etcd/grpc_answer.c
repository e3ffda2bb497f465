/* Puts an answer together, and says what it means.
 * Must not believe anything of it: no length before the bytes are there, no text as it is. */
#include "grpc_answer.h"

#include <string.h>

#include "base/number.h"
#include "fault.h"
#include "grpc.h"

enum { STATUS_MAX = 1000000 };

void grpc_answer_fini(struct grpc_answer *answer)
{
    buffer_fini(&answer->message);
}

static bool equals(const uint8_t *name, size_t len, const char *text)
{
    return len == strlen(text) && memcmp(name, text, len) == 0;
}

/* -1 for what is no number. */
static int number_of(const uint8_t *value, size_t len)
{
    char digits[8] = "";
    uint64_t number;

    if (len >= sizeof digits)
        return -1;
    memcpy(digits, value, len);
    return number_parse(digits, STATUS_MAX, &number) == 0 ? (int)number : -1;
}

/* Bytes that are not plain come as %XX; what is malformed stays as it is. */
static void take_text(struct grpc_answer *answer, const uint8_t *value, size_t len)
{
    size_t to = 0;

    for (size_t at = 0; at < len && to < sizeof answer->text - 1; at++) {
        bool is_coded = value[at] == '%' && len - at > 2 &&
                        number_hex_digit((char)value[at + 1]) >= 0 &&
                        number_hex_digit((char)value[at + 2]) >= 0;

        answer->text[to++] = (char)(is_coded ? number_hex_digit((char)value[at + 1]) << 4 |
                                                   number_hex_digit((char)value[at + 2])
                                             : value[at]);
        at += is_coded ? 2 : 0;
    }
    answer->text[to] = '\0';
}

void grpc_answer_take_header(struct grpc_answer *answer, const uint8_t *name, size_t name_len,
                             const uint8_t *value, size_t value_len)
{
    static const char type[] = "application/grpc";

    if (equals(name, name_len, ":status")) {
        answer->http_status = number_of(value, value_len);
    } else if (equals(name, name_len, "content-type")) {
        answer->is_grpc = value_len >= sizeof type - 1 && memcmp(value, type, sizeof type - 1) == 0;
    } else if (equals(name, name_len, "grpc-status")) {
        answer->has_status = true;
        answer->status = number_of(value, value_len);
    } else if (equals(name, name_len, "grpc-message")) {
        take_text(answer, value, value_len);
    }
}

static int refuse(struct grpc_answer *answer, const char *fault)
{
    answer->fault = fault;
    return -1;
}

static int take_prefix(struct grpc_answer *answer, uint8_t byte)
{
    answer->prefix[answer->prefix_len++] = byte;
    if (answer->prefix_len < GRPC_PREFIX)
        return 0;
    for (size_t i = 1; i < GRPC_PREFIX; i++)
        answer->message_len = answer->message_len << 8 | answer->prefix[i];
    if (answer->prefix[0] != 0)
        return refuse(answer, "its message is compressed, which was not asked for");
    if (answer->message_len > GRPC_ANSWER_MAX)
        return refuse(answer, "its message is too long");
    return 0;
}

int grpc_answer_take_data(struct grpc_answer *answer, const uint8_t *data, size_t len)
{
    for (; len > 0 && answer->prefix_len < GRPC_PREFIX; data++, len--) {
        if (take_prefix(answer, *data) != 0)
            return -1;
    }
    if (len > answer->message_len - answer->message.len)
        return refuse(answer, "it sends more than one message");
    buffer_add(&answer->message, data, len);
    return answer->message.failed ? refuse(answer, "there is no memory for its message") : 0;
}

/* Not ETCD_CODE_EXHAUSTED: the transaction by which the database becomes too large is done, and
 * told to have failed (etcd's issue 16659, and its quotaApplierV3). */
static enum etcd_outcome outcome_of(int status)
{
    switch (status) {
    case ETCD_CODE_INVALID_ARGUMENT:
    case ETCD_CODE_PERMISSION_DENIED:
    case 9: /* FAILED_PRECONDITION */
    case ETCD_CODE_OUT_OF_RANGE:
    case ETCD_CODE_UNAUTHENTICATED:
        return ETCD_REFUSED;
    default:
        return ETCD_UNKNOWN;
    }
}

/* Why it is no answer of gRPC at all. */
static void explain_http(const struct grpc_answer *answer, const char *url,
                         struct etcd_error *error)
{
    if (answer->http_status == 200 && answer->is_grpc)
        fault_set(error, ETCD_CODE_NONE, "etcd at %s: the answer ends without a status", url);
    else
        fault_set(error, ETCD_CODE_NONE,
                  "what answers at %s is no etcd (HTTP status %d): is it another port, or a proxy "
                  "that does not know gRPC?",
                  url, answer->http_status);
}

enum etcd_outcome grpc_answer_end(struct grpc_answer *answer, const char *url,
                                  struct etcd_error *error)
{
    if (answer->http_status != 200 || !answer->is_grpc || !answer->has_status) {
        explain_http(answer, url, error);
        return ETCD_UNKNOWN;
    }
    if (answer->status == 0 &&
        (answer->prefix_len < GRPC_PREFIX || answer->message.len != answer->message_len)) {
        fault_set(error, ETCD_CODE_NONE, "etcd at %s: the answer is cut off", url);
        return ETCD_UNKNOWN;
    }
    if (answer->status == 0)
        return ETCD_ANSWERED;
    fault_set(error, answer->status > 0 ? answer->status : 2, "etcd at %s: %s (code %d)", url,
              answer->text[0] != '\0' ? answer->text : "it gives no reason", answer->status);
    return outcome_of(answer->status);
}
