/* Asking the pidstatd of other hosts for the processes of requests. */
#ifndef FARMLOCK_SERVER_OWNER_ASKER_H
#define FARMLOCK_SERVER_OWNER_ASKER_H

#include "pidstat/asker.h"
#include "server.h"

/* Whether anybody can be asked about the process of a request: its host is known, and the server is
 * to ask at all.  Of one in a container the host is the one that it came from, whatever that is
 * called in there; its start and boot have to be known too. */
bool owner_asker_can_ask(const struct ipclocker_server *server, const struct lock_request *request);

/* For whom something is asked: who has the address `peer`, see base/ip_text.h.  What is asked since
 * somebody there has reported a death has a turn of its own, as reports may be many and false. */
struct owner_turn {
    const unsigned char *peer;
    bool is_report;
};

/* Asks about the process of a request in its turn; `flags` as in pidstat/asker.h.  What is not
 * ASK_STANDING has its answer within 3 seconds. Returns as pidstat_asker_ask(); NULL also without
 * descriptors, which is logged. */
struct asker_question *owner_asker_ask(struct ipclocker_server *server,
                                       const struct lock_request *request,
                                       const struct owner_turn *turn, unsigned flags,
                                       pidstat_asker_fn *function, void *context);

/* Asks the host of a request, again and again, until it says that its boot is another one than the
 * request's: PIDSTAT_GONE.  Returns as the other one. */
struct asker_question *owner_asker_ask_boot(struct ipclocker_server *server,
                                            const struct lock_request *request,
                                            pidstat_asker_fn *function, void *context);

/* Frees the asker, without a call. */
void owner_asker_fini(struct ipclocker_server *server);

#endif
