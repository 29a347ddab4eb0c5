/*
 * bans_test.c - bans: how long they hold, what becomes of strikes, who gives
 * place when there is none, what is listed, kept and lifted.
 */
#include "tests/unit/shm/stepping.h"

#include "shm/bans.c"
#include "shm/bans_list.c"
#include "shm/bans_place.c"
#include "shm/bans_rules.c"

#define S UINT64_C(1000000)

static const struct ban_terms terms = {
	.time_us = 10 * S, .max_us = 60 * S, .factor = 2000, .by = 1
};

static struct addr
address(const char *text)
{
	struct addr a;

	ck_assert(addr_parse_ip(slice_str(text), &a));
	return a;
}

static bool
have(const struct region *r, const char *text, uint64_t now_us)
{
	struct addr a = address(text);

	return bans_have(r, &a, now_us);
}

static struct ban
add(struct region *r, const char *text, uint64_t now_us)
{
	struct addr a = address(text);
	struct ban b;

	ck_assert(bans_add(r, &a, &terms, now_us, &b));
	return b;
}

START_TEST(a_ban_holds_for_its_time)
{
	struct region r;
	struct addr a = address("192.0.2.1");
	struct ban b;

	fixture_region(&r, 1);
	ck_assert(!bans_active(&r));
	ck_assert(!have(&r, "192.0.2.1", 0));
	uint64_t version = bans_version(&r);
	b = add(&r, "192.0.2.1", 5 * S);
	ck_assert_uint_eq(b.until_us, 15 * S);
	ck_assert_uint_eq(b.strikes, 1);
	ck_assert_uint_eq(b.by, 1);
	ck_assert(addr_eq(&b.addr, &a));
	ck_assert_uint_gt(bans_version(&r), version);
	ck_assert(bans_active(&r));
	ck_assert(have(&r, "192.0.2.1", 5 * S));
	ck_assert(have(&r, "192.0.2.1", 15 * S - 1));
	ck_assert(!have(&r, "192.0.2.1", 15 * S));
	ck_assert(!have(&r, "192.0.2.2", 6 * S));
	ck_assert(!have(&r, "::c000:201", 6 * S));
	/* Once: it is there already. */
	ck_assert(!bans_add(&r, &a, &terms, 14 * S, &b));
	ck_assert_uint_eq(bans_by_total(&r, 1), 1);
	region_fini(&r);
}
END_TEST

START_TEST(time_grows_and_strikes_are_forgotten)
{
	struct region r;
	uint64_t now = 0;

	fixture_region(&r, 1);
	for (uint64_t want = 10; want <= 80; want *= 2) {
		struct ban b = add(&r, "192.0.2.1", now);

		ck_assert_uint_eq(
		    b.until_us - now, (want < 60 ? want : 60) * S);
		now = b.until_us;
	}
	/* A moment before the strikes are forgotten, and at that. */
	ck_assert_uint_eq(
	    add(&r, "192.0.2.1", now + 60 * S).until_us, now + 120 * S);
	now += 120 * S;
	struct ban b = add(&r, "192.0.2.1", now + 60 * S + 1);
	ck_assert_uint_eq(b.strikes, 1);
	ck_assert_uint_le(b.until_us, now + 70 * S + BANS_UNIT_US);
	region_fini(&r);
}
END_TEST

START_TEST(of_ipv6_it_is_the_64)
{
	struct region r;
	char text[ADDR_TEXT_MAX];

	fixture_region(&r, 1);
	struct ban b = add(&r, "2001:db8:1:2:3::4", 0);
	(void)addr_ip_text(&b.addr, text);
	ck_assert_str_eq(text, "2001:db8:1:2::");
	ck_assert(have(&r, "2001:db8:1:2:ffff::", 1));
	ck_assert(!have(&r, "2001:db8:1:3::", 1));
	/* Those that look like something else as a number. */
	add(&r, "::1", 0);
	ck_assert(have(&r, "::2", 1));
	ck_assert(!have(&r, "0.0.0.1", 1));
	ck_assert(!have(&r, "0.0.0.0", 1));
	add(&r, "0.0.0.0", 0);
	ck_assert(have(&r, "0.0.0.0", 1));
	region_fini(&r);
}
END_TEST

