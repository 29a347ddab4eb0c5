/*
 * explain_limits.c - how the limits of a request and the lists of addresses
 * stand.
 */
#include "worker/explain_state.h"

#include <inttypes.h>

#include "worker/filter/limit_state.h"

static void
limit_say(struct explained *x, struct explain_step *s, const struct req *q,
    const struct limit_charge *c)
{
	const struct img_limit *all =
	    img_at(q->image, q->image->protect.limits.off);
	struct slice name = img_slice(q->image, c->of->name);
	struct explain_place at =
	    explain_place(q->image, IMG_PLACE_LIMIT, (uint32_t)(c->of - all));

	if (c->of->kind == IMG_LIMIT_CONCURRENCY)
		explain_say(x, s, "limit", at, "%.*s: %" PRIu64 " at once",
		    SLICE_FMT(name), c->left.limit);
	else if (c->left.wait_us != 0)
		explain_say(x, s, "limit", at,
		    "%.*s: none of %" PRIu64 " left, the next in %" PRIu64 " s",
		    SLICE_FMT(name), c->left.limit,
		    (c->left.wait_us + 999999) / 1000000);
	else
		explain_say(x, s, "limit", at,
		    "%.*s: %" PRIu64 " of %" PRIu64 " left, all in %" PRIu64
		    " s",
		    SLICE_FMT(name), c->left.remaining, c->left.limit,
		    (c->left.reset_us + 999999) / 1000000);
}

void
explain_limits(
    struct explained *x, struct explain_step *s, const struct req *q, bool late)
{
	const struct limits *ls = q->limits;

	for (uint32_t i = 0; ls != NULL && i < ls->count; i++)
		if ((ls->charges[i].of->late != 0) == late)
			limit_say(x, s, q, &ls->charges[i]);
}

/* ---- addresses ---- */

/* "10.0.0.0-10.0.255.255"; false: in none of them. */
static bool
nets_find(const struct img_head *img, const struct img_nets *n,
    const struct addr *a, struct addr_range *found)
{
	const struct addr_range *r = img_at(img, n->ranges.off);

	for (uint32_t i = 0; i < n->ranges.count; i++) {
		if (!ranges_have(&r[i], 1, a))
			continue;
		*found = r[i];
		return true;
	}
	return false;
}

static struct addr
range_end(const uint8_t ip[16])
{
	static const uint8_t v4[12] = { [10] = 0xff, [11] = 0xff };
	bool is_v4 = memcmp(ip, v4, sizeof(v4)) == 0;
	struct addr a;

	addr_from_bytes(is_v4 ? ip + 12 : ip, is_v4 ? 4 : 16, 0, &a);
	return a;
}

static void
range_say(struct explained *x, struct explain_step *s, const char *list,
    struct explain_place at, const struct addr_range *r)
{
	char from[ADDR_TEXT_MAX], to[ADDR_TEXT_MAX];
	struct addr first = range_end(r->from), last = range_end(r->to);

	explain_say(x, s, list, at, "%.*s-%.*s",
	    (int)addr_ip_text(&first, from), from, (int)addr_ip_text(&last, to),
	    to);
}

void
explain_acl(struct explained *x, struct explain_step *s,
    const struct img_head *img, uint32_t acl, const struct addr *a,
    struct explain_place place)
{
	const struct img_acl *all = img_at(img, img->protect.acls.off);
	struct addr_range r;

	if (acl >= img->protect.acls.count)
		return;
	if (nets_find(img, &all[acl].deny, a, &r))
		range_say(x, s, "deny", place, &r);
	else if (all[acl].closed == 0)
		explain_say(x, s, "allow", place, "all that are not denied");
	else if (nets_find(img, &all[acl].allow, a, &r))
		range_say(x, s, "allow", place, &r);
	else
		explain_say(x, s, "allow", place, "the address is in none");
}
