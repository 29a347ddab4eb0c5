/*
 * secure_state.h - what the rooms of the TLS policies share:
 *
 *	secure.c        what is kept, and for how long
 *	secure_make.c   how it is made of what is published
 *	secure_hooks.c  what handshakes ask
 */
#ifndef WORKER_FLOW_SECURE_STATE_H
#define WORKER_FLOW_SECURE_STATE_H

#include "common/base/map.h"
#include "shm/image.h"
#include "worker/flow/env.h"
#include "worker/flow/secure.h"

/* In the order in which they are made. */
enum secure_kind {
	SECURE_IDENTITY, /* by the hash of chain, key and staple */
	SECURE_TRUST,    /* by that of authorities and lists */
	SECURE_SERVER,   /* by that of what a listener asks for; a trust */
	SECURE_CLIENT,   /* of a service; a trust, an identity */
	SECURE_KINDS
};

/* A listener, as the hooks know it. */
struct secure_place {
	struct secure *secure;
	struct addr local;
};

struct secure {
	struct env *env;
	struct map kept[SECURE_KINDS]; /* by hash: struct kept */
	struct map places;             /* struct secure_place, for ever */
	const struct img_head *img;    /* of this round; only compared */
	uint64_t generation, round;
	uint32_t kind, next; /* what the walk over img is at */
	bool walking;
};

/* ---- secure.c ---- */

/*
 * Entry `index` of its kind in img: the one that is kept, or a new one. NULL
 * without memory.
 */
void *secure_get(struct secure *s, const struct img_head *img,
    const char *secrets, enum secure_kind kind, uint32_t index);

/* ---- secure_make.c ---- */

/* Makes that one; what it rests on comes from secure_get. */
void *secure_make(struct secure *s, const struct img_head *img,
    const char *secrets, enum secure_kind kind, uint32_t index);
void secure_unmake(enum secure_kind kind, void *made);

/* ---- secure_hooks.c ---- */

/* Their ctx is a struct secure_place. */
extern const struct tls_hooks secure_hooks;

#endif