START_TEST(lifted_ordered_and_listed)
{
	struct region r;
	struct addr a = address("192.0.2.1"), b = address("192.0.2.2");
	struct ban seen;
	uint32_t n = 0;

	fixture_region(&r, 1);
	ck_assert(!bans_lift(&r, &a, 0));
	add(&r, "192.0.2.1", 0);
	ck_assert(bans_order(&r, &b, BANS_FOR_EVER, 0));
	ck_assert(have(&r, "192.0.2.2", INT64_MAX - 1));
	for (uint32_t i = 0; i < BANS_MAX; i++) {
		if (!bans_at(&r, i, &seen))
			continue;
		n++;
		if (seen.by == BAN_BY_OPERATOR) {
			ck_assert(addr_eq(&seen.addr, &b));
			ck_assert_uint_eq(seen.strikes, 0);
			ck_assert_uint_eq(seen.until_us, BANS_FOR_EVER);
		} else {
			ck_assert(addr_eq(&seen.addr, &a));
		}
	}
	ck_assert_uint_eq(n, 2);
	/* An operator's word counts, whatever there was. */
	ck_assert(bans_order(&r, &b, 5 * S, 0));
	ck_assert(!have(&r, "192.0.2.2", 5 * S));
	ck_assert(bans_order(&r, &a, 5 * S, 0));
	ck_assert(!have(&r, "192.0.2.1", 5 * S));
	/* Its strike has stayed, until it is lifted. */
	ck_assert_uint_eq(add(&r, "192.0.2.1", 5 * S).strikes, 2);
	ck_assert(bans_lift(&r, &a, 6 * S));
	ck_assert(!bans_lift(&r, &a, 6 * S));
	ck_assert(!have(&r, "192.0.2.1", 6 * S));
	ck_assert_uint_eq(add(&r, "192.0.2.1", 6 * S).strikes, 1);
	/* Over already: there is nothing to lift. */
	ck_assert(!bans_lift(&r, &a, 60 * S));
	region_fini(&r);
}
END_TEST

START_TEST(restored_as_it_was)
{
	struct region r;
	struct ban b = { .addr = address("192.0.2.7"),
		.until_us = 30 * S,
		.strikes = 3,
		.by = 2 };

	fixture_region(&r, 1);
	bans_restore(&r, &b, 10 * S);
	ck_assert(have(&r, "192.0.2.7", 29 * S));
	ck_assert(!have(&r, "192.0.2.7", 30 * S));
	/* The fourth strike: eight times the time, but for its bound. */
	ck_assert_uint_eq(add(&r, "192.0.2.7", 31 * S).until_us, 91 * S);
	b.until_us = BANS_FOR_EVER;
	bans_restore(&r, &b, 10 * S);
	ck_assert(have(&r, "192.0.2.7", INT64_MAX / 2));
	/* What is over: its strikes are still known. */
	b.addr = address("192.0.2.8");
	b.until_us = 5 * S;
	bans_restore(&r, &b, 10 * S);
	ck_assert(!have(&r, "192.0.2.8", 10 * S));
	ck_assert_uint_eq(add(&r, "192.0.2.8", 11 * S).strikes, 4);
	region_fini(&r);
}
END_TEST

/* Of a file that is older than the region. */
START_TEST(strikes_are_kept_by_the_end_that_was)
{
	struct region r;
	struct ban b = { .addr = address("192.0.2.8"),
		.until_us = -50 * (int64_t)S,
		.strikes = 3,
		.by = 1 };

	fixture_region(&r, 1);
	bans_restore(&r, &b, 0);
	ck_assert(!have(&r, "192.0.2.8", 0));
	ck_assert_uint_eq(bans_sweep(&r, &terms, 1, 9 * S), 0);
	ck_assert_uint_eq(add(&r, "192.0.2.8", 9 * S).strikes, 4);
	bans_restore(&r, &b, 0);
	ck_assert_uint_eq(add(&r, "192.0.2.8", 11 * S).strikes, 1);
	bans_restore(&r, &b, 0);
	ck_assert_uint_eq(bans_sweep(&r, &terms, 1, 11 * S), 0);
	for (uint32_t i = 0; i < BANS_MAX; i++)
		ck_assert(!bans_at(&r, i, &b));
	/* As far back as there are strikes to keep. */
	b.until_us = -2 * BANS_BACK_US;
	bans_restore(&r, &b, 0);
	ck_assert(!have(&r, "192.0.2.8", 0));
	region_fini(&r);
}
END_TEST

