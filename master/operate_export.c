/*
 * operate_export.c - operators' changes as configuration text.
 */
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/environ.h"
#include "common/base/must.h"
#include "master/operate.h"
#include "shm/override.h"

/* One change. */
struct kept {
	uint32_t slot;
	struct slice name;
	struct override o;
};

struct export
{
	const struct region *r;
	const struct img_head *img;
	struct text *out;
	struct kept *kept;
	uint32_t count;
};

/* A string as libconfig reads it, after the environment was looked up. */
static void
export_string(struct text *out, const char *key, struct slice value)
{
	struct text plain = { 0 }, safe = { 0 };

	text_add(&plain, value);
	text_add_char(&plain, '\0');
	environ_protect(&safe, plain.p);
	text_printf(out, " %s = \"", key);
	for (size_t i = 0; i < safe.n; i++) {
		unsigned char c = (unsigned char)safe.p[i];

		if (c < 0x20 || c == 0x7f) {
			text_printf(out, "\\x%02x", c);
			continue;
		}
		if (c == '"' || c == '\\')
			text_add_char(out, '\\');
		text_add_char(out, (char)c);
	}
	text_add(out, SLICE_LIT("\";"));
	text_fini(&plain);
	text_fini(&safe);
}

static void
export_endpoint(const struct export *x, const struct img_service *s,
    const struct img_endpoint *e)
{
	struct slice label = img_slice(x->img, e->label);
	struct text *out = x->out;
	struct override o = { 0 };
	enum endpoint_admin state;
	uint32_t weight;

	(void)override_find(x->r, s->slot, label, &o);
	state = o.has_state ? o.state : e->admin;
	weight = o.has_weight ? o.weight : e->weight;
	text_add(out, SLICE_LIT("      {"));
	export_string(out, "address", label);
	if (weight != 1)
		text_printf(out, " weight = %u;", weight);
	if (e->backup != 0)
		text_add(out, SLICE_LIT(" backup = true;"));
	if (e->zone.len != 0)
		export_string(out, "zone", img_slice(x->img, e->zone));
	if (state != ADMIN_READY)
		text_printf(
		    out, " state = \"%s\";", endpoint_admin_name(state));
	text_add(out, SLICE_LIT(" }"));
}

static bool
export_configures(
    const struct export *x, const struct img_service *s, struct slice name)
{
	const struct img_endpoint *e = img_at(x->img, s->endpoints.off);

	for (uint32_t i = 0; i < s->endpoints.count; i++)
		if (slice_eq(img_slice(x->img, e[i].label), name))
			return true;
	return false;
}

/* What cannot be configured: of one address of a name. */
static void
export_comment(const struct export *x, const struct kept *k)
{
	text_printf(x->out,
	    "      # of a name, at run time only: %.*s:", SLICE_FMT(k->name));
	if (k->o.has_weight)
		text_printf(x->out, " weight = %u;", k->o.weight);
	if (k->o.has_state)
		text_printf(x->out, " state = \"%s\";",
		    endpoint_admin_name(k->o.state));
	text_add_char(x->out, '\n');
}

static void
export_service(const struct export *x, const struct img_service *s)
{
	const struct img_endpoint *e = img_at(x->img, s->endpoints.off);

	text_add(x->out, SLICE_LIT("  {"));
	export_string(x->out, "name", img_slice(x->img, s->name));
	text_add(x->out, SLICE_LIT("\n    endpoints = (\n"));
	for (uint32_t i = 0; i < x->count; i++)
		if (x->kept[i].slot == s->slot &&
		    !export_configures(x, s, x->kept[i].name))
			export_comment(x, &x->kept[i]);
	for (uint32_t i = 0; i < s->endpoints.count; i++) {
		export_endpoint(x, s, &e[i]);
		text_add(x->out,
		    i + 1 < s->endpoints.count ? SLICE_LIT(",\n")
					       : SLICE_LIT(" );\n  }"));
	}
}

static bool
export_concerns(const struct export *x, const struct img_service *s)
{
	for (uint32_t i = 0; i < x->count; i++)
		if (x->kept[i].slot == s->slot)
			return true;
	return false;
}

static void
export_services(const struct export *x)
{
	const struct img_service *s = img_at(x->img, x->img->services.off);
	uint32_t written = 0;

	for (uint32_t i = 0; i < x->img->services.count; i++) {
		if (!export_concerns(x, &s[i]))
			continue;
		text_add(x->out,
		    written++ == 0 ? SLICE_LIT("services = (\n")
				   : SLICE_LIT(",\n"));
		export_service(x, &s[i]);
	}
	text_add(x->out,
	    written != 0 ? SLICE_LIT("\n);\n") : SLICE_LIT("# Nothing.\n"));
}

void
operate_export(
    const struct region *r, const struct img_head *img, struct text *out)
{
	struct export x = { .r = r, .img = img, .out = out };
	char when[WALL_TEXT_BYTES];
	struct kept k;

	x.kept = calloc(OVERRIDES_MAX, sizeof(*x.kept));
	MUST(x.kept != NULL);
	while (override_at(r, x.count, &k.slot, &k.name, &k.o))
		x.kept[x.count++] = k;
	wall_text(clock_wall(), when);
	text_printf(out, "# What operators have changed, %s.\n", when);
	if (img != NULL)
		export_services(&x);
	free(x.kept);
}
