/*
 * quotas_test.c - what was spent of quotas, as a file.
 */
#include "master/quotas.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "master/saver.h"
#include "master/state.h"
#include "shm/limiter_key.h"
#include "tests/unit/shm/fixture.h"

#define DAY_US (UINT64_C(86400) * 1000000)

static struct region region, other;
static struct diag d;
static uint64_t now_us;

static void
setup(void)
{
	fixture_region(&region, 1);
	fixture_region(&other, 1);
	diag_init(&d);
	now_us = (uint64_t)clock_wall().us;
}

static void
teardown(void)
{
	diag_fini(&d);
	region_fini(&other);
	region_fini(&region);
}

static struct limiter_key
key(const struct region *r, const char *name)
{
	struct limiter_key_maker m;
	struct limiter_key k;

	limiter_key_begin(&m, UINT64_C(0x0123456789abcdef));
	limiter_key_add(&m, IMG_LIMIT_USER, slice_str(name));
	limiter_key_end(r, &m, &k);
	return k;
}

/* What is left; UINT64_MAX: nothing was. */
static uint64_t
take(const struct region *r, const char *name, uint64_t end_us)
{
	const struct limiter_rate rate = { .kind = LIMITER_FIXED,
		.count = 10,
		.period_us = DAY_US,
		.end_us = end_us };
	struct limiter_key k = key(r, name);
	struct limiter_left left;

	return limiter_take(r, LIMITER_QUOTA, &k, &rate, now_us, &left)
	    ? left.remaining
	    : UINT64_MAX;
}

static void
quotas_pass(void)
{
	struct text text = { 0 };

	quotas_write(&region, &text);
	ck_assert(quotas_load(&other, text_slice(&text), &d));
	text_fini(&text);
}

START_TEST(quotas_go_on)
{
	const char *const longer =
	    "a name of so many bytes that no key has room for all of them";
	uint64_t end_us = now_us + DAY_US;

	for (int i = 0; i < 3; i++) {
		(void)take(&region, "alice", end_us);
		(void)take(&region, longer, end_us);
	}
	for (int i = 0; i < 10; i++)
		(void)take(&region, "bob \"\xff\"", end_us);
	quotas_pass();
	ck_assert_uint_eq(take(&other, "alice", end_us), 6);
	ck_assert_uint_eq(take(&other, longer, end_us), 6);
	ck_assert_uint_eq(take(&other, "bob \"\xff\"", end_us), UINT64_MAX);
	ck_assert_uint_eq(take(&other, "carol", end_us), 9);
	/* Nothing is added where more is known. */
	quotas_pass();
	ck_assert_uint_eq(take(&other, "alice", end_us), 5);
}
END_TEST

START_TEST(what_is_over_is_left_out)
{
	uint64_t end_us = now_us + 2000000;

	ck_assert_uint_eq(take(&region, "alice", end_us), 9);
	quotas_pass();
	ck_assert_uint_eq(limiter_used(&other, LIMITER_QUOTA, now_us, NULL), 1);
	region_fini(&other);
	fixture_region(&other, 1);
	ck_assert(quotas_load(&other,
	    slice_str("{\"penstock\":\"quotas\",\"version\":1}\n"
		      "{\"limit\":\"0123456789abcdef\",\"key\":\"\","
		      "\"spent\":9,\"until\":1}\n"),
	    &d));
	ck_assert_uint_eq(limiter_used(&other, LIMITER_QUOTA, now_us, NULL), 0);
}
END_TEST

#define FIRST "{\"penstock\":\"quotas\",\"version\":1}\n"
#define GOOD "{\"limit\":\"0123456789abcdef\",\"key\":\"0101\","

