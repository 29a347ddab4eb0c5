/*
 * Tests of signer.c and signer_file.c: keys that are made, rotated, published,
 * and kept in a file.
 */
#include "master/signer.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "common/base/log.h"
#include "common/jose/keyset.h"
#include "shm/keysets.h"
#include "tests/unit/master/gate_kit.h"

static struct signer signer;
static struct region other;
static unsigned changes;
static struct diag d;

static void
on_changed(struct signer *s)
{
	ck_assert_ptr_eq(s, &signer);
	changes++;
}

static const struct signer_owner owner = { on_changed };

static void
setup(void)
{
	gate_setup();
	fixture_region(&other, 1);
	diag_init(&d);
	signer_init(&signer, &loop, region, &owner);
	changes = 0;
}

static void
teardown(void)
{
	signer_fini(&signer);
	diag_fini(&d);
	region_fini(&other);
	gate_teardown();
}

/* An image in the region, with this in its configuration. */
static const struct img_head *
image(const char *more)
{
	struct conf_try try;
	struct text t = { 0 };
	struct img_head *img;
	int slot;

	text_printf(&t, LISTENER "%s\n" PING, more);
	text_add_char(&t, '\0');
	conf_try_text(&try, t.p);
	text_fini(&t);
	ck_assert_msg(try.ok, "%s", try.complaints);
	slot = epoch_build(region, try.c.image_bytes, try.c.secret_bytes);
	ck_assert_int_ge(slot, 0);
	img = (void *)epoch_build_at(region, slot);
	memcpy(img, try.c.image, try.c.image_bytes);
	conf_try_fini(&try);
	return img;
}

#define OWN                                                                  \
	"token_issuer = { issuer = \"https://gw\"; audience = [ \"api\" ]; " \
	"};\n"
/* Verifies with them alone. */
#define VERIFIES                                                               \
	"authenticators = { own = { type = \"jwt\"; algorithms = [ \"ES256\" " \
	"]; own = true; audience = \"api\"; }; };\n"

static size_t
live(struct signing_key keys[SIGNING_LIVE])
{
	return signing_live(region, keys);
}

/* The kids of the public set, in order, a character of each. */
static const char *
published(void)
{
	static char text[SIGNING_LIVE + 1];
	uint32_t slot = keysets_find(region, SLICE_LIT(KEYSETS_OWN));
	uint64_t version;
	struct slice bytes;
	const struct keyset *k;

	ck_assert_uint_ne(slot, KEYSETS_NONE);
	bytes = keysets_read(region, slot, &version);
	k = (const void *)bytes.p;
	ck_assert(keyset_check(k, bytes.n));
	memset(text, 0, sizeof(text));
	for (uint32_t i = 0; i < k->count; i++) {
		ck_assert_uint_eq(k->key[i].kid_len, SIGNING_KID);
		ck_assert_uint_eq(k->key[i].kind, JOSE_KEY_P256);
		ck_assert_uint_eq(k->key[i].algs, 1u << JOSE_ES256);
		text[i] = keyset_kid(k, &k->key[i]).p[0];
	}
	return text;
}

START_TEST(only_where_they_are_used)
{
	struct signing_key keys[SIGNING_LIVE];

	signer_follow(&signer, NULL);
	signer_follow(&signer, image(""));
	ck_assert_uint_eq(live(keys), 0);
	ck_assert_int_eq(signer_due(&signer), 0);
	signer_follow(&signer, image(OWN));
	ck_assert_uint_eq(live(keys), 2);
	ck_assert_uint_eq(strlen(published()), 2);
	ck_assert_uint_eq(changes, 2);
	signer_follow(&signer, image(OWN VERIFIES));
	/* They stay, whatever the next configuration says. */
	signer_follow(&signer, image(""));
	signer_follow(&signer, image(OWN));
	ck_assert_uint_eq(live(keys), 2);
	ck_assert_uint_eq(changes, 2);
}
END_TEST

START_TEST(next_one_is_known_before_it_signs)
{
	struct signing_key keys[SIGNING_LIVE], now, next;

	signer_follow(&signer, image(OWN));
	ck_assert(signing_current(region, &now));
	ck_assert_uint_eq(live(keys), 2);
	ck_assert_mem_eq(&now, &keys[0], sizeof(now));
	next = keys[1];
	ck_assert(signer_rotate(&signer));
	ck_assert(signing_current(region, &now));
	ck_assert_mem_eq(&now, &next, sizeof(now));
	ck_assert_uint_eq(live(keys), 3);
	ck_assert_uint_eq(strlen(published()), 3);
	ck_assert(signer_rotate(&signer));
	ck_assert_uint_eq(live(keys), 3);
	ck_assert_mem_eq(&keys[0], &next, sizeof(next));
	ck_assert_int_eq(published()[1], keys[1].kid[0]);
}
END_TEST

/* The clock was wrong when it was made: that it is due is no matter of years.
 */
