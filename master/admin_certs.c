/*
 * admin_certs.c - see admin_certs.h. Nothing here reads the secrets.
 */
#include "master/admin_certs.h"

#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/base/map.h"
#include "common/base/must.h"
#include "shm/inherit.h"

#define DAY_S 86400
#define SOON_S (14 * DAY_S)
#define TEXT_MAX_S 253402300799 /* the last second of the year 9999 */
#define USER_WORDS (LISTENERS_MAX / 64)

/* Which listeners show an identity: a bit each. */
struct users {
	uint64_t listeners[USER_WORDS];
};

static void
users_mark(struct users *all, uint32_t identity, uint32_t listener)
{
	if (listener < LISTENERS_MAX)
		all[identity].listeners[listener / 64] |= UINT64_C(1)
		    << listener % 64;
}

/* Of all identities, by one walk through the listeners; to be freed. */
static struct users *
users_find(const struct img_head *img)
{
	const struct img_listener *l = img_at(img, img->listeners.off);
	const struct img_tls *tls = img_at(img, img->tls.off);
	struct users *all =
	    calloc(img->identities.count + (size_t)1, sizeof(*all));

	MUST(all != NULL);
	for (uint32_t i = 0; i < img->listeners.count; i++) {
		const struct img_tls *t = &tls[l[i].tls];
		const uint32_t *first;
		const struct img_sni *names;

		if (l[i].tls == IMG_NONE)
			continue;
		first = img_at(img, t->identities.off);
		names = img_at(img, t->names.off);
		for (uint32_t k = 0; k < t->identities.count; k++)
			users_mark(all, first[k], i);
		for (uint32_t k = 0; k < t->names.count; k++)
			users_mark(all, names[k].identity, i);
	}
	return all;
}

static void
users_write(
    struct json *j, const struct img_head *img, const struct users *users)
{
	const struct img_listener *l = img_at(img, img->listeners.off);
	char text[ADDR_TEXT_MAX];

	json_array_begin(j, "listeners");
	for (uint32_t i = 0; i < img->listeners.count; i++)
		if (i < LISTENERS_MAX &&
		    (users->listeners[i / 64] >> i % 64 & 1) != 0)
			json_add_string(j, NULL,
			    slice_make(text, addr_text(&l[i].addr, text)));
	json_array_end(j);
}

/* Services with this identity, or (IMG_NONE) this trust. */
static void
services_write(struct json *j, const struct img_head *img, uint32_t identity,
    uint32_t trust)
{
	const struct img_service *s = img_at(img, img->services.off);
	const struct img_tls_out *tls = img_at(img, img->tls_outs.off);

	json_array_begin(j, "services");
	for (uint32_t i = 0; i < img->services.count; i++) {
		const struct img_tls_out *t = &tls[s[i].tls];

		if (s[i].tls == IMG_NONE)
			continue;
		if (identity != IMG_NONE ? t->identity == identity
					 : t->trust == trust)
			json_add_string(j, NULL, img_slice(img, s[i].name));
	}
	json_array_end(j);
}

/* ---- dates ---- */

static struct slice
state_word(int64_t not_before, int64_t not_after, int64_t now)
{
	if (not_after <= now)
		return SLICE_LIT("expired");
	if (not_before > now)
		return SLICE_LIT("early");
	return not_after - now < SOON_S ? SLICE_LIT("expiring")
					: SLICE_LIT("good");
}

static void
date_write(struct json *j, const char *key, int64_t s)
{
	char text[WALL_TEXT_BYTES];

	if (s < 0 || s > TEXT_MAX_S) {
		json_add_null(j, key);
		return;
	}
	wall_text((struct wall){ s * 1000000 }, text);
	json_add_string(j, key, slice_str(text));
}

/* Whole days that are left, below 0 when it has expired. */
static void
days_write(struct json *j, int64_t not_after, int64_t now)
{
	int64_t left = not_after - now;

	json_add_int(j, "days_left",
	    left < 0 ? -((-left + DAY_S - 1) / DAY_S) : left / DAY_S);
}

static int64_t
now_s(void)
{
	return clock_wall().us / 1000000;
}

/* ---- documents ---- */

