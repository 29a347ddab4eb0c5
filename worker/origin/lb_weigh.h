/*
 * lb_weigh.h - draws members at random by their weights, each draw in constant
 * time (Walker's alias method).
 */
#ifndef WORKER_ORIGIN_LB_WEIGH_H
#define WORKER_ORIGIN_LB_WEIGH_H

#include "worker/origin/lb.h"

/* Makes s->own, for lb_weigh_draw. False without memory. */
bool lb_weigh_prepare(struct lb_state *s, const struct lb_tier *t);

/*
 * A member that is not skipped and, if that can be, is not `other`; by weight
 * and share. LB_NONE: all are skipped.
 */
uint32_t lb_weigh_draw(struct lb_state *s, const struct lb_tier *t,
    const struct balance_ask *ask, uint32_t other);

/* The mean weight of the members, whatever their shares. */
double lb_weigh_mean(const struct lb_state *s);

#endif
