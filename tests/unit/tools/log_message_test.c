/*
 * Tests of log_message.c, log_syslog.c, log_journal.c and log_facts.c: what
 * daemons get that take a message for each line.
 */
#include <endian.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "tests/unit/tools/log_kit.h"

static struct log_kit k;
static char got[1 << 18];

static void
setup(void)
{
	kit_init(&k);
}

static void
teardown(void)
{
	kit_stop(&k);
	kit_fini(&k);
}

/* ---- daemons ---- */

static int
daemon_at(const char *path, int type)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type | SOCK_NONBLOCK, 0);

	ck_assert_uint_lt(strlen(path), sizeof(sun.sun_path));
	memcpy(sun.sun_path, path, strlen(path));
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	if (type == SOCK_STREAM)
		ck_assert_int_eq(listen(fd, 5), 0);
	return fd;
}

/* The next message in `got`; NULL: there is none. */
static const char *
hear(int fd)
{
	ssize_t n = recv(fd, got, sizeof(got) - 1, 0);

	if (n < 0)
		return NULL;
	got[n] = '\0';
	return got;
}

static void
log_to(enum img_log_to to, const char *path)
{
	kit_log(&k, 0, to, path);
	kit_follow(&k, 1);
}

static void
retry(void)
{
	k.access.logs[0].out->retry_us = 0;
	kit_turn(&k);
}

/* ---- syslog ---- */

START_TEST(syslog_of_a_socket)
{
	int fd = daemon_at(kit_path(&k, "log"), SOCK_DGRAM);
	char want[512], host[65] = "";

	log_to(IMG_LOG_SYSLOG, kit_path(&k, "log"));
	k.record.text[RECORD_ID] = SLICE_LIT("a\"]\\\n");
	kit_ask(&k, 0, 1);
	kit_turn(&k);
	(void)gethostname(host, sizeof(host) - 1);
	(void)snprintf(want, sizeof(want),
	    "<134>1 2026-11-28T23:07:12.345678Z %s penstock %d access "
	    "[penstock@32473 route=\"user\" service=\"users\" "
	    "request_id=\"a\\\"\\]\\\\?\" "
	    "trace_id=\"4bf92f3577b34da6a3ce929d0e0e4736\" method=\"GET\" "
	    "status=\"200\" why=\"ok\" duration_ms=\"12.345\"] /1",
	    host[0] != '\0' ? host : "-", (int)getppid());
	ck_assert_str_eq(hear(fd), want);
	ck_assert_ptr_null(hear(fd));
	(void)close(fd);
}
END_TEST

static const struct {
	uint16_t status;
	const char *begins;
} severities[] = { { 200, "<134>1 " }, { 404, "<132>1 " }, { 503, "<131>1 " } };

START_TEST(severity_is_by_the_status)
{
	int fd = daemon_at(kit_path(&k, "log"), SOCK_DGRAM);

	log_to(IMG_LOG_SYSLOG, kit_path(&k, "log"));
	k.record.q.status = severities[_i].status;
	kit_ask(&k, 0, 1);
	kit_turn(&k);
	ck_assert_msg(
	    strncmp(hear(fd), severities[_i].begins, 7) == 0, "%s", got);
	(void)close(fd);
}
END_TEST

START_TEST(what_there_is_not)
{
	int fd = daemon_at(kit_path(&k, "log"), SOCK_DGRAM);

	log_to(IMG_LOG_SYSLOG, kit_path(&k, "log"));
	k.record.q.head.kind = RECORD_CONNECTION;
	k.record.q.status = 0;
	memset(k.record.q.trace_id, 0, sizeof(k.record.q.trace_id));
	for (int i = 0; i < RECORD_TEXTS; i++)
		k.record.text[i] = SLICE_NONE;
	kit_ask(&k, 0, 1);
	kit_turn(&k);
	ck_assert_ptr_nonnull(
	    strstr(hear(fd), "[penstock@32473 why=\"ok\" duration_ms=\""));
	(void)close(fd);
}
END_TEST

