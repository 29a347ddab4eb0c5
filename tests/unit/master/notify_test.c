/*
 * Tests of notify.c: what a service manager reads from its socket.
 */
#include "tests/unit/shm/fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "master/notify.h"

static char name[64];
static int manager; /* the manager's socket */

static void
setup(void)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int n =
	    snprintf(name, sizeof(name), "@penstock-test-%d", (int)getpid());

	memcpy(un.sun_path + 1, name + 1, (size_t)n - 1);
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	ck_assert_int_ge(manager, 0);
	ck_assert_int_eq(
	    bind(manager, (const struct sockaddr *)&un,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)),
	    0);
	(void)setenv("NOTIFY_SOCKET", name, 1);
}

static void
teardown(void)
{
	(void)close(manager);
	(void)unsetenv("NOTIFY_SOCKET");
	(void)unsetenv("WATCHDOG_USEC");
	(void)unsetenv("WATCHDOG_PID");
}

/* The next datagram; "" when there is none. */
static const char *
told(void)
{
	static char text[1024];
	ssize_t n = recv(manager, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

START_TEST(states)
{
	struct notify n;
	char want[128];
	const char *got;

	notify_init(&n);
	notify_ready(&n, "Serving: %d workers", 4);
	(void)snprintf(want, sizeof(want),
	    "READY=1\nMAINPID=%d\nSTATUS=Serving: 4 workers", (int)getpid());
	ck_assert_str_eq(told(), want);
	notify_stopping(&n, "Stopping");
	ck_assert_str_eq(told(), "STOPPING=1\nSTATUS=Stopping");
	notify_reloading(&n);
	got = told();
	ck_assert_int_eq(strncmp(got, "RELOADING=1\nMONOTONIC_USEC=", 27), 0);
	ck_assert_uint_gt(strtoull(got + 27, NULL, 10), 1000);
	ck_assert_str_eq(told(), "");
	notify_fini(&n);
}
END_TEST

START_TEST(a_path)
{
	struct notify n;
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	char got[32] = "";

	(void)snprintf(un.sun_path, sizeof(un.sun_path), "/tmp/notify-%d.sock",
	    (int)getpid());
	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&un, sizeof(un)), 0);
	(void)setenv("NOTIFY_SOCKET", un.sun_path, 1);
	notify_init(&n);
	notify_stopping(&n, "x");
	ck_assert_int_gt(recv(fd, got, sizeof(got) - 1, 0), 0);
	ck_assert_str_eq(got, "STOPPING=1\nSTATUS=x");
	notify_fini(&n);
	(void)close(fd);
	(void)unlink(un.sun_path);
}
END_TEST

START_TEST(nobody_wants_to_know)
{
	static const char *const names[] = { "", "relative", "@" };
	struct notify n;

	for (size_t i = 0; i < 3; i++) {
		(void)setenv("NOTIFY_SOCKET", names[i], 1);
		(void)setenv("WATCHDOG_USEC", "1000000", 1);
		notify_init(&n);
		ck_assert_int_eq(n.fd, -1);
		notify_ready(&n, "to nobody");
		ck_assert_uint_eq(notify_watchdog(&n, true, 1), UINT64_MAX);
		notify_fini(&n);
	}
}
END_TEST

START_TEST(signs_of_life)
{
	struct notify n;

	(void)setenv("WATCHDOG_USEC", "1000000", 1);
	notify_init(&n);
	ck_assert_uint_eq(notify_watchdog(&n, true, 10), 500010);
	ck_assert_str_eq(told(), "WATCHDOG=1");
	ck_assert_uint_eq(notify_watchdog(&n, true, 500009), 500010);
	ck_assert_str_eq(told(), "");
	/* Somebody hangs: no sign, until all is well again. */
	ck_assert_uint_gt(notify_watchdog(&n, false, 500010), 500010);
	ck_assert_str_eq(told(), "");
	(void)notify_watchdog(&n, true, 700000);
	ck_assert_str_eq(told(), "WATCHDOG=1");
	notify_fini(&n);
}
END_TEST

START_TEST(a_watchdog_of_another)
{
	struct notify n;

	(void)setenv("WATCHDOG_USEC", "1000000", 1);
	(void)setenv("WATCHDOG_PID", "1", 1);
	notify_init(&n);
	ck_assert_uint_eq(notify_watchdog(&n, true, 10), UINT64_MAX);
	ck_assert_str_eq(told(), "");
	notify_fini(&n);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("notify");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, states);
	tcase_add_test(tc, a_path);
	tcase_add_test(tc, nobody_wants_to_know);
	tcase_add_test(tc, signs_of_life);
	tcase_add_test(tc, a_watchdog_of_another);
	return fixture_run(tc, "notify");
}
