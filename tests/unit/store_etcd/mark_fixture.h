/* A folder for what was seen of etcd, and marks to write there. */
#ifndef FARMLOCK_TEST_MARK_FIXTURE_H
#define FARMLOCK_TEST_MARK_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>

#include "store/etcd_mark_file.h"

enum { MARK_PATH_SIZE = 128 };

/* Of a history, of the mark beside it, of that while it is written, and of what is nobody's. */
extern char mark_folder[64], mark_history[MARK_PATH_SIZE], mark_path[MARK_PATH_SIZE],
    mark_beside[MARK_PATH_SIZE], mark_other[MARK_PATH_SIZE];

extern const struct etcd_mark mark_first, mark_second;

/* Of a test that has that folder. */
int mark_make_folder(void **state);
int mark_remove_folder(void **state);
#define IN_FOLDER(name) cmocka_unit_test_setup_teardown(name, mark_make_folder, mark_remove_folder)

bool mark_is(struct etcd_mark a, struct etcd_mark b);

/* Writes the mark's file as it should not be. */
void mark_put_text(const char *text, size_t len);

/* Returns why it cannot be read; 0: it can. */
int mark_read_error(struct etcd_marks *marks, char error[STORE_ERROR_SIZE]);

#endif
