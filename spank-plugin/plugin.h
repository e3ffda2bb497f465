/* What the plugin was told, for its parts: srun.h and step.h, one for each of Slurm's programs
 * that load it. */
#ifndef FARMLOCK_SPANK_PLUGIN_H
#define FARMLOCK_SPANK_PLUGIN_H

#include "settings.h"

/* What the plugin was told; valid from slurm_spank_init() on. */
struct plugin {
    struct settings settings;
    int wish; /* of the user, by --pidwatch: 1 on, 0 off, below 0 none */
};

#endif
