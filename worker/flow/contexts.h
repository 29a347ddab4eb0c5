/*
 * contexts.h - this process's companions of what lies in shared memory:
 * compiled regular expressions, keyed by their text, shared by generations,
 * built on first use (or ahead of it in idle turns).
 */
#ifndef WORKER_FLOW_CONTEXTS_H
#define WORKER_FLOW_CONTEXTS_H

#include <stddef.h>
#include <stdint.h>

#include "shm/image.h"

struct contexts;

struct contexts *contexts_new(void);
void contexts_free(struct contexts *ctx);

/*
 * Once per turn with the current image: notes a change of generation (drops
 * what no longer is named, starts compiling ahead). Does at most `budget_us`
 * of work; cheap when there is nothing to do.
 */
void contexts_turn(
    struct contexts *ctx, const struct img_head *img, uint64_t budget_us);

/* How many expressions it holds. */
size_t contexts_count(const struct contexts *ctx);

/*
 * Matches subject against the expression `text`; up to `max` capture groups
 * (1..) go to captures. -1: no match (also at the match limit), else the
 * number of captures.
 */
int contexts_match(struct contexts *ctx, struct slice text,
    struct slice subject, struct slice *captures, int max);

#endif
