/* A prepared statement that is run again and again with much the same values: what is bound already
 * is not bound again. */
#ifndef FARMLOCK_STORE_BOUND_H
#define FARMLOCK_STORE_BOUND_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/ip_text.h"

enum { STORE_PARAMETERS = 32 };

/* All zero is none. */
struct store_bound {
    sqlite3_stmt *statement;
    uint32_t has_number; /* bits: this parameter is bound to its number below */
    uint32_t has_text;   /* or to something else than NULL, which all are at first */
    int64_t numbers[STORE_PARAMETERS];
};

/* Parameters count from 1, as SQLite has them. */
void store_bound_number(struct store_bound *self, int at, int64_t number);

/* Texts and bytes that stay where they are until the statement has run; NULL is NULL. */
void store_bound_text(struct store_bound *self, int at, const char *text);
void store_bound_bytes(struct store_bound *self, int at, const void *bytes, int len);

/* Runs it to its end.  Returns SQLITE_OK or what went wrong. */
int store_bound_run(struct store_bound *self);

/* An address as text, which many that follow each other have in common.  All zero at first. */
struct store_address {
    unsigned char ip[IP_BYTES];
    char text[IP_TEXT_SIZE];
};

/* Returns NULL for none; else the text lives until the next call. */
const char *store_address_text(struct store_address *self, const unsigned char ip[IP_BYTES]);

#endif
