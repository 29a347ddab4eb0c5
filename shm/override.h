/*
 * override.h - what operators have changed at run time: the state and the
 * weight of endpoints, by service and name (the configured address, or one of
 * the addresses that a name stands for). Kept over reloads and the master's
 * death, until the configuration changes that very item. Master only.
 */
#ifndef SHM_OVERRIDE_H
#define SHM_OVERRIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/slice.h"
#include "shm/region.h"
#include "shm/vital.h"

struct override {
	bool has_state, has_weight;
	enum endpoint_admin state;
	uint32_t weight; /* below 2^30 - 1, as conf_weight */
	/* What the configuration said at the time. */
	enum endpoint_admin conf_state;
	uint32_t conf_weight;
};

/* What was changed of (service, name); false: nothing. */
bool override_find(const struct region *r, uint32_t service, struct slice name,
    struct override *o);

/*
 * Keeps o for (service, name); with neither state nor weight: forgets it.
 * False: no room, or the name is empty or longer than ENDPOINT_LABEL_MAX.
 */
bool override_set(struct region *r, uint32_t service, struct slice name,
    const struct override *o);

/* A service has left the configuration: all of its changes are forgotten. */
void override_drop_service(struct region *r, uint32_t service);

/*
 * Number i of those in use, in no order; false: there are not so many. The name
 * lives as long as the entry.
 */
bool override_at(const struct region *r, uint32_t i, uint32_t *service,
    struct slice *name, struct override *o);

#endif
