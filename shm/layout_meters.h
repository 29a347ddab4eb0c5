/*
 * layout_meters.h - the part of layout.h that metrics are made of: counters,
 * series, durations, and examples of them.
 */
#ifndef SHM_LAYOUT_METERS_H
#define SHM_LAYOUT_METERS_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>

#include "shm/layout_sizes.h"

struct shm_meters {
	alignas(SHM_APART) _Atomic uint64_t counters[COUNTERS_MAX];
	_Atomic uint64_t series_folded;
	_Atomic uint64_t spare;
	_Atomic uint64_t whys[WHYS_MAX];
};

struct shm_series_entry {
	_Atomic uint64_t key, count;
};

/* The worker. Open addressing; `touched` has a bit per block that is in use. */
struct shm_series {
	alignas(SHM_PAGE) struct shm_series_entry entries[SERIES_PLACES];
	_Atomic uint64_t touched[SERIES_PLACES / SERIES_BLOCK / 64];
	_Atomic uint32_t used;
};

/* The worker. The sum is in the line of what takes a millisecond or less. */
struct shm_histo {
	_Atomic uint64_t sum_us;
	_Atomic uint64_t buckets[HISTO_BUCKETS];
};

struct shm_histos {
	/* Row 0: no service; row s + 1: service s. */
	alignas(
	    SHM_APART) struct shm_histo row[SERVICES_MAX + 1][HISTO_KINDS_MAX];
	/* Of routes and of endpoints: rows of histo_owners. */
	struct shm_histo own[HISTO_OWNERS][HISTO_OWN_MAX];
};

/*
 * Who has a histogram of its own: row n is keys[n]'s, for good. Workers, by
 * compare-and-swap, see histo_own.h.
 */
struct shm_histo_owners {
	alignas(SHM_APART) _Atomic uint32_t max; /* the master */
	_Atomic uint32_t used;                   /* all below are in places */
	_Atomic uint32_t keys[HISTO_OWN_MAX];    /* {1:1, a:18, service:13} */
	/* {key:32, row:32}; open addressing. */
	_Atomic uint64_t places[2 * HISTO_OWN_MAX];
};

/* A request of a bucket; see exemplar.h. Any worker, word by word. */
struct shm_exemplar {
	_Atomic uint64_t trace[2], us;
	_Atomic int64_t wall_us;
	_Atomic uint64_t check; /* of the others; stored last */
};

struct shm_exemplars {
	alignas(SHM_PAGE) _Atomic uint32_t any; /* 0: no page was touched */
	struct shm_exemplar row[HISTO_OWN_MAX][HISTO_BUCKETS];
};

_Static_assert(sizeof(struct shm_meters) == 2048, "meters");
_Static_assert(sizeof(struct shm_histo) == 192, "histo");
_Static_assert(sizeof(struct shm_exemplar) == 40, "exemplar");
_Static_assert(sizeof(struct shm_series_entry) * SERIES_BLOCK == SHM_PAGE,
    "a block of series is a page");

#endif
