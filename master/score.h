/*
 * score.h - how well each endpoint of a service does beside its siblings: its
 * success rate over theirs, times their latency over its own.
 *
 *	 1     as good as the others        below 0.3  excluded
 *	 0.5   fails half, or four times    from 0.5   taken back
 *	       as slow as the others
 *
 * The middle one of the siblings is the measure, the better of two. Means run
 * over about ten seconds; what gets no traffic is forgiven by and by, so that
 * it is tried again. Where a service says `health_score`, the score scales the
 * weight and excludes; else it is only shown, and ranks for classes.
 */
#ifndef MASTER_SCORE_H
#define MASTER_SCORE_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/registry.h"

struct scores;

struct scores *scores_new(struct region *r); /* no memory is fatal */
void scores_free(struct scores *s);

/*
 * Looks at the endpoints of one service, `elapsed_us` after the last time, and
 * writes their scores into the vitals. `excludes`: the service minds them.
 */
void scores_look(struct scores *s, const struct eset *set, bool excludes,
    uint64_t elapsed_us);

/* What the score leaves of the endpoint's weight: 1..VITAL_SHARE_FULL. */
uint32_t
scores_share(const struct scores *s, struct endpoint_handle h, bool excludes);

#endif
