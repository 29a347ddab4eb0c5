/*
 * Tests of keys.c: keys are parsed once, ahead of their use, and dropped when
 * nothing names them.
 */
#include "tests/unit/worker/filter/auth_flow.h"

#include "shm/holders.h"

static char secret[8][48];

/* Publishes a set of the secrets first..last. */
static void
publish(unsigned first, unsigned last)
{
	struct keyset_build *build = malloc(sizeof(*build));
	struct keyset *set;
	char kid[8];

	keyset_build_init(build);
	for (unsigned i = first; i <= last; i++) {
		(void)snprintf(kid, sizeof(kid), "k%u", i);
		ck_assert_ptr_null(keyset_add_secret(build, slice_str(kid), 0,
		    slice_make(secret[i], sizeof(secret[i]))));
	}
	set = keyset_make(build);
	ck_assert(keysets_publish(&flow.region, flow.auths[0].slot,
	    slice_make((const char *)set, set->bytes)));
	keyset_free(set);
	keyset_build_fini(build);
	free(build);
}

static void
start(void)
{
	struct img_auth *a;

	for (unsigned i = 0; i < 8; i++)
		memset(secret[i], 'A' + (int)i, sizeof(secret[i]));
	flow_begin();
	a = flow_auth(IMG_AUTH_JWT, "main");
	a->slot = keysets_slot(&flow.region, SLICE_LIT("main"));
	flow_configure();
	flow.env.view.image = &kit.head;
}

static struct keys_sets
sets(void)
{
	struct keys_sets s;

	keys_sets(flow.env.keys, &flow.auths[0], NULL, &s);
	return s;
}

START_TEST(sets_are_found)
{
	uint64_t version;

	ck_assert_ptr_null(sets().slot);
	ck_assert_ptr_null(sets().image);
	ck_assert_uint_eq(sets().version, 0);
	publish(0, 1);
	ck_assert_ptr_nonnull(sets().slot);
	version = sets().version;
	ck_assert_uint_eq(sets().slot->count, 2);
	publish(0, 2);
	ck_assert_uint_gt(sets().version, version);
	/* What is no set is none. */
	ck_assert(keysets_publish(&flow.region, flow.auths[0].slot,
	    SLICE_LIT("no set of keys, but as long as the head of one is, "
		      "and a good deal longer than that")));
	ck_assert_ptr_null(sets().slot);
}
END_TEST

START_TEST(parsed_once)
{
	const struct keyset *s;
	struct verify_key *key;

	publish(0, 1);
	s = sets().slot;
	key = keys_get(flow.env.keys, s, &s->key[0]);
	ck_assert_ptr_nonnull(key);
	ck_assert_ptr_eq(keys_get(flow.env.keys, s, &s->key[0]), key);
	ck_assert_ptr_ne(keys_get(flow.env.keys, s, &s->key[1]), key);
	/* The same key of another set. */
	publish(0, 4);
	s = sets().slot;
	ck_assert_ptr_eq(keys_get(flow.env.keys, s, &s->key[0]), key);
	ck_assert_uint_eq(keys_count(flow.env.keys), 2);
}
END_TEST

START_TEST(ahead_of_their_use)
{
	publish(0, 3);
	/* One of them each turn, when there is no time. */
	for (unsigned i = 1; i <= 4; i++) {
		keys_turn(flow.env.keys, 0);
		ck_assert_uint_eq(keys_count(flow.env.keys), i);
	}
	keys_turn(flow.env.keys, 0);
	keys_turn(flow.env.keys, 1000);
	ck_assert_uint_eq(keys_count(flow.env.keys), 4);
}
END_TEST

/* What neither this round nor the one before names. */
START_TEST(dropped)
{
	publish(0, 3);
	keys_turn(flow.env.keys, 1000000);
	ck_assert_uint_eq(keys_count(flow.env.keys), 4);
	publish(3, 4);
	keys_turn(flow.env.keys, 1000000);
	ck_assert_uint_eq(keys_count(flow.env.keys), 5);
	/* A new generation is a round, too. */
	kit.head.generation++;
	keys_turn(flow.env.keys, 1000000);
	ck_assert_uint_eq(keys_count(flow.env.keys), 2);
	kit.head.access.authenticators.count = 0;
	kit.head.generation++;
	keys_turn(flow.env.keys, 1000000);
	kit.head.generation++;
	keys_turn(flow.env.keys, 1000000);
	ck_assert_uint_eq(keys_count(flow.env.keys), 0);
}
END_TEST

START_TEST(holders_are_checked_once)
{
	static const struct holders none = { .magic = HOLDERS_MAGIC,
		.bytes = sizeof(none) };
	uint64_t version;
	uint32_t slot = flow.auths[0].slot;

	ck_assert_ptr_null(keys_holders(flow.env.keys, slot, &version));
	ck_assert(keysets_publish(
	    &flow.region, slot, slice_make((const char *)&none, sizeof(none))));
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_ptr_nonnull(
		    keys_holders(flow.env.keys, slot, &version));
		ck_assert_uint_eq(version, keysets_version(&flow.region, slot));
	}
	publish(0, 0);
	ck_assert_ptr_null(keys_holders(flow.env.keys, slot, &version));
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("keys");

	tcase_add_checked_fixture(tc, kit_begin, kit_end);
	tcase_add_checked_fixture(tc, start, flow_fini);
	tcase_add_test(tc, sets_are_found);
	tcase_add_test(tc, parsed_once);
	tcase_add_test(tc, ahead_of_their_use);
	tcase_add_test(tc, dropped);
	tcase_add_test(tc, holders_are_checked_once);
	return fixture_run(tc, "keys");
}
