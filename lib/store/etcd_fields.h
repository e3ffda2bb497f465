/* Members of structs as lines of a word and what it says, as etcd_value.h has them. */
#ifndef FARMLOCK_STORE_ETCD_FIELDS_H
#define FARMLOCK_STORE_ETCD_FIELDS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

enum etcd_field_kind {
    ETCD_WORD,     /* text without white space, or NULL */
    ETCD_TEXT,     /* any text, or NULL */
    ETCD_COUNT,    /* uint64_t, from least to most, or any */
    ETCD_NUMBER,   /* int64_t, from least to most */
    ETCD_NUMBER32, /* int32_t, likewise */
    ETCD_SMALL,    /* uint32_t, or an enum, likewise */
    ETCD_BYTE,     /* unsigned char, likewise */
    ETCD_FLAG,     /* bool */
    ETCD_ADDRESS,  /* of 16 bytes, see base/ip_text.h */
};

struct etcd_field {
    const char *word;
    enum etcd_field_kind kind;
    size_t at; /* where the member is in its struct */
    int64_t least, most;
};

/* Writes the struct to *out, which is emptied first; what is 0 or NULL is left out. */
void etcd_fields_write(const struct etcd_field *fields, size_t count, const void *from,
                       struct buffer *out);

/* Reads `text`, which it changes, into the struct, which is all 0 before; texts point into it.  The
 * first `needed` fields must be there.  Returns -1 with errno and *fault as etcd_value.h says. */
int etcd_fields_read(const struct etcd_field *fields, size_t count, unsigned needed, char *text,
                     void *into, const char **fault);

/* The same for what else cannot have been so. */
int etcd_fields_refuse(int error_number, const char *word, const char **fault);

#endif
