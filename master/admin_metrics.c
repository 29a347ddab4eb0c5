/*
 * admin_metrics.c - see admin_metrics.h. Reads the region, /proc and what the
 * master knows; no worker notices.
 */
#include "master/admin_metrics.h"

#include "master/admin_auths.h"
#include "master/admin_bans.h"
#include "master/admin_certs.h"
#include "master/admin_limits.h"
#include "master/admin_names.h"
#include "master/prom_breakers.h"
#include "master/prom_endpoints.h"
#include "master/prom_gateway.h"
#include "master/prom_readers.h"

void
admin_metrics_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r)
{
	const struct region *region = &a->in->region;
	struct prom p = { .out = &r->body, .open = prom_accept(q->accept) };

	r->type = p.open ? PROM_OPEN_TYPE : PROM_TEXT_TYPE;
	prom_gateway_write(region, &p);
	prom_endpoints_write(region, &p);
	prom_breakers_write(region, &p);
	prom_probes_write(a->probes, &p);
	admin_names_prom(&a->reload->names, &p);
	admin_certs_prom(reload_current(region), &p);
	admin_auths_prom(a->access, &p);
	admin_bans_prom(region, &p);
	admin_limits_prom(region, &p);
	prom_readers_write(region, reload_current(region), &p);
	prom_end(&p);
}
