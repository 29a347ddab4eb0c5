/*
 * operate.h - what operators change at run time: the state and the weight of
 * endpoints. Kept in shm/override and put into force by publishing the set
 * anew, so that every worker sees it at once.
 */
#ifndef MASTER_OPERATE_H
#define MASTER_OPERATE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/text.h"
#include "master/lookup.h"
#include "master/reload.h"
#include "shm/vital.h"

enum operate_what {
	OPERATE_KEEP,       /* as it is */
	OPERATE_SET,        /* as given */
	OPERATE_CONFIGURED, /* as the configuration says */
};

struct operate_change {
	enum operate_what admin_what, weight_what;
	enum endpoint_admin admin;
	uint32_t weight; /* 1..1000 */
};

/*
 * Changes an endpoint that was found. What is then as it would be anyway is
 * not kept as a change. What was changed of one address of a name wins over
 * what was changed of the name. READY also takes back what real requests have
 * marked. False: no room; nothing has changed.
 */
bool operate_apply(
    struct reload *rl, const struct lookup *l, const struct operate_change *c);

/*
 * Everything that is changed, as text for a configuration file: the list of
 * the endpoints of each service concerned. What is changed of one address of a
 * name cannot be configured: it is a comment. img may be NULL.
 */
void operate_export(
    const struct region *r, const struct img_head *img, struct text *out);

#endif
