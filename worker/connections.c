/*
 * connections.c - see connections.h.
 */
#include "worker/connections.h"

#include "shm/client_key.h"
#include "shm/image.h"
#include "shm/keyed.h"
#include "worker/flow/trust.h"
#include "worker/watch/offences.h"
#include "worker/watch/record.h"

bool
connections_take(struct env *e, const struct addr *a, uint32_t *ticket)
{
	const struct img_head *img = e->view.image;
	uint32_t max = img != NULL ? img->limits.connections_per_address : 0;

	*ticket = PERMIT_NONE;
	if (max == 0 || trust_has(img, a))
		return true;
	switch (keyed_take(
	    &e->permits, client_key(e->region, 'c', a), max, ticket)) {
	case KEYED_TAKEN:
		break;
	case KEYED_REFUSED:
		env_count(e, COUNTER_CONNECTIONS_OVER_ADDRESS, 1);
		offences_of_peer(e, a, WHY_TOO_MANY_CONNECTIONS);
		record_peer(e, a, WHY_TOO_MANY_CONNECTIONS);
		return false;
	case KEYED_UNCOUNTED:
		env_count(e, COUNTER_CONNECTIONS_UNCOUNTED, 1);
		break;
	}
	return true;
}

void
connections_drop(struct env *e, uint32_t ticket)
{
	if (ticket != PERMIT_NONE)
		permit_drop(&e->permits, ticket);
}
