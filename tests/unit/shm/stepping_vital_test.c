/*
 * stepping_vital_test.c - kills whoever changes vitals and overrides before
 * each of its stores. Whatever the place: a change took place or not, the
 * history lacks one entry at most, and others go on from there. Nor does it
 * matter what others do just before a store.
 */
#include "tests/unit/shm/stepping.h"

#define E 4

static const struct vital_rule rule = { .failures = 2, .time_us = 1000 };

static struct vital_info
info_of(const struct region *r, uint32_t index)
{
	struct vital_info i;

	vital_info(r, index, &i);
	return i;
}

/* ---- a worker that marks ---- */

static const enum change_event marks[] = { CHANGE_EJECTED, CHANGE_TRIAL,
	CHANGE_EJECTED, CHANGE_TRIAL, CHANGE_RETURNED };

static void
worker_marks(struct region *r)
{
	vital_failed(r, E, &rule, 50, CAUSE_CONNECT, 111);
	vital_failed(r, E, &rule, 100, CAUSE_CONNECT, 111);
	vital_claim(r, E, &rule, 2000);
	vital_failed(r, E, &rule, 2100, CAUSE_CONNECT, 111);
	vital_claim(r, E, &rule, 4000);
	vital_answered(r, E, &rule);
}

/* How many of the changes took place. */
static uint32_t
marks_made(const struct region *r)
{
	static const struct {
		enum vital_passive state;
		uint64_t until_us;
	} after[] = {
		{ PASSIVE_OK, 0 },
		{ PASSIVE_OUT, 1100 },
		{ PASSIVE_TRIAL, 3000 },
		{ PASSIVE_OUT, 3100 },
		{ PASSIVE_TRIAL, 5000 },
	};
	struct vital_info i = info_of(r, E);

	if (i.passive == PASSIVE_OK && history_count(r, E) != 0)
		return 5;
	for (uint32_t k = 0; k < 5; k++)
		if (i.passive == after[k].state &&
		    i.passive_us == after[k].until_us)
			return k;
	ck_abort_msg("state %d until %llu", (int)i.passive,
	    (unsigned long long)i.passive_us);
}

static void
marks_check(const struct region *r)
{
	struct change c[HISTORY_KEPT];
	uint32_t made = marks_made(r);
	uint32_t n = history_read(r, E, 0, c, HISTORY_KEPT);

	ck_assert_uint_le(history_count(r, E), made);
	ck_assert_uint_ge(n + 1, made);
	for (uint32_t i = 0; i < n; i++) {
		ck_assert_uint_lt(c[i].number, made);
		ck_assert_int_eq(c[i].event, marks[c[i].number]);
	}
}

/* Another worker, later: traffic comes back. */
static void
marks_go_on(const struct region *r)
{
	struct change c;

	if (info_of(r, E).passive != PASSIVE_OK) {
		ck_assert_int_eq(vital_look(r, E, 10000), VITAL_DUE);
		ck_assert(vital_claim(r, E, &rule, 10000));
		vital_answered(r, E, &rule);
		ck_assert_uint_eq(history_read(r, E, 0, &c, 1), 1);
		ck_assert_int_eq(c.event, CHANGE_RETURNED);
	}
	ck_assert_int_eq(vital_look(r, E, 10000), VITAL_USABLE);
}

START_TEST(worker_is_killed_while_marking)
{
	bool done = false;

	for (uint32_t k = 1; !done; k++) {
		struct region r;

		fixture_region(&r, 1);
		done = run_killed(worker_marks, &r, k);
		marks_check(&r);
		uint64_t version = vitals_version(&r);
		slot_settle(&r, 0, SIGKILL);
		/* Whatever others have worked out is out of date. */
		ck_assert_uint_gt(vitals_version(&r), version);
		marks_go_on(&r);
		ck_assert(!done || (k > 30 && marks_made(&r) == 5));
		region_fini(&r);
	}
}
END_TEST

/* ---- others are faster ---- */

static const struct region *rival_region;
static const char *rival_step; /* before it, the rival acts */
static void (*rival)(const struct region *r);

static void
rival_acts(const char *name)
{
	if (strcmp(name, rival_step) != 0)
		return;
	shm_step_hook = NULL;
	rival(rival_region);
}

