/*
 * stepping_test.c - kills a process before each store of its protocols, then
 * recovers, and kills recovery before each of its stores, too. Whatever the
 * place: what is seen, pinned or in use is whole, and in the end nothing is
 * lost. Each case runs in a region of its own, from the same start.
 */
#include "tests/unit/shm/stepping.h"

#define SIZE 9000
#define SERVICE_A 0
#define SERVICE_B 1
#define SERVICE_C 2

static bool
publish(struct region *r, uint32_t service, uint32_t first, uint32_t count)
{
	struct eset_want want[8];

	for (uint32_t i = 0; i < count; i++)
		want[i] = fixture_want(first + i, 1);
	return registry_publish_set(r, service, want, count);
}

static const struct eset *
set_of(const struct region *r, uint32_t service)
{
	const struct eset *set = registry_set(r, service);

	if (set == NULL)
		ck_abort_msg("service %u has no endpoints", service);
	return set;
}

static void
reclaim(struct region *r)
{
	registry_reclaim(r);
	epoch_reclaim(r);
}

/* What others hold on to while somebody dies. */
struct scene {
	struct region r;
	struct epoch_view view; /* of worker 1, within a turn */
	const struct eset *set; /* seen in that turn */
	struct eset_member member;
	struct endpoint_handle used; /* by worker 0: active */
};

/*
 * Worker 0 pinned generation 1 and uses endpoint 1 of service a; worker 1 is in
 * a turn that sees generation 2.
 */
static void
scene_make(struct scene *s)
{
	struct region *r = &s->r;
	struct epoch_view v;

	fixture_region(r, 3);
	registry_service(r, SLICE_LIT("a"));
	registry_service(r, SLICE_LIT("b"));
	registry_route(r, SLICE_LIT("first"));
	fixture_publish(r, SIZE);
	ck_assert(publish(r, SERVICE_A, 1, 2));
	epoch_enter(r, 0, &v);
	epoch_pin(r, 0, v.slot);
	s->used = set_of(r, SERVICE_A)->members[0].handle;
	registry_active_add(r, 0, s->used.index, 1);
	epoch_leave(r, 0);
	fixture_publish(r, SIZE);
	epoch_enter(r, 1, &s->view);
	s->set = set_of(r, SERVICE_A);
	s->member = s->set->members[1];
	/* Who comes next has no indexes of its own yet. */
	extent_map_drop(r);
	registry_map_drop(r);
}

static void
scene_check(struct scene *s)
{
	struct region *r = &s->r;

	ck_assert(fixture_image_whole(epoch_image(r, 0), 1));
	ck_assert(fixture_secrets_whole(r, 0, 1));
	ck_assert(fixture_image_whole(s->view.image, 2));
	ck_assert(fixture_secrets_whole(r, s->view.slot, 2));
	ck_assert_uint_eq(s->set->count, 2);
	ck_assert_int_eq(
	    memcmp(&s->set->members[1], &s->member, sizeof(s->member)), 0);
	ck_assert(registry_endpoint_alive(r, s->used));
	ck_assert(registry_endpoint_alive(r, s->member.handle));
}

/* All of a current set's endpoints are alive, with the right address. */
static uint32_t
set_check(const struct region *r, uint32_t service)
{
	const struct eset *set = registry_set(r, service);

	for (uint32_t i = 0; set != NULL && i < set->count; i++) {
		const struct eset_member *m = &set->members[i];
		struct endpoint_info info;
		char text[ADDR_TEXT_MAX];

		ck_assert(registry_endpoint_alive(r, m->handle));
		ck_assert(registry_endpoint_info(r, m->handle.index, &info));
		ck_assert_uint_eq(info.state, ENDPOINT_LIVE);
		ck_assert_uint_eq(info.service, service);
		ck_assert(slice_eq(registry_endpoint_text(r, m->handle.index),
		    slice_make(text, addr_text(&m->addr, text))));
	}
	return set != NULL ? set->count : 0;
}

/* Everybody lets go; then all that is left is what is current. */
static void
scene_end(struct scene *s)
{
	struct region *r = &s->r;
	uint32_t sets = 0, endpoints = 0;

	epoch_leave(r, 1);
	epoch_unpin(r, 0, 0);
	registry_active_add(r, 0, s->used.index, -1);
	reclaim(r);
	ck_assert_uint_eq(registry_service(r, SLICE_LIT("c")), SERVICE_C);
	ck_assert(
	    slice_eq(registry_service_name(r, SERVICE_C), SLICE_LIT("c")));
	ck_assert_uint_eq(registry_route(r, SLICE_LIT("second")), 2);
	ck_assert(slice_eq(registry_route_name(r, 2), SLICE_LIT("second")));
	int slot = fixture_publish(r, SIZE);
	ck_assert_int_ge(slot, 0);
	ck_assert(publish(r, SERVICE_A, 20, 3));
	reclaim(r);
	ck_assert_uint_eq(fixture_images(r), 1);
	ck_assert(fixture_image_whole(epoch_image(r, (uint32_t)slot),
	    atomic_load(&r->state->control.pub) >> 16));
	for (uint32_t service = 0;
	     service < atomic_load(&r->state->control.services); service++) {
		uint32_t n = set_check(r, service);

		endpoints += n;
		sets += n != 0;
	}
	ck_assert_uint_eq(fixture_endpoints(r), endpoints);
	ck_assert_uint_eq(extent_used(r), 3 * SHM_PAGE + sets * SHM_PAGE);
	ck_assert_uint_eq(fixture_images_held(r), extent_used(r));
	ck_assert(fixture_secrets_whole(
	    r, (uint32_t)slot, atomic_load(&r->state->control.pub) >> 16));
	ck_assert_uint_eq(fixture_secrets_held(r), SHM_PAGE);
	region_fini(r);
}

