/* Reading a daemon's configuration file while it runs. */
#ifndef FARMLOCK_DAEMON_CONFIG_H
#define FARMLOCK_DAEMON_CONFIG_H

#include <stdbool.h>

#include "config/options.h"

/* Reads the file anew, into `settings`, and logs what there is to say.  *file is for the caller to
 * free after the settings, NULL where there is none.  False: there is a fault, and nothing is to be
 * changed. */
bool daemon_config_again(const struct conf_options *options, void *settings, struct conf **file);

/* Logs what has become of it. */
void daemon_config_is_taken(const struct conf_options *options);
void daemon_config_is_faulty(const struct conf_options *options);

#endif
