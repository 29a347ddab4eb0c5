/*
 * signing_test.c - the keys that the gateway signs with: which signs, which are
 * known, which are wiped, and what a master that is killed at any store leaves.
 */
#include "tests/unit/shm/stepping.h"

#include "shm/signing.c"

/* Key n: recognised, and seen to be whole. */
static struct signing_key
key_make(uint8_t n)
{
	struct signing_key k;

	memset(&k, 0, sizeof(k));
	memset(k.kid, n, sizeof(k.kid));
	memset(k.pem, n, sizeof(k.pem));
	memset(k.spki, n, sizeof(k.spki));
	k.pem_bytes = SIGNING_PEM_MAX;
	k.spki_bytes = SIGNING_SPKI_MAX;
	k.made_s = n;
	return k;
}

static uint8_t
key_number(const struct signing_key *k)
{
	struct signing_key want = key_make((uint8_t)k->kid[0]);

	ck_assert_mem_eq(k, &want, sizeof(want));
	return (uint8_t)k->kid[0];
}

static void
rotate(struct region *r, uint8_t n)
{
	struct signing_key k = key_make(n);

	signing_rotate(r, &k);
}

/* 0: there is none. */
static uint8_t
current(const struct region *r)
{
	struct signing_key k;

	return signing_current(r, &k) ? key_number(&k) : 0;
}

/* `first` and those that follow it, n of them. */
static void
live_check(const struct region *r, uint8_t first, size_t n)
{
	struct signing_key keys[SIGNING_LIVE];

	ck_assert_uint_eq(signing_live(r, keys), n);
	for (size_t i = 0; i < n; i++)
		ck_assert_uint_eq(key_number(&keys[i]), first + i);
}

/* Keys that are anywhere in the page. */
static uint32_t
kept(const struct region *r)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < SIGNING_KEYS; i++) {
		const struct signing_key *k = &region_secrets(r)->signing[i];

		n += k->pem[0] != 0 || k->pem[SIGNING_PEM_MAX - 1] != 0 ||
		    k->spki[0] != 0;
	}
	return n;
}

START_TEST(keys_follow_each_other)
{
	struct region r;
	uint64_t version;

	fixture_region(&r, 1);
	ck_assert_uint_eq(current(&r), 0);
	live_check(&r, 0, 0);
	rotate(&r, 1);
	ck_assert_uint_eq(current(&r), 1);
	live_check(&r, 1, 1);
	rotate(&r, 2);
	ck_assert_uint_eq(current(&r), 1);
	live_check(&r, 1, 2);
	for (uint8_t n = 3; n < 40; n++) {
		version = signing_version(&r);
		rotate(&r, n);
		ck_assert_uint_gt(signing_version(&r), version);
		ck_assert_uint_eq(current(&r), n - 1);
		live_check(&r, n - 2, 3);
		ck_assert_uint_eq(kept(&r), SIGNING_LIVE);
	}
	/* The tickets beside them are as they were. */
	ck_assert_uint_eq(region_secrets(&r)->tickets, 0);
	ck_assert_uint_eq(region_secrets(&r)->magic, SHM_MAGIC);
	region_fini(&r);
}
END_TEST

static void
master_acts(struct region *r)
{
	for (uint8_t n = 11; n < 20; n++)
		rotate(r, n);
}

START_TEST(a_killed_master_leaves_true_keys)
{
	struct region r;
	bool done = false;

	for (uint32_t k = 1; !done; k++) {
		bool recovered = false;

		for (uint32_t j = 1; !recovered; j++) {
			fixture_region(&r, 1);
			for (uint8_t n = 1; n < 11; n++)
				rotate(&r, n);
			done = run_killed(master_acts, &r, k);
			uint8_t n = current(&r);
			ck_assert_uint_ge(n, 9);
			live_check(&r, n - 1, 3);
			recovered = run_killed(signing_recover_master, &r, j);
			signing_recover_master(&r);
			ck_assert_uint_eq(kept(&r), SIGNING_LIVE);
			ck_assert_uint_eq(current(&r), n);
			live_check(&r, n - 1, 3);
			rotate(&r, n + 2);
			live_check(&r, n, 3);
			region_fini(&r);
		}
		ck_assert(!done || k > 30);
	}
}
END_TEST

static struct region *reading;
static uint8_t meanwhile; /* keys that come while one is read */

static void
rotate_meanwhile(const char *name)
{
	uint8_t n = meanwhile;

	if (strcmp(name, "signing_read") != 0)
		return;
	for (meanwhile = 0; n > 0; n--)
		rotate(reading, (uint8_t)(50 - n));
}

/* A key that is wiped while it is read was not read. */
START_TEST(a_reader_is_overtaken)
{
	struct region r;

	for (uint8_t n = 0; n < 9; n++) {
		fixture_region(&r, 1);
		for (uint8_t i = 1; i < 4; i++)
			rotate(&r, i);
		reading = &r;
		meanwhile = n;
		shm_step_hook = rotate_meanwhile;
		ck_assert_uint_eq(current(&r), n < 2 ? 2 : 48);
		shm_step_hook = NULL;
		region_fini(&r);
	}
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("signing");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, keys_follow_each_other);
	tcase_add_test(tc, a_killed_master_leaves_true_keys);
	tcase_add_test(tc, a_reader_is_overtaken);
	return fixture_run(tc, "signing");
}