START_TEST(sweeping)
{
	struct region r;

	fixture_region(&r, 1);
	add(&r, "192.0.2.1", 0);
	add(&r, "192.0.2.2", 5 * S);
	ck_assert_uint_eq(bans_sweep(&r, &terms, 1, 6 * S), 2);
	ck_assert_uint_eq(bans_sweep(&r, &terms, 1, 10 * S), 1);
	ck_assert(bans_active(&r));
	ck_assert_uint_eq(bans_sweep(&r, &terms, 1, 15 * S), 0);
	ck_assert(!bans_active(&r));
	/* Not forgotten yet. */
	ck_assert_uint_eq(add(&r, "192.0.2.1", 20 * S).strikes, 2);
	ck_assert(bans_active(&r));
	ck_assert_uint_eq(bans_sweep(&r, &terms, 1, 100 * S), 0);
	ck_assert_uint_eq(bans_sweep(&r, &terms, 1, 101 * S), 0);
	for (uint32_t i = 0; i < BANS_MAX; i++)
		ck_assert_uint_eq(
		    r.state->bans.set[i / BAN_WAYS].place[i % BAN_WAYS].lo, 0);
	/* A rule that there is no more: nothing to wait for. */
	add(&r, "192.0.2.1", 200 * S);
	ck_assert_uint_eq(bans_sweep(&r, NULL, 0, 210 * S), 0);
	ck_assert_uint_eq(add(&r, "192.0.2.1", 211 * S).strikes, 1);
	region_fini(&r);
}
END_TEST

/* Number n of those that want the same set. */
static struct addr
crowd(const struct region *r, uint32_t n)
{
	uint32_t set = 0;

	for (uint32_t i = 0;; i++) {
		uint8_t ip[4] = { 10, (uint8_t)(i >> 16), (uint8_t)(i >> 8),
			(uint8_t)i };
		struct addr a;

		addr_from_bytes(ip, 4, 0, &a);
		if (i == 0)
			set = ban_key_set(r, ban_key(&a));
		if (ban_key_set(r, ban_key(&a)) == set && n-- == 0)
			return a;
	}
}

START_TEST(a_full_set_drops_what_ends_first)
{
	struct region r;
	struct addr a[BAN_WAYS + 2];
	struct ban b;

	fixture_region(&r, 1);
	for (uint32_t i = 0; i < BAN_WAYS + 2; i++)
		a[i] = crowd(&r, i);
	for (uint32_t i = 0; i < BAN_WAYS; i++)
		ck_assert(bans_add(&r, &a[i], &terms, (i + 1) * S, &b));
	ck_assert_uint_eq(bans_dropped(&r), 0);
	/* The new one ends first. */
	ck_assert(!bans_add(&r, &a[BAN_WAYS], &terms, 0, &b));
	ck_assert_uint_eq(bans_dropped(&r), 1);
	/* The first one does. */
	ck_assert(bans_add(&r, &a[BAN_WAYS], &terms, 9 * S, &b));
	ck_assert_uint_eq(bans_dropped(&r), 2);
	ck_assert(!bans_have(&r, &a[0], 9 * S));
	for (uint32_t i = 1; i <= BAN_WAYS; i++)
		ck_assert(bans_have(&r, &a[i], 9 * S));
	/* What is over gives place before anything is dropped. */
	ck_assert(bans_add(&r, &a[BAN_WAYS + 1], &terms, 12 * S, &b));
	ck_assert_uint_eq(bans_dropped(&r), 2);
	ck_assert(!bans_have(&r, &a[1], 12 * S));
	ck_assert(bans_have(&r, &a[2], 12 * S));
	region_fini(&r);
}
END_TEST

static struct region *torn_region;

/* Between a key and its state: its place is another's, whose ban holds. */
static void
tear(const char *name)
{
	struct addr a = crowd(torn_region, 0), b = crowd(torn_region, 1);
	struct shm_ban_set *set =
	    &torn_region->state->bans
		 .set[ban_key_set(torn_region, ban_key(&a))];

	if (strcmp(name, "ban_half") != 0)
		return;
	shm_step_hook = NULL;
	ck_assert(ban_pair_swap(&set->place[0], ban_pair_load(&set->place[0]),
	    (struct ban_pair){
		ban_key(&b), ban_state_make(ban_until_of_us(99 * S), 1, 1) }));
}

START_TEST(a_torn_look_is_taken_for_no_ban)
{
	struct region r;
	struct ban b;

	fixture_region(&r, 1);
	struct addr a = crowd(&r, 0);
	ck_assert(bans_add(&r, &a, &terms, 0, &b));
	torn_region = &r;
	shm_step_hook = tear;
	ck_assert(bans_add(&r, &a, &terms, 20 * S, &b));
	ck_assert(shm_step_hook == NULL);
	ck_assert(bans_have(&r, &a, 20 * S));
	region_fini(&r);
}
END_TEST