static void
rival_set(const struct region *r, const char *step,
    void (*what)(const struct region *))
{
	rival_region = r;
	rival_step = step;
	rival = what;
	shm_step_hook = rival_acts;
}

static void
rival_fails(const struct region *r)
{
	vital_failed(r, E, &rule, 100, CAUSE_STATUS, 500);
}

static void
rival_claims(const struct region *r)
{
	ck_assert(vital_claim(r, E, &rule, 2000));
}

static void
rival_answers(const struct region *r)
{
	vital_answered(r, E, &rule);
}

START_TEST(each_change_happens_once)
{
	struct region r;

	fixture_region(&r, 1);
	vital_failed(&r, E, &rule, 50, CAUSE_CONNECT, 111);
	rival_set(&r, "V1_passive", rival_fails);
	vital_failed(&r, E, &rule, 60, CAUSE_CONNECT, 111);
	ck_assert_uint_eq(info_of(&r, E).passive_us, 1100);
	ck_assert_uint_eq(history_count(&r, E), 1);
	rival_set(&r, "V1_passive", rival_claims);
	ck_assert(!vital_claim(&r, E, &rule, 2000));
	ck_assert_uint_eq(history_count(&r, E), 2);
	rival_set(&r, "V1_passive", rival_answers);
	vital_forgive(&r, E, CAUSE_OPERATOR);
	ck_assert_uint_eq(history_count(&r, E), 3);
	/* A count that another one makes first is not lost. */
	rival_set(&r, "V1_passive", rival_fails);
	vital_failed(&r, E, &rule, 100, CAUSE_CONNECT, 111);
	ck_assert_int_eq(info_of(&r, E).passive, PASSIVE_OUT);
	/* A trial that failed first did not succeed. */
	ck_assert(vital_claim(&r, E, &rule, 2000));
	rival_set(&r, "V1_passive", rival_fails);
	vital_answered(&r, E, &rule);
	ck_assert_int_eq(info_of(&r, E).passive, PASSIVE_OUT);
	ck_assert_uint_eq(vitals_version(&r), history_count(&r, E));
	region_fini(&r);
}
END_TEST

/* A whole round of the ring. */
static void
rival_adds(const struct region *r)
{
	for (uint32_t i = 0; i < HISTORY_KEPT; i++)
		history_add(r, E, CHANGE_DOWN, CAUSE_PROBE_BODY, 9);
}

START_TEST(a_writer_is_overtaken)
{
	static const char *const at[] = { "H2_wall", "H2_what", "H2_detail",
		"H3" };
	struct change c[HISTORY_KEPT];

	for (uint32_t k = 0; k < 4; k++) {
		struct region r;

		fixture_region(&r, 1);
		rival_set(&r, at[k], rival_adds);
		history_add(&r, E, CHANGE_UP, CAUSE_PROBE_OK, 1);
		/* Its entry and the last of the round share a place. */
		uint32_t n = history_read(&r, E, 0, c, HISTORY_KEPT);
		ck_assert_uint_eq(n, HISTORY_KEPT - 1);
		for (uint32_t i = 0; i < n; i++) {
			ck_assert_uint_eq(c[i].number, i + 1);
			ck_assert_int_eq(c[i].event, CHANGE_DOWN);
		}
		ck_assert_uint_eq(history_changes(&r), HISTORY_KEPT + 1);
		region_fini(&r);
	}
}
END_TEST

/* ---- the master publishes ---- */

/* 1 is near; 2 is drained; 3 is new, starts slowly, and is drained. */
static void
master_publishes(struct region *r)
{
	struct eset_want want[] = { fixture_want(2, 1), fixture_want(3, 1),
		fixture_want(1, 1) };

	want[0].admin = want[1].admin = ADMIN_DRAIN;
	want[1].slow = want[2].near = true;
	want[1].cause = CAUSE_DNS;
	ck_assert(registry_publish_set(r, 0, want, 3));
}

