/*
 * layout_access.h - the part of layout.h that is about identity: keys, and what
 * holds no more.
 */
#ifndef SHM_LAYOUT_ACCESS_H
#define SHM_LAYOUT_ACCESS_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>

#include "shm/layout_sizes.h"

/* Master. Complete when its index is below control.keysets; never freed. */
struct shm_keyset {
	alignas(SHM_APART) _Atomic uint64_t at; /* offset in images; 0: none */
	_Atomic uint64_t want_us;   /* workers: somebody lacks a key since */
	_Atomic uint64_t calm_us;   /* until then nobody is to */
	_Atomic int64_t fetched_us; /* wall clock; 0: never */
	uint32_t name_bytes, spare;
	char name[KEYSET_NAME_MAX + 1];
};

/* Master. */
struct shm_revoked {
	_Atomic uint32_t used; /* stored last */
	uint32_t kind;
	int64_t before_s, until_s;
	uint32_t name_bytes, value_bytes;
	char name[REVOKE_NAME_MAX], value[REVOKE_TEXT_MAX];
};

/* Master. Open addressing; no place is ever emptied that is passed by. */
struct shm_revocation {
	_Atomic uint64_t key;  /* 0: empty, 1: to be passed by */
	_Atomic uint64_t word; /* {before_s:48, number in revoked:16} */
};

struct shm_family {
	_Atomic uint64_t key;  /* who has claimed the place */
	_Atomic uint64_t word; /* {version:12, expires:34, turn:16, state:2} */
};

/* `touched` has a bit per block that is in use. */
struct shm_families {
	alignas(SHM_PAGE) struct shm_family place[FAMILIES_MAX];
	_Atomic uint64_t touched[FAMILIES_MAX / FAMILY_BLOCK / 64];
	/* Of each slot: 1 + the place that it is about to claim; its process,
	 * and the keeper once it is reaped. */
	_Atomic uint32_t claim[WORKERS_MAX + 1];
};

_Static_assert(sizeof(struct shm_keyset) == 384, "keyset");
_Static_assert(sizeof(struct shm_revoked) == 296, "revoked");
_Static_assert(sizeof(struct shm_family) * FAMILY_BLOCK == SHM_PAGE,
    "a block of families is a page");
_Static_assert(REVOKED_MAX <= 65536, "16 bits in shm_revocation.word");

#endif
