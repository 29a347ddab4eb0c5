/* Tests of control.c: draining, waking, and how reloads went. */
#include <sys/eventfd.h>
#include <unistd.h>

#include "shm/control.h"
#include "tests/unit/shm/fixture.h"

START_TEST(draining_is_announced)
{
	struct region r;

	fixture_region(&r, 1);
	ck_assert_uint_eq(control_draining(&r), 0);
	control_drain(&r, 30000000);
	ck_assert_uint_eq(control_draining(&r), 30000000);
	region_fini(&r);
}
END_TEST

START_TEST(waking_never_blocks)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	uint64_t n = UINT64_MAX - 1;

	control_wake(fd);
	control_wake(fd);
	ck_assert_int_eq(read(fd, &n, sizeof(n)), sizeof(n));
	ck_assert_uint_eq(n, 2);
	n = UINT64_MAX - 1;
	ck_assert_int_eq(write(fd, &n, sizeof(n)), sizeof(n));
	control_wake(fd);
	ck_assert_int_eq(read(fd, &n, sizeof(n)), sizeof(n));
	close(fd);
}
END_TEST

START_TEST(reloads_are_counted)
{
	struct region r;
	struct reload_info i;

	fixture_region(&r, 1);
	control_reload_info(&r, &i);
	ck_assert_int_eq((int)i.last, RELOAD_NONE);
	ck_assert_int_eq(i.wall_us, 0);
	control_reload_done(&r, RELOAD_OK, 100);
	control_reload_done(&r, RELOAD_UNCHANGED, 200);
	control_reload_done(&r, RELOAD_FAILED, 300);
	fixture_publish(&r, 5000);
	control_reload_info(&r, &i);
	ck_assert_int_eq((int)i.last, RELOAD_FAILED);
	ck_assert_uint_eq(i.ok, 1);
	ck_assert_uint_eq(i.unchanged, 1);
	ck_assert_uint_eq(i.failed, 1);
	ck_assert_int_eq(i.wall_us, 300);
	ck_assert_int_eq(i.ok_wall_us, 200);
	ck_assert_uint_eq(i.generation, 1);
	region_fini(&r);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("control");

	tcase_add_test(tc, draining_is_announced);
	tcase_add_test(tc, waking_never_blocks);
	tcase_add_test(tc, reloads_are_counted);
	return fixture_run(tc, "control");
}
