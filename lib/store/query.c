/* A question about the history.
 * Must not know who answers it. */
#include <stdlib.h>

#include "store.h"

void store_query_destroy(struct store_query *query)
{
    if (query != NULL)
        buffer_fini(&query->text);
    free(query);
}
