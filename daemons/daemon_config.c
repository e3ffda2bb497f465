/* A daemon's configuration, read anew while it runs.
 * Must not change anything: who calls does, where there is no fault. */
#include "daemon_config.h"

#include "log.h"

static void log_fault(void *context, const char *text)
{
    log_line(*(const int *)context, "%s", text);
}

bool daemon_config_again(const struct conf_options *options, void *settings, struct conf **file)
{
    int error = LOG_ERR, warning = LOG_WARNING;
    struct conf_faults faults = {.tell = log_fault, .context = &error};
    struct conf_faults late = {.tell = log_fault, .context = &warning};

    if (conf_options_again(options, settings, file, &faults, &late) != 0) {
        daemon_config_is_faulty(options);
        return false;
    }
    return true;
}

void daemon_config_is_taken(const struct conf_options *options)
{
    if (options->path != NULL)
        log_line(LOG_INFO, "%s was read anew", options->path);
}

void daemon_config_is_faulty(const struct conf_options *options)
{
    log_line(LOG_ERR, "the configuration stays as it was, as %s has faults", options->path);
}
