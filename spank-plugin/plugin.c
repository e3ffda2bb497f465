/* The functions that Slurm calls, and which part of the plugin is meant in which program.
 * Must not return anything but success: a failure could end a job or drain a node. */

#include "base/text.h"
#include "slurm_compat.h"
#include "srun.h"
#include "step.h"

#pragma GCC visibility push(default)
/* cppcheck-suppress unknownMacro */
SPANK_PLUGIN(pidwatch, 1)
#pragma GCC visibility pop

static struct plugin plugin;

/* Called here and there, and more than once.  A wrong word is the user's to hear about, at the
 * command line; on a node it is too late. */
static int take_option(int value, const char *argument, int remote)
{
    int wish = settings_parse_switch(argument);

    (void)value;
    if (wish >= 0)
        plugin.wish = wish;
    else if (!remote)
        slurm_error("pidwatch: --pidwatch takes 'on' or 'off'");
    return wish >= 0 || remote ? 0 : -1;
}

static void register_option(spank_t spank)
{
    static char name[] = "pidwatch", argument[] = "on|off";
    static char usage[] = "end the step's tasks when its srun has died";
    static struct spank_option option = {name, argument, usage, 1, 0, take_option};

    spank_option_register(spank, &option);
}

static void complain(void *context, const char *word)
{
    char shown[256];
    size_t len = 0;

    while (len < 200 && word[len] != '\0')
        len++;
    text_clean(shown, sizeof shown, word, len);
    if (*(const bool *)context)
        slurm_error("pidwatch: plugstack.conf: '%s' is not understood and was left out; see "
                    "pidwatch-spank(8)",
                    shown);
}

/* Users need not read about it. */
static bool has_log(spank_context_t where)
{
    return where == S_CTX_REMOTE || where == S_CTX_SLURMD;
}

int slurm_spank_init(spank_t spank, int argc, char *argv[])
{
    spank_context_t where = spank_context();
    bool logs = has_log(where);

    plugin.wish = -1;
    settings_init(&plugin.settings);
    settings_parse(&plugin.settings, argc, argv, complain, &logs);
    if (where == S_CTX_ALLOCATOR)
        srun_forget_outer_option();
    if (where == S_CTX_LOCAL || where == S_CTX_REMOTE || where == S_CTX_ALLOCATOR)
        register_option(spank);
    return 0;
}

int slurm_spank_init_post_opt(spank_t spank, int argc, char *argv[])
{
    (void)argc;
    (void)argv;
    if (spank_context() == S_CTX_LOCAL)
        srun_begin(&plugin);
    else if (spank_context() == S_CTX_ALLOCATOR)
        srun_begin_allocator();
    else if (spank_context() == S_CTX_REMOTE)
        step_begin(&plugin, spank);
    return 0;
}

int slurm_spank_task_post_fork(spank_t spank, int argc, char *argv[])
{
    (void)argc;
    (void)argv;
    step_add_task(&plugin, spank);
    return 0;
}

int slurm_spank_task_exit(spank_t spank, int argc, char *argv[])
{
    (void)argc;
    (void)argv;
    step_take_reports(&plugin, spank);
    return 0;
}

int slurm_spank_exit(spank_t spank, int argc, char *argv[])
{
    (void)argc;
    (void)argv;
    if (spank_context() == S_CTX_REMOTE)
        step_end(&plugin, spank);
    return 0;
}
