/* Answers of HTTP.
 * Must not decide what is answered. */
#include "respond.h"

#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { OK = 200, NOT_MODIFIED = 304, METHOD_NOT_ALLOWED = 405 };

/* For what is no page. */
static const char nothing[] = "default-src 'none'; frame-ancestors 'none'; sandbox";

bool respond_is_head(struct evhttp_request *request)
{
    return evhttp_request_get_command(request) == EVHTTP_REQ_HEAD;
}

void respond_add_headers(struct evhttp_request *request, const char *type, const char *policy)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(request);

    if (type != NULL)
        evhttp_add_header(headers, "Content-Type", type);
    evhttp_add_header(headers, "Content-Security-Policy", policy != NULL ? policy : nothing);
    evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
    evhttp_add_header(headers, "X-Frame-Options", "DENY");
    evhttp_add_header(headers, "Referrer-Policy", "no-referrer");
    evhttp_add_header(headers, "Cross-Origin-Resource-Policy", "same-origin");
    /* It may be kept, but whoever has it is to ask whether it is still so. */
    evhttp_add_header(headers, "Cache-Control", "no-cache");
}

static const char *reason_of(int status)
{
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {
        {OK, "OK"},
        {NOT_MODIFIED, "Not Modified"},
        {400, "Bad Request"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {METHOD_NOT_ALLOWED, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {421, "Misdirected Request"},
        {429, "Too Many Requests"},
        {503, "Service Unavailable"},
    };

    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        if (reasons[i].status == status)
            return reasons[i].reason;
    }
    return "Error";
}

static void on_sent(const void *data, size_t len, void *context)
{
    (void)data;
    (void)len;
    shared_text_drop(context);
}

/* A list of tags, or "*"; one that is weak is as good here. */
static bool has_version(struct evhttp_request *request, const char *tag)
{
    const char *known =
        evhttp_find_header(evhttp_request_get_input_headers(request), "If-None-Match");
    char quoted[SHARED_TEXT_TAG_SIZE + 3];

    if (known == NULL || tag[0] == '\0')
        return false;
    snprintf(quoted, sizeof quoted, "\"%s\"", tag);
    return strcmp(known, "*") == 0 || strstr(known, quoted) != NULL;
}

static void add_length(struct evhttp_request *request, size_t len)
{
    char text[24];

    snprintf(text, sizeof text, "%zu", len);
    evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Length", text);
}

static void add_tag(struct evhttp_request *request, const char *tag)
{
    char text[SHARED_TEXT_TAG_SIZE + 5];

    snprintf(text, sizeof text, "W/\"%s\"", tag);
    evhttp_add_header(evhttp_request_get_output_headers(request), "ETag", text);
}

void respond_text(struct evhttp_request *request, int status, const char *type, const char *policy,
                  struct shared_text *text)
{
    struct evbuffer *body = evbuffer_new();
    bool is_known = status == OK && has_version(request, text->tag);

    respond_add_headers(request, type, policy);
    if (text->tag[0] != '\0')
        add_tag(request, text->tag);
    if (!is_known && respond_is_head(request))
        add_length(request, text->len);
    if (body == NULL || is_known || respond_is_head(request) || text->len == 0 ||
        evbuffer_add_reference(body, text->bytes, text->len, on_sent, text) != 0)
        shared_text_drop(text);
    if (is_known)
        status = NOT_MODIFIED;
    evhttp_send_reply(request, status, reason_of(status), body);
    if (body != NULL)
        evbuffer_free(body);
}

void respond_line(struct evhttp_request *request, int status, const char *line)
{
    struct evbuffer *body = evbuffer_new();

    respond_add_headers(request, "text/plain; charset=utf-8", NULL);
    if (status == METHOD_NOT_ALLOWED)
        evhttp_add_header(evhttp_request_get_output_headers(request), "Allow", "GET, HEAD");
    if (respond_is_head(request))
        add_length(request, strlen(line) + 1);
    else if (body != NULL)
        evbuffer_add_printf(body, "%s\n", line);
    evhttp_send_reply(request, status, reason_of(status), body);
    if (body != NULL)
        evbuffer_free(body);
}
