/*
 * image_acl.c - who is let in: the look at a list, and the check of the lists
 * and of the rules of bans, a part of image_check.
 */
#include "shm/bans.h"
#include "shm/image_inside.h"

static bool
nets_have(
    const struct img_head *img, const struct img_nets *n, const struct addr *a)
{
	const struct addr_range *ranges = img_at(img, n->ranges.off);

	if (n->index.count != 0)
		return ranges_have_indexed(
		    ranges, img_at(img, n->index.off), a);
	return n->ranges.count != 0 && ranges_have(ranges, n->ranges.count, a);
}

bool
image_lets_in(const struct img_head *img, uint32_t acl, const struct addr *a)
{
	const struct img_acl *all = img_at(img, img->protect.acls.off);

	if (acl >= img->protect.acls.count) /* IMG_NONE */
		return true;
	return !nets_have(img, &all[acl].deny, a) &&
	    (all[acl].closed == 0 || nets_have(img, &all[acl].allow, a));
}

/* ---- the check ---- */

/* Nobody is led out of `count` ranges. */
static bool
starts_check(const uint32_t *start, uint32_t count)
{
	for (uint32_t i = 0; i < RANGES_BUCKETS; i++)
		if (start[i] > start[i + 1])
			return false;
	return start[RANGES_BUCKETS] <= count;
}

static bool
nets_check(const struct img_head *img, const struct img_nets *n)
{
	const struct ranges_index *index = img_at(img, n->index.off);

	if (!span_inside(img, n->ranges, sizeof(struct addr_range)) ||
	    !span_inside(img, n->index, sizeof(*index)) || n->index.count > 1)
		return false;
	return n->index.count == 0 ||
	    (index->skip <= RANGES_SKIP_MAX &&
		starts_check(index->v4, n->ranges.count) &&
		starts_check(index->v6, n->ranges.count));
}

static bool
bans_check(const struct img_head *img)
{
	const struct img_ban_rule *b = img_at(img, img->protect.bans.off);

	if (!span_inside(img, img->protect.bans, sizeof(*b)))
		return false;
	for (uint32_t i = 0; i < img->protect.bans.count; i++)
		if (!str_inside(img, b[i].name) || b[i].count == 0 ||
		    b[i].window_us == 0 || b[i].time_us == 0 ||
		    b[i].max_us == 0 || b[i].name.len > BAN_RULE_NAME_MAX ||
		    b[i].factor < 1000 ||
		    !span_inside(img, b[i].statuses, sizeof(struct img_range)))
			return false;
	return true;
}

bool
image_acl_check(const struct img_head *img)
{
	const struct img_acl *acl = img_at(img, img->protect.acls.off);
	const struct img_route *routes = img_at(img, img->routes.off);

	if (!span_inside(img, img->protect.acls, sizeof(*acl)) ||
	    !index_check(img->protect.acl, img->protect.acls) ||
	    !bans_check(img))
		return false;
	for (uint32_t i = 0; i < img->protect.acls.count; i++)
		if (!nets_check(img, &acl[i].allow) ||
		    !nets_check(img, &acl[i].deny))
			return false;
	for (uint32_t i = 0; i < img->routes.count; i++)
		if (!index_check(routes[i].acl, img->protect.acls))
			return false;
	return true;
}
