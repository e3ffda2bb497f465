/* What is in use of one feature of a license server's.
 * Must not know who asked, nor what lockerd's holders use. */
#include "use.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "machine_name.h"

int use_add(struct use *use, struct span user, struct span host, uint32_t count)
{
    struct use_row *rows = array_grow(use->rows, &use->room, use->row_count, sizeof *rows);
    struct use_row row = {.count = count};

    if (rows == NULL)
        return -1;
    use->rows = rows;
    row.user = strndup(user.at, user.len);
    row.machine = machine_name_key(host);
    if (row.user == NULL || row.machine == NULL) {
        free(row.user);
        free(row.machine);
        return -1;
    }
    rows[use->row_count++] = row;
    use->listed += count;
    return 0;
}

int use_row_compare(const struct use_row *a, const struct use_row *b)
{
    int order = strcmp(a->user, b->user);

    return order != 0 ? order : strcmp(a->machine, b->machine);
}

static int compare(const void *a, const void *b)
{
    return use_row_compare(a, b);
}

static void row_fini(struct use_row *row)
{
    free(row->user);
    free(row->machine);
}

void use_merge_rows(struct use *use)
{
    size_t kept = 0;

    if (use->row_count == 0)
        return;
    qsort(use->rows, use->row_count, sizeof *use->rows, compare);
    for (size_t i = 1; i < use->row_count; i++) {
        if (use_row_compare(&use->rows[kept], &use->rows[i]) == 0) {
            use->rows[kept].count += use->rows[i].count;
            row_fini(&use->rows[i]);
        } else {
            use->rows[++kept] = use->rows[i];
        }
    }
    use->row_count = kept + 1;
}

void use_fini(struct use *use)
{
    for (size_t i = 0; i < use->row_count; i++)
        row_fini(&use->rows[i]);
    free(use->rows);
    *use = (struct use){0};
}