/* What a set shows is never open when it should be closed. */
static void
published_check(const struct region *r)
{
	const struct eset *set = registry_set(r, 0);

	if (set == NULL || set->count != 3)
		return;
	uint32_t fresh = set->members[2].handle.index;
	struct change c[HISTORY_KEPT];
	uint32_t n = history_read(r, fresh, 0, c, HISTORY_KEPT);

	ck_assert_uint_eq(set->near, 1);
	ck_assert_uint_eq(set->members[0].addr.ip[15], 1);
	ck_assert_int_eq(
	    vital_look(r, set->members[1].handle.index, 0), VITAL_CLOSED);
	ck_assert_int_eq(vital_look(r, fresh, 0), VITAL_CLOSED);
	ck_assert_uint_eq(vital_share(r, fresh), 100);
	ck_assert_uint_ge(n, 1);
	ck_assert_int_eq(c[0].event, CHANGE_ADDED);
	ck_assert_int_eq(c[0].cause, CAUSE_DNS);
	for (uint32_t i = 1; i < n; i++)
		ck_assert_int_eq(c[i].event, CHANGE_DRAIN);
}

START_TEST(master_is_killed_while_publishing)
{
	bool done = false;

	for (uint32_t k = 1; !done; k++) {
		struct eset_want before[] = { fixture_want(1, 1),
			fixture_want(2, 1) };
		struct region r;

		fixture_region(&r, 1);
		registry_service(&r, SLICE_LIT("a"));
		ck_assert(registry_publish_set(&r, 0, before, 2));
		registry_map_drop(&r);
		extent_map_drop(&r);
		done = run_killed(master_publishes, &r, k);
		published_check(&r);
		epoch_recover_master(&r);
		registry_recover_master(&r);
		published_check(&r);
		master_publishes(&r);
		ck_assert_uint_eq(registry_set(&r, 0)->count, 3);
		published_check(&r);
		ck_assert(!done || k > 20);
		region_fini(&r);
	}
}
END_TEST

/* ---- the master keeps what operators say ---- */

#define NAME SLICE_LIT("one.example:80")
#define OTHER SLICE_LIT("two.example:80")

static const struct override steps[] = {
	{ .has_weight = true, .weight = 5, .conf_weight = 1 },
	{ .has_weight = true,
	    .weight = 9,
	    .has_state = true,
	    .state = ADMIN_MAINT,
	    .conf_state = ADMIN_DRAIN,
	    .conf_weight = 2 },
	{ .conf_weight = 0 },
};

static void
master_overrides(struct region *r)
{
	for (uint32_t i = 0; i < 3; i++)
		override_set(r, 1, NAME, &steps[i]);
	override_set(r, 2, OTHER, &steps[1]);
	override_drop_service(r, 2);
}

static bool
override_eq(const struct override *a, const struct override *b)
{
	return a->has_state == b->has_state && a->has_weight == b->has_weight &&
	    a->state == b->state && a->weight == b->weight &&
	    a->conf_state == b->conf_state && a->conf_weight == b->conf_weight;
}

/* Each is there as one of those that were asked for, or not there. */
static void
overrides_check(const struct region *r)
{
	struct override o;
	struct slice name;
	uint32_t service, i = 0;

	for (; override_at(r, i, &service, &name, &o); i++) {
		ck_assert_uint_le(service, 2);
		ck_assert(slice_eq(name, service == 1 ? NAME : OTHER));
		ck_assert(override_eq(&o, &steps[1]) ||
		    (service == 1 && override_eq(&o, &steps[0])));
	}
	ck_assert_uint_le(i, 1);
}

START_TEST(master_is_killed_while_overriding)
{
	bool done = false;
	struct override o;

	for (uint32_t k = 1; !done; k++) {
		struct region r;

		fixture_region(&r, 1);
		done = run_killed(master_overrides, &r, k);
		overrides_check(&r);
		ck_assert(override_set(&r, 1, NAME, &steps[1]));
		ck_assert(override_find(&r, 1, NAME, &o));
		ck_assert(override_eq(&o, &steps[1]));
		master_overrides(&r);
		ck_assert(!override_find(&r, 1, NAME, &o));
		ck_assert(!override_find(&r, 2, OTHER, &o));
		ck_assert(!done || k > 7);
		region_fini(&r);
	}
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("stepping vital");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, worker_is_killed_while_marking);
	tcase_add_test(tc, each_change_happens_once);
	tcase_add_test(tc, a_writer_is_overtaken);
	tcase_add_test(tc, master_is_killed_while_publishing);
	tcase_add_test(tc, master_is_killed_while_overriding);
	return fixture_run(tc, "stepping vital");
}