START_TEST(made_in_the_future)
{
	struct signing_key keys[SIGNING_LIVE];
	size_t n;

	signer_follow(&signer, image(OWN));
	n = signing_live(region, keys);
	keys[n - 1].made_s += INT64_C(86400) * 3650;
	keys[n - 1].kid[0] ^= 1;
	signing_rotate(region, &keys[n - 1]);
	ck_assert_int_le(signer_due(&signer), clock_wall().us / 1000000);
	ck_assert_int_gt(signer_due(&signer), 0);
}
END_TEST

START_TEST(rotated_in_time)
{
	struct signing_key first, now;
	uint64_t end_us = clock_update().us + 20000000;

	signer_follow(&signer, image(OWN "signing = { rotate = \"30m\"; };\n"));
	ck_assert(signing_current(region, &first));
	ck_assert_int_ge(signer_due(&signer), clock_wall().us / 1000000 + 1790);
	/* As if it were half an hour later. */
	signer.rotate_us = 1000000;
	timer_set(&loop.timers, &signer.due, clock_now());
	do {
		ck_assert(loop_turn(&loop, 100000));
		ck_assert_uint_lt(clock_now().us, end_us);
		ck_assert(signing_current(region, &now));
	} while (memcmp(&now, &first, sizeof(now)) == 0);
	ck_assert_int_ge(clock_wall().us / 1000000, first.made_s + 1);
}
END_TEST

/* A successor goes on with the keys that it finds. */
START_TEST(keys_outlive_the_master)
{
	struct signing_key before[SIGNING_LIVE], after[SIGNING_LIVE];
	const struct img_head *img = image(OWN);

	signer_follow(&signer, img);
	ck_assert_uint_eq(live(before), 2);
	signer_fini(&signer);
	signer_init(&signer, &loop, region, &owner);
	signer_follow(&signer, img);
	ck_assert_uint_eq(live(after), 2);
	ck_assert_mem_eq(before, after, 2 * sizeof(before[0]));
}
END_TEST

/* ---- the file ---- */

START_TEST(what_is_written_is_read)
{
	struct signing_key keys[SIGNING_LIVE], back[SIGNING_LIVE], key;
	struct text text = { 0 }, again = { 0 };
	size_t n;

	signer_follow(&signer, image(OWN));
	for (int i = 0; i < _i; i++)
		ck_assert(signer_rotate(&signer));
	n = live(keys);
	signer_write(region, &text);
	ck_assert(signer_load(&other, text_slice(&text), &d));
	ck_assert_uint_eq(signing_live(&other, back), n);
	for (size_t i = 0; i < n; i++) {
		ck_assert_mem_eq(back[i].kid, keys[i].kid, SIGNING_KID);
		ck_assert_uint_eq(back[i].spki_bytes, keys[i].spki_bytes);
		ck_assert_mem_eq(
		    back[i].spki, keys[i].spki, keys[i].spki_bytes);
		ck_assert_int_eq(back[i].made_s, keys[i].made_s);
	}
	ck_assert(signing_current(&other, &key));
	ck_assert(signing_current(region, &keys[0]));
	ck_assert_mem_eq(key.kid, keys[0].kid, SIGNING_KID);
	signer_write(&other, &again);
	ck_assert(slice_eq(text_slice(&text), text_slice(&again)));
	/* Those that are there already stay. */
	ck_assert(signer_load(&other, text_slice(&text), &d));
	ck_assert_uint_eq(signing_live(&other, back), n);
	text_fini(&text);
	text_fini(&again);
}
END_TEST

#define FIRST "{\"penstock\":\"signing_keys\",\"version\":1}\n"

START_TEST(damaged_files)
{
	static const char *const bad[] = {
		FIRST "{}\n",
		FIRST "{\"kid\":\"AAAAAAAAAAAAAAAAAAAAAA\",\"made\":1}\n",
		FIRST "{\"kid\":\"AAAAAAAAAAAAAAAAAAAAAA\",\"made\":1,"
		      "\"pem\":[\"x\"]}\n",
		FIRST "{\"kid\":\"A\",\"made\":1,\"pem\":[\"x\"]}\n",
		"{\"penstock\":\"api_keys\",\"version\":1}\n",
	};
	struct signing_key keys[SIGNING_LIVE];

	ck_assert(!signer_load(&other, slice_str(bad[_i]), &d));
	ck_assert_uint_eq(d.errors, 1);
	ck_assert_str_eq(d.items[0].file, "signing_keys");
	ck_assert_uint_eq(signing_live(&other, keys), 0);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("all");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, only_where_they_are_used);
	tcase_add_test(tc, next_one_is_known_before_it_signs);
	tcase_add_test(tc, made_in_the_future);
	tcase_add_test(tc, rotated_in_time);
	tcase_add_test(tc, keys_outlive_the_master);
	tcase_add_loop_test(tc, what_is_written_is_read, 0, 3);
	tcase_add_loop_test(tc, damaged_files, 0, 5);
	return conf_try_run("signer", tc);
}