/* A full queue, a daemon that is started anew: all of it comes. */
START_TEST(a_daemon_that_is_slow_and_dies)
{
	int fd = daemon_at(kit_path(&k, "log"), SOCK_DGRAM);
	uint64_t heard = 0;

	log_to(IMG_LOG_SYSLOG, kit_path(&k, "log"));
	for (int i = 0; i < 4; i++) {
		kit_ask(&k, 0, 250);
		kit_turn(&k);
	}
	ck_assert_uint_gt(atomic_load(&k.access.logs[0].tell->waiting), 0);
	while (heard < 400) {
		while (hear(fd) != NULL)
			heard++;
		/* The loop sees that there is room. */
		ck_assert(loop_turn(&k.loop, 1000000));
	}
	while (hear(fd) != NULL)
		heard++;
	ck_assert_int_eq(unlink(kit_path(&k, "log")), 0);
	(void)close(fd);
	kit_turn(&k);
	retry();
	ck_assert_int_eq(atomic_load(&k.access.logs[0].tell->error), ENOENT);
	fd = daemon_at(kit_path(&k, "log"), SOCK_DGRAM);
	while (heard < 1000) {
		retry();
		while (hear(fd) != NULL)
			heard++;
	}
	ck_assert_uint_eq(heard, 1000);
	ck_assert_ptr_nonnull(strstr(got, "] /1000"));
	ck_assert_uint_eq(atomic_load(&k.access.logs[0].tell->lost), 0);
	ck_assert_uint_eq(atomic_load(&k.access.logs[0].tell->lines), 1000);
	(void)close(fd);
}
END_TEST

START_TEST(syslog_of_a_stream)
{
	int fd = daemon_at(kit_path(&k, "log"), SOCK_STREAM), peer;

	log_to(IMG_LOG_SYSLOG, kit_path(&k, "log"));
	kit_ask(&k, 0, 2);
	kit_turn(&k);
	peer = accept(fd, NULL, NULL);
	ck_assert_ptr_nonnull(strstr(hear(peer), "] /1\n<134>1 "));
	ck_assert_ptr_nonnull(strstr(got, "] /2\n"));
	(void)close(peer);
	(void)close(fd);
}
END_TEST

START_TEST(syslog_by_udp)
{
	static const char *const hosts[] = { "127.0.0.1", "[::1]" };
	struct sockaddr_storage a = { .ss_family =
					  _i == 0 ? AF_INET : AF_INET6 };
	struct sockaddr_in6 *six = (void *)&a;
	socklen_t n = sizeof(a);
	char to[64];
	int fd = socket(a.ss_family, SOCK_DGRAM, 0);

	if (_i == 1)
		six->sin6_addr = in6addr_loopback;
	else
		((struct sockaddr_in *)&a)->sin_addr.s_addr =
		    htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, n) != 0)
		return; /* a machine without IPv6 */
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	(void)snprintf(to, sizeof(to), "%s:%u", hosts[_i],
	    ntohs(six->sin6_port)); /* at the same place in both */
	log_to(IMG_LOG_SYSLOG, to);
	kit_ask(&k, 0, 1);
	kit_turn(&k);
	ck_assert_ptr_nonnull(strstr(hear(fd), "] /1"));
	(void)close(fd);
}
END_TEST

/* ---- the journal ---- */

/* The value of a field of the message in `got`. */
static struct slice
field(const char *bytes, size_t size, const char *name)
{
	const char *p = bytes, *end = bytes + size;
	size_t n = strlen(name);
	uint64_t length;

	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		const char *eq = memchr(p, '=', (size_t)(nl - p));
		struct slice key, value;

		ck_assert_ptr_nonnull(nl);
		if (eq != NULL) {
			key = slice_make(p, (size_t)(eq - p));
			value = slice_make(eq + 1, (size_t)(nl - eq - 1));
			p = nl + 1;
		} else {
			key = slice_make(p, (size_t)(nl - p));
			memcpy(&length, nl + 1, sizeof(length));
			value = slice_make(nl + 9, le64toh(length));
			ck_assert_int_eq(value.p[value.n], '\n');
			p = value.p + value.n + 1;
		}
		if (key.n == n && memcmp(key.p, name, n) == 0)
			return value;
	}
	return SLICE_NONE;
}

#define HAS(bytes, n, name, want)                                          \
	do {                                                               \
		struct slice v_ = field((bytes), (n), (name));             \
		ck_assert_msg(                                             \
		    slice_eq(v_, SLICE_LIT(want)), "%.*s", SLICE_FMT(v_)); \
	} while (0)

