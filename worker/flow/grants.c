/*
 * grants.c - see grants.h. Here: from the names that an identity has to the
 * bits of one configuration. The decision is in decide.c.
 */
#include "worker/flow/grants.h"

#include <stdlib.h>

#include "shm/image.h"
#include "shm/permission.h"

static int
slice_order(struct slice a, struct slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n != 0 ? memcmp(a.p, b.p, n) : 0;

	if (order != 0)
		return order;
	return a.n < b.n ? -1 : a.n > b.n;
}

static const struct img_role *
role_find(const struct img_head *img, struct slice name)
{
	const struct img_role *roles = img_at(img, img->access.roles.off);
	size_t from = 0, to = img->access.roles.count;

	while (from < to) {
		size_t middle = (from + to) / 2;
		int order =
		    slice_order(name, img_slice(img, roles[middle].name));

		if (order == 0)
			return &roles[middle];
		if (order < 0)
			to = middle;
		else
			from = middle + 1;
	}
	return NULL;
}

static void
bits_add(uint64_t *bits, const struct img_head *img, uint32_t off, uint32_t n)
{
	const uint64_t *more = img_at(img, off);

	for (uint32_t i = 0; i < n; i++)
		bits[i] |= more[i];
}

/* A name that the configuration does not know grants nothing. */
static void
grants_roles(struct grants *g, const struct img_head *img, struct slice list)
{
	const struct img_access *a = &img->access;
	struct slice name;

	while (slice_cut(&list, ',', &name)) {
		const struct img_role *role = role_find(img, name);

		if (role == NULL)
			continue;
		bits_add(g->roles, img, role->closure, a->role_words);
		bits_add(g->permissions, img, role->permissions,
		    a->permission_words);
	}
}

static void
grants_permissions(
    struct grants *g, const struct img_head *img, struct slice list)
{
	const struct img_span *all = &img->access.permissions;
	const struct img_str *names = img_at(img, all->off);
	struct slice granted;

	while (slice_cut(&list, ',', &granted))
		for (uint32_t i = 0; i < all->count; i++)
			if (permission_covers(
				granted, img_slice(img, names[i])))
				g->permissions[i / 64] |= UINT64_C(1) << i % 64;
}

const struct grants *
grants_of(const struct img_head *img, struct identity *id)
{
	const struct img_access *a = &img->access;
	struct grants *g = id->grants;

	if (g != NULL && g->generation == img->generation)
		return g;
	g = calloc(1,
	    sizeof(*g) +
		sizeof(uint64_t) * (a->role_words + a->permission_words));
	if (g == NULL)
		return NULL;
	g->generation = img->generation;
	g->roles = (uint64_t *)(void *)(g + 1);
	g->permissions = g->roles + a->role_words;
	grants_roles(g, img, id->claim[IMG_CLAIM_ROLES]);
	grants_permissions(g, img, id->claim[IMG_CLAIM_PERMISSIONS]);
	grants_free(id->grants);
	id->grants = g;
	return g;
}

void
grants_free(struct grants *g)
{
	free(g);
}
