/* What the administrator has written behind the plugin's name in plugstack.conf. */
#ifndef FARMLOCK_SPANK_SETTINGS_H
#define FARMLOCK_SPANK_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

struct settings {
    bool on;                      /* watch steps whose user says nothing about it */
    int signal;                   /* for tasks whose srun is dead */
    int64_t grace_ms;             /* before SIGKILL */
    bool cancel;                  /* an allocation that nobody is left to use */
    int64_t unreachable_ms;       /* silence of srun's host that counts as death; below 0: none */
    uint16_t pidstatd_port;       /* 0 for the default */
    bool classic_pidstatd;        /* one of the classic package is believed */
    uint16_t port_low, port_high; /* where srun listens; 0 for any port */
};

void settings_init(struct settings *settings);

/* Takes the words of plugstack.conf.  A word that is not understood changes nothing, and is passed
 * to `complain` as it is: it may hold any bytes.
 */
void settings_parse(struct settings *settings, int argc, char **argv,
                    void (*complain)(void *context, const char *word), void *context);

/* Parses the argument of --pidwatch.  Returns 1 for "on", 0 for "off", else -1. */
int settings_parse_switch(const char *text);

#endif