/* Whatever else is banned, and for however long. */
START_TEST(what_operators_ban_is_not_dropped)
{
	struct region r;
	struct addr a[2 * BAN_WAYS + 1];
	struct ban b;

	fixture_region(&r, 1);
	for (uint32_t i = 0; i < 2 * BAN_WAYS + 1; i++)
		a[i] = crowd(&r, i);
	for (uint32_t i = 0; i < BAN_WAYS; i++)
		ck_assert(bans_add(&r, &a[i], &terms, (i + 1) * S, &b));
	/* They end before all others, and take the places of those in turn. */
	for (uint32_t i = 0; i < BAN_WAYS; i++) {
		ck_assert(bans_order(&r, &a[BAN_WAYS + i], 9 * S, 8 * S));
		ck_assert(!bans_have(&r, &a[i], 8 * S));
		ck_assert_uint_eq(bans_dropped(&r), i + 1);
	}
	/* Now nobody gives way: not to a rule, nor to one more operator. */
	ck_assert(!bans_add(&r, &a[0], &terms, 8 * S, &b));
	ck_assert(!bans_order(&r, &a[2 * BAN_WAYS], BANS_FOR_EVER, 8 * S));
	ck_assert(!bans_have(&r, &a[2 * BAN_WAYS], 8 * S));
	ck_assert_uint_eq(bans_by_total(&r, BAN_BY_OPERATOR), BAN_WAYS);
	for (uint32_t i = 0; i < BAN_WAYS; i++)
		ck_assert(bans_have(&r, &a[BAN_WAYS + i], 8 * S));
	/* One that is there already can be changed, and what is over goes. */
	ck_assert(bans_order(&r, &a[BAN_WAYS], BANS_FOR_EVER, 8 * S));
	ck_assert(bans_order(&r, &a[2 * BAN_WAYS], BANS_FOR_EVER, 9 * S));
	ck_assert(bans_have(&r, &a[BAN_WAYS], 9 * S));
	region_fini(&r);
}
END_TEST

/* Its process is dead, or will see that it has lost the place. */
START_TEST(operators_need_not_wait_for_what_is_pending)
{
	const uint64_t pending = UINT64_C(7) << BAN_UNTIL_SHIFT | BAN_PENDING;
	struct region r;
	struct ban b;

	fixture_region(&r, 1);
	struct addr a = crowd(&r, BAN_WAYS), other = crowd(&r, BAN_WAYS + 1);
	struct shm_ban_set *set =
	    &r.state->bans.set[ban_key_set(&r, ban_key(&a))];
	for (uint32_t i = 0; i < BAN_WAYS; i++) {
		struct addr p = crowd(&r, i);

		ck_assert(ban_pair_swap(&set->place[i], (struct ban_pair){ 0 },
		    (struct ban_pair){ ban_key(&p), pending }));
	}
	ck_assert(!bans_add(&r, &other, &terms, S, &b));
	ck_assert(bans_order(&r, &a, 5 * S, S));
	ck_assert(bans_have(&r, &a, S));
	region_fini(&r);
}
END_TEST

START_TEST(rules_keep_their_numbers)
{
	struct region r;
	char name[16];

	fixture_region(&r, 1);
	ck_assert_uint_eq(bans_rule(&r, SLICE_LIT("guessing")), 1);
	ck_assert_uint_eq(bans_rule(&r, SLICE_LIT("probing")), 2);
	ck_assert_uint_eq(bans_rule(&r, SLICE_LIT("guessing")), 1);
	ck_assert(slice_eq(bans_by_name(&r, 2), SLICE_LIT("probing")));
	ck_assert(slice_eq(bans_by_name(&r, 0), SLICE_LIT("operator")));
	for (uint32_t i = 3; i < BAN_RULES_MAX; i++) {
		snprintf(name, sizeof(name), "r%u", i);
		ck_assert_uint_eq(bans_rule(&r, slice_str(name)), i);
	}
	ck_assert_uint_eq(bans_rules(&r), BAN_RULES_MAX - 1);
	ck_assert_uint_eq(bans_rule(&r, SLICE_LIT("more")), BAN_BY_OTHERS);
	ck_assert(
	    slice_eq(bans_by_name(&r, BAN_BY_OTHERS), SLICE_LIT("others")));
	region_fini(&r);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("bans");

	tcase_add_test(tc, a_ban_holds_for_its_time);
	tcase_add_test(tc, time_grows_and_strikes_are_forgotten);
	tcase_add_test(tc, of_ipv6_it_is_the_64);
	tcase_add_test(tc, lifted_ordered_and_listed);
	tcase_add_test(tc, restored_as_it_was);
	tcase_add_test(tc, strikes_are_kept_by_the_end_that_was);
	tcase_add_test(tc, sweeping);
	tcase_add_test(tc, a_full_set_drops_what_ends_first);
	tcase_add_test(tc, a_torn_look_is_taken_for_no_ban);
	tcase_add_test(tc, what_operators_ban_is_not_dropped);
	tcase_add_test(tc, operators_need_not_wait_for_what_is_pending);
	tcase_add_test(tc, rules_keep_their_numbers);
	return fixture_run(tc, "bans");
}
