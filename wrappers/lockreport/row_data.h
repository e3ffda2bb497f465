/* An entry of the history for programs. */
#ifndef FARMLOCK_LOCKREPORT_ROW_DATA_H
#define FARMLOCK_LOCKREPORT_ROW_DATA_H

#include <json-c/json.h>

#include "store/store.h"

/* A flat object, whose keys are the titles of a CSV table as well.  NULL without memory. */
struct json_object *row_data_create(const struct store_history *entry);

#endif