static void
identity_write(struct json *j, const struct img_head *img, uint32_t index,
    const struct users *users)
{
	const struct img_identity *all = img_at(img, img->identities.off);
	const struct img_identity *id = &all[index];
	const struct img_str *names = img_at(img, id->names.off);
	int64_t now = now_s();

	json_object_begin(j, NULL);
	json_add_string(j, "file", img_slice(img, id->file));
	users_write(j, img, users);
	services_write(j, img, index, IMG_NONE);
	json_array_begin(j, "names");
	for (uint32_t i = 0; i < id->names.count; i++)
		json_add_string(j, NULL, img_slice(img, names[i]));
	json_array_end(j);
	json_add_string(j, "subject", img_slice(img, id->subject));
	json_add_string(j, "issuer", img_slice(img, id->issuer));
	json_add_string(j, "key", img_slice(img, id->key_type));
	json_add_bool(j, "ocsp", id->staple.len != 0);
	json_add_string(
	    j, "state", state_word(id->not_before, id->not_after, now));
	date_write(j, "not_before", id->not_before);
	date_write(j, "not_after", id->not_after);
	days_write(j, id->not_after, now);
	json_object_end(j);
}

static void
trust_users(struct json *j, const struct img_head *img, uint32_t index)
{
	const struct img_listener *l = img_at(img, img->listeners.off);
	const struct img_tls *tls = img_at(img, img->tls.off);
	struct users users = { { 0 } };

	for (uint32_t i = 0; i < img->listeners.count; i++)
		if (l[i].tls != IMG_NONE && tls[l[i].tls].trust == index)
			users_mark(&users, 0, i);
	users_write(j, img, &users);
	services_write(j, img, IMG_NONE, index);
}

static void
trust_write(struct json *j, const struct img_head *img, uint32_t index)
{
	const struct img_trust *all = img_at(img, img->trusts.off);
	const struct img_trust *t = &all[index];
	int64_t now = now_s();

	json_object_begin(j, NULL);
	if (t->file.len != 0)
		json_add_string(j, "file", img_slice(img, t->file));
	else
		json_add_null(j, "file");
	trust_users(j, img, index);
	json_add_bool(j, "crl", t->crls.len != 0);
	if (t->not_after != 0) {
		json_add_string(j, "state", state_word(0, t->not_after, now));
		date_write(j, "not_after", t->not_after);
		days_write(j, t->not_after, now);
	}
	json_object_end(j);
}

void
admin_certs_write(const struct img_head *img, struct text *out)
{
	struct users *users = img != NULL ? users_find(img) : NULL;
	struct json j;

	json_init(&j, out);
	json_object_begin(&j, NULL);
	json_array_begin(&j, "certificates");
	for (uint32_t i = 0; img != NULL && i < img->identities.count; i++)
		identity_write(&j, img, i, &users[i]);
	json_array_end(&j);
	json_array_begin(&j, "authorities");
	for (uint32_t i = 0; img != NULL && i < img->trusts.count; i++)
		trust_write(&j, img, i);
	json_array_end(&j);
	json_object_end(&j);
	free(users);
}

/* ---- metrics ---- */

/* One file has one series for each use, however many records name it. */
static void
expiry_sample(const struct img_head *img, struct map *seen, const char *use,
    struct img_str file, struct img_str subject, int64_t not_after,
    struct prom *p)
{
	bool added;

	(void)map_put(seen, img_slice(img, file), &added);
	if (!added)
		return;
	prom_sample(p);
	prom_label(p, "use", slice_str(use));
	prom_label(p, "file", img_slice(img, file));
	prom_label(p, "subject", img_slice(img, subject));
	prom_fixed(p, not_after, 0);
}

void
admin_certs_prom(const struct img_head *img, struct prom *p)
{
	const struct img_identity *id;
	const struct img_trust *t;
	struct map seen;

	prom_family(p, METRIC_CERTIFICATE_EXPIRY);
	if (img == NULL)
		return;
	id = img_at(img, img->identities.off);
	t = img_at(img, img->trusts.off);
	map_init(&seen);
	for (uint32_t i = 0; i < img->identities.count; i++)
		expiry_sample(img, &seen, "certificate", id[i].file,
		    id[i].subject, id[i].not_after, p);
	map_fini(&seen);
	map_init(&seen);
	for (uint32_t i = 0; i < img->trusts.count; i++)
		if (t[i].not_after != 0)
			expiry_sample(img, &seen, "authority", t[i].file,
			    (struct img_str){ 0 }, t[i].not_after, p);
	map_fini(&seen);
}
