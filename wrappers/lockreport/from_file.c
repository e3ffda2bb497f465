/* A report from a state file.
 * Must not know how the file is laid out. */
#include "from_file.h"

#include "store/reader.h"

static int add(void *context, const struct store_history *entry)
{
    return report_add(context, entry);
}

int from_file_read(struct report *report, const char *path, char error[REPORT_ERROR_SIZE])
{
    const struct store_reader reader = {
        .path = path,
        .since_ms = report_since_ms(report),
        .until_ms = report_until_ms(report),
        .on_entry = add,
        .context = report,
    };

    return store_reader_read(&reader, error, REPORT_ERROR_SIZE);
}
