/*
 * saver_test.c - how often a file is written that may take long: bans.
 */
#include "master/saver.h"

#include <fcntl.h>
#include <unistd.h>

#include "master/ban_list.h"
#include "master/state.h"
#include "tests/unit/shm/fixture.h"

#define S UINT64_C(1000000)

static struct region region;
static struct loop loop;
static struct ban_list list;
static struct saver saver;
static char folder[64];

static void
setup(void)
{
	fixture_region(&region, 1);
	(void)clock_update();
	(void)snprintf(folder, sizeof(folder), "/tmp/penstock-bans-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	saver_init(&saver, &region, open(folder, O_RDONLY | O_DIRECTORY));
	ck_assert(loop_init(&loop));
	ban_list_init(&list, &loop, &region, &saver);
}

static void
teardown(void)
{
	char command[96];

	ban_list_fini(&list);
	loop_fini(&loop);
	(void)close(saver.dir);
	(void)snprintf(command, sizeof(command), "rm -r %s", folder);
	ck_assert_int_eq(system(command), 0);
	region_fini(&region);
}

static void
ban(const char *text)
{
	const struct ban_terms terms = { 100 * S, 100 * S, 1000, 1 };
	struct addr a;
	struct ban b;

	ck_assert(ban_address_parse(slice_str(text), &a));
	ck_assert(bans_add(&region, &a, &terms, clock_now().us, &b));
}

static bool
is_saved(const char *address_text)
{
	struct text file = { 0 };
	bool found;

	(void)state_read(saver.dir, BAN_LIST_FILE, &file);
	found = file.n != 0 &&
	    memmem(file.p, file.n, address_text, strlen(address_text)) != NULL;
	text_fini(&file);
	return found;
}

static void
tended_after(uint64_t s)
{
	timer_run(&loop.timers, mono_add_us(clock_now(), s * S));
}

START_TEST(writing_takes_a_part_of_the_time)
{
	uint64_t began_us = clock_raw_us(), end_us, due_us;

	ban("192.0.2.1");
	ck_assert(saver_write_due(&saver, SAVER_BANS));
	ck_assert(is_saved("192.0.2.1"));
	end_us = clock_raw_us();
	due_us = saver.due_us[SAVER_BANS];
	ck_assert_uint_gt(due_us, began_us + SAVER_SHARE);
	ck_assert_uint_le(due_us, end_us + (end_us - began_us) * SAVER_SHARE);
	/* As if it had taken long. */
	saver.due_us[SAVER_BANS] = UINT64_MAX;
	ban("192.0.2.2");
	ck_assert(saver_write_due(&saver, SAVER_BANS));
	tended_after(2);
	ck_assert(!is_saved("192.0.2.2"));
	/* Nobody has to ask again. */
	saver.due_us[SAVER_BANS] = 0;
	tended_after(4);
	ck_assert(is_saved("192.0.2.2"));
	/* What could not be written is said not to be. */
	saver.due_us[SAVER_BANS] = UINT64_MAX;
	saver.failing[SAVER_BANS] = true;
	ck_assert(!saver_write_due(&saver, SAVER_BANS));
}
END_TEST

START_TEST(the_end_does_not_wait)
{
	saver.due_us[SAVER_BANS] = UINT64_MAX;
	ban("192.0.2.1");
	ban_list_fini(&list);
	ck_assert(is_saved("192.0.2.1"));
	ban_list_init(&list, &loop, &region, &saver);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("saver");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, writing_takes_a_part_of_the_time);
	tcase_add_test(tc, the_end_does_not_wait);
	return fixture_run(tc, "saver");
}