/* ---- the master ---- */

static void
master_acts(struct region *r)
{
	reclaim(r);
	fixture_publish(r, SIZE);
	publish(r, SERVICE_A, 2, 2); /* 1 goes, 3 comes */
	reclaim(r);
	registry_service(r, SLICE_LIT("c"));
	registry_route(r, SLICE_LIT("second"));
	publish(r, SERVICE_B, 7, 1);
	publish(r, SERVICE_B, 8, 1);
	reclaim(r); /* the endpoint of 7 stays: worker 1 is in its turn */
	publish(r, SERVICE_B, 7, 1); /* and lives again */
	registry_retire_service(r, SERVICE_B);
	int slot = epoch_build(r, SIZE, SIZE);
	epoch_abandon(r, slot);
	fixture_publish(r, SIZE);
	reclaim(r);
}

static void
master_recovers(struct region *r)
{
	epoch_recover_master(r);
	registry_recover_master(r);
}

/* Also what no other process keeps from being freed. */
static void
master_acts_alone(struct region *r)
{
	epoch_leave(r, 1);
	epoch_recover_worker(r, 0);
	registry_recover_worker(r, 0);
	fixture_publish(r, SIZE);
	publish(r, SERVICE_A, 3, 1);
	reclaim(r);
	publish(r, SERVICE_B, 1, 2);
	publish(r, SERVICE_A, 1, 1);
	reclaim(r);
}

START_TEST(master_is_killed_at_every_store)
{
	struct scene s;
	bool done = false;

	for (uint32_t k = 1; !done; k++) {
		scene_make(&s);
		done = run_killed(master_acts, &s.r, k);
		master_recovers(&s.r);
		reclaim(&s.r);
		scene_check(&s);
		scene_end(&s);
		ck_assert(!done || k > 80);
	}
}
END_TEST

START_TEST(master_is_killed_in_recovery)
{
	struct scene s;
	bool done = false;

	for (uint32_t k = 1; !done; k += STRIDE) {
		bool recovered = false;

		for (uint32_t j = 1; !recovered; j++) {
			scene_make(&s);
			done = run_killed(master_acts, &s.r, k);
			recovered = run_killed(master_recovers, &s.r, j);
			scene_check(&s);
			master_recovers(&s.r);
			reclaim(&s.r);
			scene_check(&s);
			scene_end(&s);
		}
	}
}
END_TEST

START_TEST(master_is_killed_while_freeing)
{
	struct scene s;
	bool done = false;

	for (uint32_t k = 1; !done; k += STRIDE) {
		bool recovered = false;

		for (uint32_t j = 1; !recovered; j++) {
			scene_make(&s);
			done = run_killed(master_acts_alone, &s.r, k);
			/* Whatever the child got to: nobody holds anything. */
			epoch_leave(&s.r, 1);
			epoch_recover_worker(&s.r, 0);
			registry_recover_worker(&s.r, 0);
			recovered = run_killed(master_recovers, &s.r, j);
			master_recovers(&s.r);
			epoch_enter(&s.r, 1, &s.view);
			epoch_pin(&s.r, 0, 0);
			registry_active_add(&s.r, 0, s.used.index, 1);
			scene_end(&s);
		}
	}
}
END_TEST

/* ---- a worker ---- */

static void
worker_acts(struct region *r)
{
	struct epoch_view v;
	uint32_t e = set_of(r, SERVICE_A)->members[0].handle.index;
	_Atomic uint64_t *block = counters_block(r, 2);

	epoch_enter(r, 2, &v);
	counter_add(block, COUNTER_CONNECTIONS, 1);
	counter_add(block, COUNTER_BYTES_IN, 1);
	epoch_pin(r, 2, v.slot);
	registry_active_add(r, 2, e, 1);
	epoch_leave(r, 2);
	epoch_enter(r, 2, &v);
	epoch_unpin(r, 2, v.slot);
	registry_pooled_add(r, 2, e, 1);
	registry_active_add(r, 2, e, -1);
	epoch_leave(r, 2);
	registry_pooled_add(r, 2, e, -1);
}

static void
keeper_settles(struct region *r)
{
	slot_settle(r, 2, SIGKILL);
}

START_TEST(worker_and_its_settling_are_killed)
{
	struct scene s;
	bool done = false;

	for (uint32_t k = 1; !done; k += STRIDE) {
		bool settled = false;

		for (uint32_t j = 1; !settled; j++) {
			struct slot_info info;

			scene_make(&s);
			slot_occupy(&s.r, 2, 1);
			done = run_killed(worker_acts, &s.r, k);
			settled = run_killed(keeper_settles, &s.r, j);
			keeper_settles(&s.r);
			reclaim(&s.r);
			scene_check(&s);
			slot_info(&s.r, 2, &info);
			ck_assert_uint_eq(info.state, SLOT_DOWN);
			ck_assert_int_eq(info.pid, 0);
			ck_assert_uint_eq(
			    counters_sum(&s.r, COUNTER_CONNECTIONS), 0);
			ck_assert_uint_eq(
			    registry_active(&s.r, s.used.index), 1);
			ck_assert_uint_eq(
			    registry_pooled(&s.r, s.used.index), 0);
			scene_end(&s);
		}
		ck_assert(!done || k > 9);
	}
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("stepping");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, master_is_killed_at_every_store);
	tcase_add_test(tc, master_is_killed_in_recovery);
	tcase_add_test(tc, master_is_killed_while_freeing);
	tcase_add_test(tc, worker_and_its_settling_are_killed);
	return fixture_run(tc, "stepping");
}
