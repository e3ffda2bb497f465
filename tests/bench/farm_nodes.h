/* The nodes of a farm in a box: what befalls them, and what their pidstatd answers. */
#ifndef FARMLOCK_BENCH_FARM_NODES_H
#define FARMLOCK_BENCH_FARM_NODES_H

#include <stdint.h>

#include "farm_client.h"

/* The pidstatd of all nodes: a socket at a port of all addresses; dies where there is none. */
int farm_nodes_listen(uint16_t port);

/* Answers the questions that have come there, for nodes that have a network. */
void farm_nodes_answer(struct farm *farm, int fd);

/* Whether a node has a network. */
bool farm_nodes_reach(const struct farm *farm, uint32_t node);

/* Something befalls a node; a timer of kind TIMER_BACK is set for its end. */
void farm_nodes_suffer(struct farm *farm, const struct trouble *trouble);

/* Such a timer has come. */
void farm_nodes_come_back(struct farm *farm, uint32_t node);

#endif
