/*
 * Tests of lineage.c and saver.c: refresh families as a file, and what becomes
 * of files that cannot be read.
 */
#include "master/lineage.h"

#include <fcntl.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "master/saver.h"
#include "tests/unit/shm/fixture.h"

static struct region region, other;
static struct diag d;
static int64_t now_s;

static void
setup(void)
{
	ck_assert(log_open("/dev/null", LOG_LVL_CRITICAL, "test"));
	fixture_region(&region, 1);
	fixture_region(&other, 1);
	diag_init(&d);
	now_s = clock_wall().us / 1000000;
}

static void
teardown(void)
{
	diag_fini(&d);
	region_fini(&other);
	region_fini(&region);
}

static void
begin(uint64_t key, int64_t lives_s)
{
	ck_assert(families_begin(&region, 0, key, now_s, now_s + lives_s));
}

START_TEST(families_go_on)
{
	struct text text = { 0 };
	uint64_t sum;

	begin(1, 1000);
	begin(2, 1000);
	begin(3, 1000);
	ck_assert_int_eq(families_turn(&region, 1, 0, now_s), FAMILY_OK);
	ck_assert_int_eq(families_turn(&region, 2, 7, now_s), FAMILY_REUSED);
	lineage_write(&region, &text);
	sum = lineage_sum(&region);
	ck_assert(lineage_load(&other, text_slice(&text), &d));
	ck_assert_uint_eq(lineage_count(&other), 3);
	ck_assert_uint_eq(lineage_sum(&other), sum);
	/* Used turns stay used, what has ended stays ended. */
	ck_assert_int_eq(families_turn(&other, 1, 1, now_s), FAMILY_OK);
	ck_assert_uint_ne(lineage_sum(&other), sum);
	ck_assert_int_eq(families_turn(&other, 1, 1, now_s), FAMILY_REUSED);
	ck_assert_int_eq(families_turn(&other, 2, 0, now_s), FAMILY_REVOKED);
	ck_assert_int_eq(families_turn(&other, 3, 0, now_s), FAMILY_OK);
	ck_assert_int_eq(families_turn(&other, 4, 0, now_s), FAMILY_UNKNOWN);
	text_fini(&text);
}
END_TEST

#define FIRST "{\"penstock\":\"refresh_families\",\"version\":1}\n"

START_TEST(damaged_files)
{
	static const char *const bad[] = {
		"",
		FIRST "\n",
		FIRST "[\"0123456789abcdef\",\"0123456789abcde\"]\n",
		FIRST "[\"0123456789abcdef\",\"0123456789abcdeg\"]\n",
		FIRST "[\"0123456789abcdef\";\"0123456789abcdef\"]\n",
		FIRST "[\"0000000000000000\",\"0123456789abcdef\"]\n",
		FIRST "[\"0123456789abcdef\",\"0123456789abcdef\"]",
	};

	ck_assert(!lineage_load(&other, slice_str(bad[_i]), &d));
	ck_assert_uint_eq(d.errors, 1);
}
END_TEST

/* ---- all files ---- */

static int
folder_make(char path[64])
{
	int dir;

	(void)snprintf(path, 64, "/tmp/penstock-saver-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(path));
	dir = open(path, O_RDONLY | O_DIRECTORY);
	ck_assert_int_ge(dir, 0);
	return dir;
}

static void
folder_put(int dir, const char *name, const char *text)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	(void)close(fd);
}

static void
folder_drop(int dir, const char *path)
{
	char command[80];

	(void)close(dir);
	(void)snprintf(command, sizeof(command), "rm -r %s", path);
	ck_assert_int_eq(system(command), 0);
}

START_TEST(all_files)
{
	char path[64];
	int dir = folder_make(path);
	struct saver s;

	saver_init(&s, &region, dir);
	ck_assert(saver_load(&s, &d));
	begin(5, 1000);
	for (int i = 0; i < SAVER_FILES; i++)
		ck_assert(saver_write(&s, (enum saver_file)i));
	saver_init(&s, &other, dir);
	ck_assert(saver_load(&s, &d));
	ck_assert_uint_eq(lineage_count(&other), 1);
	folder_drop(dir, path);
	/* Without a folder nothing is kept, which is no failure. */
	saver_init(&s, &other, -1);
	ck_assert(saver_load(&s, &d) && saver_write(&s, SAVER_KEYS));
}
END_TEST

START_TEST(damaged_ones)
{
	static const struct {
		const char *name;
		bool starts;
	} c[] = {
		{ "api_keys", false },
		{ "revocations", false },
		{ "signing_keys", false },
		{ "refresh_families", true },
	};
	char path[64];
	int dir = folder_make(path);
	struct saver s;

	folder_put(dir, c[_i].name, "x\n");
	saver_init(&s, &region, dir);
	ck_assert_int_eq(saver_load(&s, &d), c[_i].starts);
	ck_assert_uint_eq(d.errors, !c[_i].starts);
	folder_drop(dir, path);
}
END_TEST

START_TEST(failures_are_counted)
{
	char path[64];
	int dir = folder_make(path);
	struct text t = { 0 };
	struct saver s;

	ck_assert_int_eq(mkdirat(dir, "revocations", 0700), 0);
	saver_init(&s, &region, dir);
	ck_assert(!saver_write(&s, SAVER_REVOCATIONS));
	ck_assert(!saver_write(&s, SAVER_REVOCATIONS));
	ck_assert(saver_write(&s, SAVER_KEYS));
	saver_prom(&s, &(struct prom){ .out = &t });
	text_add_char(&t, '\0');
	ck_assert_ptr_nonnull(
	    strstr(t.p, "penstock_state_saved{file=\"revocations\"} 0\n"));
	ck_assert_ptr_nonnull(
	    strstr(t.p, "penstock_state_saved{file=\"api_keys\"} 1\n"));
	ck_assert_ptr_nonnull(strstr(t.p,
	    "penstock_state_save_failures_total{file=\"revocations\"} 2\n"));
	ck_assert_int_eq(unlinkat(dir, "revocations", AT_REMOVEDIR), 0);
	ck_assert(saver_write(&s, SAVER_REVOCATIONS));
	ck_assert(!s.failing[SAVER_REVOCATIONS]);
	text_fini(&t);
	folder_drop(dir, path);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("all");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, families_go_on);
	tcase_add_loop_test(tc, damaged_files, 0, 7);
	tcase_add_test(tc, all_files);
	tcase_add_loop_test(tc, damaged_ones, 0, 4);
	tcase_add_test(tc, failures_are_counted);
	return fixture_run(tc, "lineage");
}