START_TEST(damaged_files)
{
	static const char *const bad[] = {
		"",
		FIRST "\n",
		FIRST GOOD "\"spent\":1}\n",
		FIRST GOOD "\"until\":1}\n",
		FIRST GOOD "\"spent\":0,\"until\":4294967295}\n",
		FIRST GOOD "\"spent\":4294967296,\"until\":4294967295}\n",
		FIRST GOOD "\"spent\":1,\"until\":4294967296}\n",
		FIRST GOOD "\"spent\":1,\"until\":4294967295,\"x\":1}\n",
		FIRST GOOD "\"spent\":1,\"until\":4294967295}",
		FIRST "{\"key\":\"01\",\"spent\":1,\"until\":4294967295}\n",
		FIRST "{\"limit\":\"0123456789abcde\",\"key\":\"\","
		      "\"spent\":1,\"until\":4294967295}\n",
		FIRST "{\"limit\":\"0123456789abcdeg\",\"key\":\"\","
		      "\"spent\":1,\"until\":4294967295}\n",
		FIRST "{\"limit\":\"0123456789abcdef\",\"key\":\"1\","
		      "\"spent\":1,\"until\":4294967295}\n",
		FIRST "{\"limit\":\"0123456789abcdef\",\"key\":\"0g\","
		      "\"spent\":1,\"until\":4294967295}\n",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_msg(
		    !quotas_load(&other, slice_str(bad[i]), &d), "%s", bad[i]);
		ck_assert_uint_eq(d.errors, i + 1);
	}
}
END_TEST

/* ---- more than a file may have ---- */

#define PATH "/tmp/penstock-quotas-XXXXXX"
#define SAID "a part is left out"

static void
spend_much(void)
{
	char name[LIMITER_KEY_BYTES - 1];

	memset(name, 0xff, sizeof(name));
	for (uint32_t i = 0; i < 300000; i++) {
		(void)snprintf(name, sizeof(name), "%u", i);
		name[strlen(name)] = (char)0xff;
		name[sizeof(name) - 1] = '\0';
		(void)take(&region, name, now_us + DAY_US);
	}
}

static uint32_t
log_said(const char *path)
{
	char line[512];
	FILE *f = fopen(path, "r");
	uint32_t n = 0;

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f) != NULL)
		n += strstr(line, SAID) != NULL;
	(void)fclose(f);
	return n;
}

START_TEST(a_part_is_not_all)
{
	char path[] = PATH, log[sizeof(PATH) + 8], command[80];
	int dir;
	struct saver s;
	struct stat st;

	ck_assert_ptr_nonnull(mkdtemp(path));
	(void)snprintf(log, sizeof(log), "%s/log", path);
	ck_assert(log_open(log, LOG_LVL_DEBUG, "test"));
	dir = open(path, O_RDONLY | O_DIRECTORY);
	ck_assert_int_ge(dir, 0);
	saver_init(&s, &region, dir);
	spend_much();
	ck_assert(!saver_write(&s, SAVER_QUOTAS));
	ck_assert(!saver_write(&s, SAVER_QUOTAS));
	ck_assert(s.failing[SAVER_QUOTAS]);
	ck_assert_uint_eq(log_said(log), 1);
	/* What there is can be read. */
	ck_assert_int_eq(fstatat(dir, QUOTAS_FILE, &st, 0), 0);
	ck_assert_int_le(st.st_size, STATE_BYTES_MAX);
	ck_assert_int_gt(st.st_size, STATE_BYTES_MAX - 512);
	saver_init(&s, &other, dir);
	ck_assert(saver_load(&s, &d));
	ck_assert_uint_gt(
	    limiter_used(&other, LIMITER_QUOTA, now_us, NULL), 100000);
	(void)close(dir);
	(void)snprintf(command, sizeof(command), "rm -r %s", path);
	ck_assert_int_eq(system(command), 0);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("quotas");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, quotas_go_on);
	tcase_add_test(tc, what_is_over_is_left_out);
	tcase_add_test(tc, damaged_files);
	tcase_add_test(tc, a_part_is_not_all);
	tcase_set_timeout(tc, 120);
	return fixture_run(tc, "quotas");
}
