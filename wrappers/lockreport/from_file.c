/* A report from a state file.
 * Must not know how the file is laid out. */
#include "from_file.h"

#include "store/reader.h"

static int tell_offline(void *context, const struct store_unusable *unusable)
{
    const struct report_target *target = context;
    const struct offline_lock lock = {.name = (char *)unusable->name,
                                      .reason = (char *)unusable->reason,
                                      .until_ms = unusable->until_ms};

    return target->tell_offline(target->context, &lock);
}

static void last_first(void *context)
{
    const struct report_target *target = context;

    target->last_first(target->context);
}

int from_file_read(const struct report_target *target, const char *path,
                   char error[REPORT_ERROR_SIZE])
{
    const struct store_reader reader = {
        .path = path,
        .since_ms = target->since_ms,
        .until_ms = target->until_ms,
        .last_first = target->last_first != NULL ? last_first : NULL,
        .only = target->only,
        .on_entry = report_target_take,
        .on_offline = target->tell_offline != NULL ? tell_offline : NULL,
        .context = (void *)target,
    };

    return store_reader_read(&reader, error, REPORT_ERROR_SIZE);
}
