/*
 * health_test.c - the regular look: what is logged, slow starts, scores.
 */
#include "master/health.h"

#include <unistd.h>

#include "common/base/clock.h"
#include "shm/tally.h"
#include "tests/unit/master/gate_kit.h"
#include "tests/unit/own_clock.h"

#define MANY 150

static struct health health;
static char log_path[] = "/tmp/penstock-health-XXXXXX";

static void
setup(void)
{
	int fd = mkstemp(log_path);

	ck_assert_int_ge(fd, 0);
	(void)close(fd);
	gate_setup();
	ck_assert(log_open(log_path, LOG_LVL_DEBUG, "test"));
	health_init(&health, &loop, region);
}

static void
teardown(void)
{
	health_fini(&health);
	gate_teardown();
	(void)unlink(log_path);
}

static void
turn(void)
{
	own_us += 20000;
	ck_assert(loop_turn(&loop, 0));
}

static void
look(void)
{
	health_follow(&health);
	turn();
	turn();
}

/* Lines of the log that have `part`. */
static unsigned
logged(const char *part)
{
	FILE *f = fopen(log_path, "r");
	char line[2100];
	unsigned n = 0;

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f) != NULL)
		n += strstr(line, part) != NULL;
	(void)fclose(f);
	return n;
}

static void
down(uint32_t member, bool on)
{
	vital_set_flag(region, gate_index("a", member), VITAL_DOWN, on,
	    on ? CAUSE_PROBE_TIMEOUT : CAUSE_PROBE_OK, 0);
}

static uint32_t
share(uint32_t member)
{
	return vital_share(region, gate_index("a", member));
}

#define TWO(keys)                                                        \
	"a = { endpoints = ( { address = \"10.0.0.1:80\"; }, { address " \
	"= \"10.0.0.2:80\"; } ); " keys "};"

START_TEST(changes_are_logged_once)
{
	gate_publish(TWO(""));
	look();
	ck_assert_uint_eq(logged("debug"), 2);
	ck_assert_uint_eq(logged("10.0.0.1:80: added: configuration"), 1);
	down(1, true);
	look();
	look();
	ck_assert_uint_eq(logged("warn"), 1);
	ck_assert_uint_eq(
	    logged("service a: endpoint 10.0.0.2:80: down: probe_timeout"), 1);
	/* A successor does not say it again. */
	health_fini(&health);
	health_init(&health, &loop, region);
	look();
	ck_assert_uint_eq(logged("down: probe_timeout"), 1);
	down(1, false);
	look();
	ck_assert_uint_eq(logged("10.0.0.2:80: up: probe_ok"), 1);
}
END_TEST

START_TEST(many_at_once_are_counted)
{
	struct text t = { 0 };

	text_add(&t, SLICE_LIT("a = { endpoints = ("));
	for (unsigned i = 1; i <= MANY; i++)
		text_printf(&t, "%s { address = \"10.0.0.%u:80\"; }",
		    i != 1 ? "," : "", i);
	text_add(&t, SLICE_LIT(" ); };"));
	text_add_char(&t, '\0');
	gate_publish(t.p);
	text_fini(&t);
	look();
	ck_assert_uint_eq(logged("added:"), 100);
	ck_assert_uint_eq(logged("50 more changes of endpoints"), 1);
	for (uint32_t i = 0; i < MANY; i++)
		down(i, true);
	look();
	ck_assert_uint_eq(logged("down:"), 100);
	ck_assert_uint_eq(logged("50 more changes of endpoints"), 2);
	look();
	ck_assert_uint_eq(logged("more changes"), 2);
}
END_TEST

START_TEST(what_comes_back_starts_slowly)
{
	uint64_t end = own_us + 5000000;
	uint32_t least = VITAL_SHARE_FULL, between = 0;
	struct vital_info v;

	gate_publish(TWO("slow_start = \"600ms\"; "));
	down(0, true);
	look();
	ck_assert_uint_eq(share(0), VITAL_SHARE_FULL);
	down(0, false);
	look();
	ck_assert_uint_eq(share(0), VITAL_SHARE_FULL / 10);
	while (share(0) != VITAL_SHARE_FULL && own_us < end) {
		least = share(0);
		between += least > 200 && least < 900;
		turn();
	}
	ck_assert_uint_gt(between, 0);
	ck_assert_uint_eq(share(0), VITAL_SHARE_FULL);
	ck_assert_uint_eq(share(1), VITAL_SHARE_FULL);
	vital_info(region, gate_index("a", 0), &v);
	ck_assert_uint_eq(v.ramp_us, 0);
}
END_TEST

START_TEST(a_slow_start_ends_with_its_option)
{
	gate_publish(TWO("slow_start = \"1h\"; "));
	look();
	vital_set_admin(
	    region, gate_index("a", 0), ADMIN_DRAIN, CAUSE_OPERATOR);
	vital_set_admin(
	    region, gate_index("a", 0), ADMIN_READY, CAUSE_OPERATOR);
	look();
	ck_assert_uint_eq(share(0), VITAL_SHARE_FULL / 10);
	gate_publish(TWO(""));
	for (unsigned i = 0; i < 200 && share(0) != VITAL_SHARE_FULL; i++)
		turn();
	ck_assert_uint_eq(share(0), VITAL_SHARE_FULL);
}
END_TEST

START_TEST(marks_of_traffic_end_with_their_option)
{
	const struct vital_rule rule = { 1, 3600000000u };
	uint32_t index;

	gate_publish(TWO("passive = { failures = 1; time = \"1h\"; }; "));
	index = gate_index("a", 0);
	vital_failed(region, index, &rule, clock_now().us, CAUSE_STATUS, 500);
	look();
	ck_assert_int_eq(vital_look(region, index, clock_now().us), VITAL_SICK);
	gate_publish(TWO(""));
	look();
	ck_assert_int_eq(
	    vital_look(region, index, clock_now().us), VITAL_USABLE);
	look();
	ck_assert_uint_eq(logged("returned: configuration"), 1);
}
END_TEST

START_TEST(scores_are_kept_and_scale)
{
	gate_publish(TWO("health_score = true; "));
	for (unsigned i = 0; i < 200 && share(1) == VITAL_SHARE_FULL; i++) {
		for (unsigned k = 0; k < 20; k++) {
			tally_add(region, 0, gate_index("a", 0), true, 1000);
			tally_add(
			    region, 0, gate_index("a", 1), k % 2 == 0, 1000);
		}
		turn();
	}
	ck_assert_uint_eq(share(0), VITAL_SHARE_FULL);
	ck_assert_uint_ge(share(1), 450);
	ck_assert_uint_le(share(1), 550);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("health");

	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, changes_are_logged_once);
	tcase_add_test(tc, many_at_once_are_counted);
	tcase_add_test(tc, what_comes_back_starts_slowly);
	tcase_add_test(tc, a_slow_start_ends_with_its_option);
	tcase_add_test(tc, marks_of_traffic_end_with_their_option);
	tcase_add_test(tc, scores_are_kept_and_scale);
	return fixture_run(tc, "health");
}
