/* What is kept in etcd of one thing, as the text of a value: lines of a word and what it says.
 *
 * It begins with the number of the layout.  What is 0 or NULL is left out, and a word that is not
 * known is passed over, so that versions which add words can be side by side; bytes that would end
 * a line are written as \xx.  Pure.
 */
#ifndef FARMLOCK_STORE_ETCD_VALUE_H
#define FARMLOCK_STORE_ETCD_VALUE_H

#include "base/buffer.h"
#include "batch.h"

enum { ETCD_VALUE_LAYOUT = 1, ETCD_VALUE_MOST = 1024 * 1024 };

/* Write to *out, which is emptied first; a failure is kept in out->failed. */
void etcd_value_write_request(const struct store_request *request, struct buffer *out);
void etcd_value_write_clock(const struct store_clock *clock, struct buffer *out);
void etcd_value_write_unusable(const struct store_unusable *unusable, struct buffer *out);
void etcd_value_write_history(const struct store_history *entry, struct buffer *out);
void etcd_value_write_host(const char *host, struct buffer *out);

/* Read a value, `text`, which they change; what they write to points into it.  Return -1 with errno
 *   ENOTSUP  a later version has written it
 *   EINVAL   it cannot have been so; *fault is the word that is wrong
 */
int etcd_value_read_request(char *text, struct store_request *request, const char **fault);
int etcd_value_read_clock(char *text, struct store_clock *clock, const char **fault);
int etcd_value_read_unusable(char *text, struct store_unusable *unusable, const char **fault);
int etcd_value_read_history(char *text, struct store_history *entry, const char **fault);
int etcd_value_read_host(char *text, const char **host, const char **fault);

#endif
