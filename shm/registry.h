/*
 * registry.h - services, endpoints and route rows by stable slots.
 *
 * Written by the master alone; read by workers within a turn. State hangs on
 * names, so it survives reloads and the death of any process. An endpoint's
 * address never changes: a new address is a new slot.
 */
#ifndef SHM_REGISTRY_H
#define SHM_REGISTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/must.h"
#include "common/base/slice.h"
#include "common/net/addr.h"
#include "shm/img_ref.h"
#include "shm/region.h"
#include "shm/step.h"
#include "shm/vital.h"

#define REGISTRY_NONE UINT32_MAX

struct endpoint_handle {
	uint32_t index;
	uint32_t tag;
};

/* One member of a published endpoint set. */
struct eset_member {
	struct endpoint_handle handle;
	struct addr addr;
	uint32_t weight; /* 1.. */
	uint64_t manner; /* how it is spoken to: img_service.manner */
};

/* A service's endpoints: immutable once published, an extent of its own. */
struct eset {
	uint64_t version; /* grows with every publish in the region */
	uint32_t count;
	uint32_t primaries; /* they come first; the others are backups */
	uint32_t near;      /* primaries of the own zone: the first of all */
	uint32_t total_weight;
	struct eset_member members[];
};

/* ---- worker, within a turn ---- */

/* The service's current set; NULL when it has none. */
const struct eset *registry_set(const struct region *r, uint32_t service);

/* False when the slot was freed (or reused) since the handle was made. */
bool registry_endpoint_alive(const struct region *r, struct endpoint_handle h);

/* The same, and still named by its service's set: worth keeping idle
 * connections for. */
bool registry_endpoint_live(const struct region *r, struct endpoint_handle h);

/* "10.0.0.1:80"; the label is the address as configured. */
struct slice registry_endpoint_text(const struct region *r, uint32_t index);
struct slice registry_endpoint_label(const struct region *r, uint32_t index);
struct slice registry_service_name(const struct region *r, uint32_t service);
struct slice registry_route_name(const struct region *r, uint32_t row);

/* Where that is, for who does not want to look at the row; and what is there,
 * of a name without bytes nothing. */
struct img_name registry_route_named(const struct region *r, uint32_t row);
struct slice registry_name(const struct region *r, struct img_name name);

/*
 * Rows per (worker, endpoint), written by worker w alone: exchanges running
 * (active) and idle connections kept (pooled). `by` is +1 or -1. A connection
 * that moves from one to the other is added there before it is taken away here,
 * so that its endpoint is never seen unused.
 */
#define REGISTRY_ROW_POOLED (UINT64_C(1) << 32) /* in the upper half */

static inline void
registry_row_add(
    const struct region *r, uint32_t w, uint32_t index, int by, uint64_t unit)
{
	MUST(w < WORKERS_MAX && index < ENDPOINTS_MAX);
	_Atomic uint64_t *row = &r->state->rows[w].endpoint[index];
	uint64_t v = atomic_load_explicit(row, memory_order_relaxed);
	uint32_t half = (uint32_t)(v / unit);

	MUST(by > 0 || half >= (uint32_t)-by);
	SHM_STEP("row");
	atomic_store_explicit(
	    row, v + (uint64_t)(int64_t)by * unit, memory_order_release);
}

static inline void
registry_active_add(const struct region *r, uint32_t w, uint32_t index, int by)
{
	registry_row_add(r, w, index, by, 1);
}

static inline void
registry_pooled_add(const struct region *r, uint32_t w, uint32_t index, int by)
{
	registry_row_add(r, w, index, by, REGISTRY_ROW_POOLED);
}

/* Of worker w alone. */
uint32_t registry_active_of(const struct region *r, uint32_t w, uint32_t index);
uint32_t registry_pooled_of(const struct region *r, uint32_t w, uint32_t index);
/* Sums over workers. */
uint32_t registry_active(const struct region *r, uint32_t index);
uint32_t registry_pooled(const struct region *r, uint32_t index);

/* ---- master only ---- */

/* The slot of a service by name, made when absent; REGISTRY_NONE when full. */
uint32_t registry_service(struct region *r, struct slice name);

/* The counter row of a route by name; when full, the shared overflow row 0. */
uint32_t registry_route(struct region *r, struct slice name);

struct eset_want {
	struct addr addr;
	struct slice label;
	uint32_t weight;
	uint64_t manner;
	bool backup;
	bool near; /* in the gateway's own zone */
	bool slow; /* starts slowly, if it is new in a set that was there */
	enum endpoint_admin admin;
	enum change_cause cause; /* of a change of `admin`, of being added */
};

/*
 * Publishes a service's endpoint set: slots are found by (service, address) or
 * made; members keep the order of `want` within near primaries, other
 * primaries, backups. A set equal to the current one is left alone. The old
 * set and the endpoints that no set names any more are retired. An address
 * that is named twice becomes one member with the sum of the weights, of the
 * first of those kinds that it is named as, and otherwise as the first of that
 * kind says. False (nothing changed) when slots or space lack.
 *
 * Vitals: of a new endpoint nothing is known; one that was retired and not
 * freed yet keeps its own. `admin` is applied to all, also when nothing else
 * changes.
 */
bool registry_publish_set(struct region *r, uint32_t service,
    const struct eset_want *want, uint32_t count);

/* A service that no image names any more: its endpoints are retired. */
void registry_retire_service(struct region *r, uint32_t service);

/*
 * Frees retired sets that no worker can see, and retired endpoints (tag + 1)
 * that no worker can see and whose active and pooled sums are zero.
 */
void registry_reclaim(struct region *r);

/* After a master died in the middle of any of the above. */
void registry_recover_master(struct region *r);

/* Forgets the master's own indexes; they are made anew from the region. */
void registry_map_drop(struct region *r);

/* After worker w was reaped: zeroes its rows. */
void registry_recover_worker(struct region *r, uint32_t w);

/* ---- for status ---- */
enum endpoint_state { ENDPOINT_FREE, ENDPOINT_LIVE, ENDPOINT_RETIRED };
struct endpoint_info {
	uint32_t state, tag, service, weight, active, pooled;
};
bool registry_endpoint_info(
    const struct region *r, uint32_t index, struct endpoint_info *i);

#endif
