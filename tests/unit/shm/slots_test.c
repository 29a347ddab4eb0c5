/* Tests of slots.c: who lives in a slot, and settling after a death. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "shm/counters.h"
#include "shm/slots.h"
#include "tests/unit/shm/fixture.h"

START_TEST(a_slot_tells_who_lives_there)
{
	struct region r;
	struct slot_info i;

	fixture_region(&r, 2);
	slot_info(&r, 1, &i);
	ck_assert_uint_eq(i.state, SLOT_DOWN);
	ck_assert_uint_eq(i.restarts, 0);
	slot_occupy(&r, 1, 4711);
	slot_info(&r, 1, &i);
	ck_assert_int_eq(i.pid, 4711);
	ck_assert_uint_eq(i.state, SLOT_STARTING);
	ck_assert_uint_eq(i.incarnation, 1);
	ck_assert_uint_eq(i.restarts, 0);
	slot_set_state(&r, 1, SLOT_READY);
	ck_assert_int_eq(slot_state(&r, 1), SLOT_READY);
	ck_assert_str_eq(slot_state_name(slot_state(&r, 1)), "ready");
	ck_assert_int_eq(slot_state(&r, 0), SLOT_DOWN);

	slot_settle(&r, 1, SIGSEGV);
	slot_occupy(&r, 1, 4712);
	slot_info(&r, 1, &i);
	ck_assert_uint_eq(i.incarnation, 2);
	ck_assert_uint_eq(i.restarts, 1);
	ck_assert_int_eq(WTERMSIG(i.last_status), SIGSEGV);
	region_fini(&r);
}
END_TEST

START_TEST(a_helper_has_one_too)
{
	struct region r;
	struct slot_info i;

	fixture_region(&r, 1);
	slot_occupy(&r, SLOTS_MAX - 1, 4711);
	slot_set_state(&r, SLOTS_MAX - 1, SLOT_READY);
	slot_settle(&r, SLOTS_MAX - 1, SIGKILL);
	slot_info(&r, SLOTS_MAX - 1, &i);
	ck_assert_uint_eq(i.state, SLOT_DOWN);
	ck_assert_int_eq(i.pid, 0);
	ck_assert_int_eq(WTERMSIG(i.last_status), SIGKILL);
	region_fini(&r);
}
END_TEST

START_TEST(a_beat_is_stored_now_and_then)
{
	struct region r;
	struct slot_info i;

	fixture_region(&r, 1);
	slot_occupy(&r, 0, 1);
	slot_info(&r, 0, &i);
	uint64_t start = i.beat_us;
	slot_beat(&r, 0, start + 99999);
	slot_info(&r, 0, &i);
	ck_assert_uint_eq(i.beat_us, start);
	slot_beat(&r, 0, start + 100000);
	slot_info(&r, 0, &i);
	ck_assert_uint_eq(i.beat_us, start + 100000);
	region_fini(&r);
}
END_TEST

/* Of a dead process nothing is left that its successor would go by. */
START_TEST(a_slot_tells_its_load)
{
	struct region r;
	struct slot_info i;

	fixture_region(&r, 2);
	slot_set_load(&r, 1, 1500, 700);
	slot_set_memory(&r, 1, 4096);
	slot_info(&r, 1, &i);
	ck_assert_uint_eq(i.lag_us, 1500);
	ck_assert_uint_eq(i.pressure, 700);
	ck_assert_uint_eq(i.memory_bytes, 4096);
	ck_assert_uint_eq(slot_memory(&r, 1), 4096);
	ck_assert_uint_eq(slot_memory(&r, 0), 0);
	slot_settle(&r, 1, SIGKILL);
	slot_info(&r, 1, &i);
	ck_assert_uint_eq(i.lag_us, 0);
	ck_assert_uint_eq(i.pressure, 0);
	ck_assert_uint_eq(slot_memory(&r, 1), 0);
	region_fini(&r);
}
END_TEST

START_TEST(who_is_fit_to_serve)
{
	struct region r;
	struct slot_info i;

	fixture_region(&r, 1);
	slot_occupy(&r, 0, 1);
	slot_info(&r, 0, &i);
	ck_assert(!slot_is_fit(&r, 0, i.beat_us));
	slot_set_state(&r, 0, SLOT_READY);
	ck_assert(slot_is_fit(&r, 0, i.beat_us));
	ck_assert(slot_is_fit(&r, 0, i.beat_us - 1));
	ck_assert(slot_is_fit(&r, 0, i.beat_us + 499999));
	ck_assert(!slot_is_fit(&r, 0, i.beat_us + 500000));
	slot_set_state(&r, 0, SLOT_DRAINING);
	ck_assert(!slot_is_fit(&r, 0, i.beat_us));
	region_fini(&r);
}
END_TEST