START_TEST(journal)
{
	int fd = daemon_at(kit_path(&k, "journal"), SOCK_DGRAM);
	ssize_t n;

	log_to(IMG_LOG_JOURNAL, kit_path(&k, "journal"));
	k.record.q.status = 503;
	k.record.text[RECORD_ROUTE] = SLICE_LIT("a\nMESSAGE=b");
	kit_ask(&k, 0, 1);
	kit_turn(&k);
	n = recv(fd, got, sizeof(got), 0);
	ck_assert_int_gt(n, 0);
	HAS(got, (size_t)n, "MESSAGE", "/1");
	HAS(got, (size_t)n, "PRIORITY", "3");
	HAS(got, (size_t)n, "SYSLOG_IDENTIFIER", "penstock");
	HAS(got, (size_t)n, "PENSTOCK_ROUTE", "a\nMESSAGE=b");
	HAS(got, (size_t)n, "PENSTOCK_STATUS", "503");
	HAS(got, (size_t)n, "PENSTOCK_REQUEST_ID",
	    "01j9z8y7x6w5v4u3t2s1r0qpon");
	ck_assert_ptr_null(field(got, (size_t)n, "PENSTOCK_NONE").p);
	(void)close(fd);
}
END_TEST

/* The file whose descriptor came alone. */
static int
hear_file(int fd)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} c;
	struct msghdr m = { .msg_control = &c,
		.msg_controllen = sizeof(c.room) };
	int file = -1;

	ck_assert_int_eq(recvmsg(fd, &m, 0), 0);
	ck_assert_int_eq(c.head.cmsg_type, SCM_RIGHTS);
	memcpy(&file, CMSG_DATA(&c.head), sizeof(file));
	return file;
}

START_TEST(what_is_too_large_for_a_datagram)
{
	int fd = daemon_at(kit_path(&k, "journal"), SOCK_DGRAM), file;
	int small = 2048;
	static char path[6000];
	ssize_t n;

	log_to(IMG_LOG_JOURNAL, kit_path(&k, "journal"));
	ck_assert_int_eq(setsockopt(k.access.logs[0].out->fd, SOL_SOCKET,
			     SO_SNDBUF, &small, sizeof(small)),
	    0);
	memset(path, 'x', sizeof(path));
	k.record.text[RECORD_SERVICE] = slice_make(path, sizeof(path));
	kit_ask(&k, 0, 1);
	kit_turn(&k);
	file = hear_file(fd);
	ck_assert_int_eq(fcntl(file, F_GET_SEALS),
	    F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
	n = pread(file, got, sizeof(got), 0);
	HAS(got, (size_t)n, "MESSAGE", "/1");
	ck_assert_uint_eq(
	    field(got, (size_t)n, "PENSTOCK_SERVICE").n, sizeof(path));
	ck_assert_uint_eq(atomic_load(&k.access.logs[0].tell->lines), 1);
	(void)close(file);
	(void)close(fd);
}
END_TEST

START_TEST(what_syslog_cannot_take_is_lost)
{
	int fd = daemon_at(kit_path(&k, "log"), SOCK_DGRAM), small = 2048;
	static char path[6000];

	log_to(IMG_LOG_SYSLOG, kit_path(&k, "log"));
	ck_assert_int_eq(setsockopt(k.access.logs[0].out->fd, SOL_SOCKET,
			     SO_SNDBUF, &small, sizeof(small)),
	    0);
	memset(path, 'x', sizeof(path));
	k.record.text[RECORD_SERVICE] = slice_make(path, sizeof(path));
	kit_ask(&k, 0, 1);
	k.record.text[RECORD_SERVICE] = SLICE_NONE;
	kit_ask(&k, 0, 1);
	kit_turn(&k);
	ck_assert_ptr_nonnull(strstr(hear(fd), "] /2"));
	ck_assert_uint_eq(atomic_load(&k.access.logs[0].tell->lost), 1);
	ck_assert_uint_eq(atomic_load(&k.access.logs[0].tell->lines), 1);
	(void)close(fd);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("log_message");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, syslog_of_a_socket);
	tcase_add_loop_test(tc, severity_is_by_the_status, 0, 3);
	tcase_add_test(tc, what_there_is_not);
	tcase_add_test(tc, a_daemon_that_is_slow_and_dies);
	tcase_add_test(tc, syslog_of_a_stream);
	tcase_add_loop_test(tc, syslog_by_udp, 0, 2);
	tcase_add_test(tc, journal);
	tcase_add_test(tc, what_is_too_large_for_a_datagram);
	tcase_add_test(tc, what_syslog_cannot_take_is_lost);
	return fixture_run(tc, "log_message");
}
