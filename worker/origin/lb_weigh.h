/*
 * lb_weigh.h - draws members at random by their weights, each draw in constant
 * time (Walker's alias method).
 */
#ifndef WORKER_ORIGIN_LB_WEIGH_H
#define WORKER_ORIGIN_LB_WEIGH_H

#include "worker/origin/lb.h"

/* Makes s->own, for lb_weigh_draw. False without memory. */
bool lb_weigh_prepare(struct lb_state *s, const struct lb_tier *t);

/* A member that is not skipped and is not `other` if that can be. */
uint32_t lb_weigh_draw(struct lb_state *s, const struct lb_tier *t,
    const struct balance_ask *ask, uint32_t other);
#define LB_WEIGH_ANY UINT32_MAX

/* The mean weight of the members. */
double lb_weigh_mean(const struct lb_state *s);

#endif
