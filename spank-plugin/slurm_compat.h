/* The one place that knows how releases of Slurm differ, as far as the plugin is concerned.
 * 22.05 is the oldest that it is built with. */
#ifndef FARMLOCK_SPANK_SLURM_COMPAT_H
#define FARMLOCK_SPANK_SLURM_COMPAT_H

/* What Slurm looks up in the plugin is declared in there. */
#pragma GCC visibility push(default)
#include <slurm/slurm.h>
#include <slurm/slurm_version.h>
#include <slurm/spank.h>
#pragma GCC visibility pop

#if SLURM_VERSION_NUMBER < SLURM_VERSION_NUM(22, 5, 0)
#error "this plugin needs the headers of Slurm 22.05 or newer"
#endif

#endif
