/*
 * claim_text.h - a claim of an identity's token as text, for templates.
 */
#ifndef WORKER_FLOW_CLAIM_TEXT_H
#define WORKER_FLOW_CLAIM_TEXT_H

#include "common/base/arena.h"
#include "worker/flow/identity.h"

/*
 * A string, a number or a boolean; of a list, those in it, joined by ",". "a.b"
 * is b within a. Empty when there is none, for anything else, without an
 * identity (NULL) and without memory. In the arena, or in the identity.
 */
struct slice
claim_text(const struct identity *id, struct slice name, struct arena *a);

#endif
