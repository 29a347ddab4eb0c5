/*
 * basic_users.c - see basic_users.h.
 */
#include "worker/filter/basic_users.h"

#include "worker/filter/auth_parts.h"

static int
user_order(struct slice a, struct slice b)
{
	int order = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);

	return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

const struct img_htpasswd *
basic_users_find(
    const struct img_head *img, const struct img_auth *a, struct slice user)
{
	const struct img_htpasswd *all = img_at(img, a->htpasswd.off);
	uint32_t low = 0, high = a->htpasswd.count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = user_order(user, img_slice(img, all[middle].user));

		if (order == 0)
			return &all[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

static const struct img_holder *
user_holder(
    const struct img_head *img, const struct img_auth *a, struct slice user)
{
	const struct img_holder *all = img_at(img, a->holders.off);

	for (uint32_t i = 0; i < a->holders.count; i++)
		if (slice_eq(img_slice(img, all[i].name), user))
			return &all[i];
	return NULL;
}

enum why
basic_users_parts(const struct img_head *img, const struct img_auth *a,
    struct slice user, struct identity_parts *parts)
{
	const struct img_holder *h = user_holder(img, a, user);

	*parts = (struct identity_parts){ .type = IMG_AUTH_BASIC,
		.authenticator = img_slice(img, a->name),
		.issued_s = INT64_MIN,
		.expires_s = INT64_MAX };
	if (h != NULL && !auth_parts_holder(img, h, parts))
		return WHY_TOKEN_CLAIMS;
	if (h == NULL && !a->open)
		return WHY_PASSWORD;
	if (parts->claim[IMG_CLAIM_USER].n == 0)
		parts->claim[IMG_CLAIM_USER] = user;
	return auth_parts_fit(parts->claim[IMG_CLAIM_USER]) ? WHY_OK
							    : WHY_TOKEN_CLAIMS;
}
