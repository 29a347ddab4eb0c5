/*
 * admin_names.c - see admin_names.h.
 */
#include "master/admin_names.h"

#include "common/base/clock.h"
#include "common/base/json.h"

/* How long ago; null: never. */
static void
names_age(struct json *j, const char *key, uint64_t then_us)
{
	if (then_us == 0)
		json_add_null(j, key);
	else
		json_add_seconds(j, key,
		    mono_diff_us(clock_now(), (struct mono){ then_us }));
}

static void
names_addresses(struct json *j, const struct resolve_name *n)
{
	struct resolve_walk walk = { 0 };
	struct resolve_place p;
	char text[ADDR_TEXT_MAX];

	json_array_begin(j, "addresses");
	while (resolve_name_next(n, &walk, &p))
		json_add_string(j, NULL,
		    slice_make(text,
			p.addr.port != 0 ? addr_text(&p.addr, text)
					 : addr_ip_text(&p.addr, text)));
	json_array_end(j);
}

static void
names_write_one(struct json *j, const struct resolve_name *n)
{
	json_object_begin(j, NULL);
	json_add_string(j, "name", slice_str(n->host));
	json_add_string(j, "kind",
	    n->kind == IMG_ENDPOINT_SRV ? SLICE_LIT("srv") : SLICE_LIT("host"));
	json_add_string(j, "state", slice_str(resolve_name_state(n)));
	json_add_bool(j, "configured", n->wanted);
	names_age(j, "age", n->ok_us);
	json_add_seconds(j, "ttl", n->ttl_us);
	json_add_uint(j, "failures", n->fails);
	names_age(j, "failed_age", n->failed_us);
	json_add_string(j, "error", slice_str(n->why));
	names_addresses(j, n);
	json_object_end(j);
}

void
admin_names_write(struct resolver *names, struct text *out)
{
	struct resolve_name *n = NULL;
	struct json j;

	json_init(&j, out);
	json_object_begin(&j, NULL);
	json_array_begin(&j, "names");
	while ((n = resolver_next(names, n)) != NULL)
		names_write_one(&j, n);
	json_array_end(&j);
	json_object_end(&j);
}

void
admin_names_prom(struct resolver *names, struct prom *p)
{
	uint64_t resolved = 0, failing = 0, unresolved = 0;
	struct resolve_name *n = NULL;

	while ((n = resolver_next(names, n)) != NULL)
		if (n->ok_us == 0)
			unresolved++;
		else if (n->fails != 0)
			failing++;
		else
			resolved++;
	prom_family(p, METRIC_NAMES);
	prom_pair(p, "state", "resolved", resolved);
	prom_pair(p, "state", "failing", failing);
	prom_pair(p, "state", "unresolved", unresolved);
	prom_family(p, METRIC_NAME_RESOLUTIONS);
	prom_pair(p, "outcome", "ok", names->ok);
	prom_pair(p, "outcome", "failed", names->failed);
}