START_TEST(last_words_are_kept)
{
	struct region r;
	struct slot_info i;
	char text[SLOT_WORDS_MAX + 10];

	fixture_region(&r, 1);
	slot_last_words(&r, 0, "it hurts");
	slot_settle(&r, 0, SIGABRT);
	slot_occupy(&r, 0, 2);
	slot_info(&r, 0, &i);
	ck_assert_str_eq(i.last_words, "it hurts");
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	slot_last_words(&r, 0, text);
	slot_info(&r, 0, &i);
	ck_assert_uint_eq(strlen(i.last_words), SLOT_WORDS_MAX - 1);
	slot_last_words(&r, SLOT_MASTER + 1, "nobody");
	region_fini(&r);
}
END_TEST

START_TEST(a_dead_worker_is_settled)
{
	struct region r;
	struct epoch_view v;
	struct slot_info i;
	struct eset_want want = fixture_want(1, 1);

	fixture_region(&r, 2);
	fixture_publish(&r, 5000);
	uint32_t s = registry_service(&r, SLICE_LIT("s"));
	ck_assert(registry_publish_set(&r, s, &want, 1));
	slot_occupy(&r, 0, getpid());
	epoch_enter(&r, 0, &v);
	epoch_pin(&r, 0, v.slot);
	registry_active_add(&r, 0, 0, 1);
	counter_add(counters_block(&r, 0), COUNTER_CONNECTIONS, 3);
	counter_add(counters_block(&r, 1), COUNTER_CONNECTIONS, 1);
	counter_add(counters_block(&r, 0), COUNTER_BYTES_IN, 100);
	for (int again = 0; again < 2; again++) {
		slot_settle(&r, 0, SIGKILL);
		slot_info(&r, 0, &i);
		ck_assert_int_eq(i.pid, 0);
		ck_assert_uint_eq(i.state, SLOT_DOWN);
		ck_assert_uint_eq(epoch_horizon(&r), EPOCH_IDLE);
		ck_assert_uint_eq(
		    atomic_load(&r.state->pins[0].image[v.slot]), 0);
		ck_assert_uint_eq(registry_active(&r, 0), 0);
		ck_assert_uint_eq(counters_sum(&r, COUNTER_CONNECTIONS), 1);
		ck_assert_uint_eq(counters_sum(&r, COUNTER_BYTES_IN), 100);
	}
	region_fini(&r);
}
END_TEST

START_TEST(the_master_has_a_slot)
{
	struct region r;
	struct slot_info i;

	fixture_region(&r, WORKERS_MAX);
	slot_occupy(&r, SLOT_MASTER, 99);
	slot_settle(&r, SLOT_MASTER, 256);
	slot_info(&r, SLOT_MASTER, &i);
	ck_assert_int_eq(WEXITSTATUS(i.last_status), 1);
	ck_assert_uint_eq(i.incarnation, 1);
	region_fini(&r);
}
END_TEST

START_TEST(each_slot_has_a_name)
{
	static const struct {
		uint32_t slot;
		const char *role, *name;
	} cases[] = {
		{ 0, "worker", "worker 0" },
		{ WORKERS_MAX - 1, "worker", "worker 63" },
		{ SLOT_MASTER, "master", "master" },
		{ SLOT_HELPER, "helper", "helper 0" },
		{ SLOT_LOG - 1, "helper", "helper 15" },
		{ SLOT_LOG, "penstocklog", "penstocklog" },
	};
	char name[SLOT_NAME_BYTES];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		slot_name(cases[i].slot, name);
		ck_assert_str_eq(name, cases[i].name);
		ck_assert_str_eq(slot_role(cases[i].slot), cases[i].role);
	}
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("slots");

	tcase_add_test(tc, a_slot_tells_who_lives_there);
	tcase_add_test(tc, a_helper_has_one_too);
	tcase_add_test(tc, a_beat_is_stored_now_and_then);
	tcase_add_test(tc, a_slot_tells_its_load);
	tcase_add_test(tc, who_is_fit_to_serve);
	tcase_add_test(tc, last_words_are_kept);
	tcase_add_test(tc, a_dead_worker_is_settled);
	tcase_add_test(tc, the_master_has_a_slot);
	tcase_add_test(tc, each_slot_has_a_name);
	return fixture_run(tc, "slots");
}
