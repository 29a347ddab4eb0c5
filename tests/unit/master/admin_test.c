/*
 * Tests of admin.c and admin_routes.c over a real unix socket, in one process:
 * the loop turns while the client waits.
 */
#include "tests/unit/shm/fixture.h"

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/net/sock.h"
#include "master/admin.h"
#include "shm/control.h"
#include "shm/slots.h"

static struct inherit *in;
static struct loop loop;
static struct boot boot;
static struct reload reload;
static struct probes probes;  /* none of them */
static struct access access_; /* of which nothing is asked */
static struct admin admin;
static char folder[] = "/tmp/penstock-admin-XXXXXX";
static char path[sizeof(folder) + 16];

static void
tell(struct reload *r, const struct note *n)
{
	(void)r;
	(void)n;
}

static void
ended(struct reload *r, enum reload_outcome how)
{
	(void)r;
	admin_reloaded(&admin, how);
}

static void
published(struct reload *r)
{
	(void)r;
}

static const struct reload_owner owner = { tell, ended, published, NULL, NULL };

static void
access_told(struct access *a)
{
	(void)a;
}

static const struct access_owner access_owner = { access_told, access_told };

static void
setup(void)
{
	ck_assert(log_open("/dev/null", LOG_LVL_CRITICAL, "test"));
	ck_assert_ptr_nonnull(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/socket", folder);
	in = calloc(1, sizeof(*in));
	ck_assert_ptr_nonnull(in);
	in->workers = 2;
	in->log_fd = -1;
	in->files_fd = -1;
	in->state_dir_fd = -1;
	in->master_wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ck_assert_int_ge(in->master_wake_fd, 0);
	in->admin_fd = sock_listen_unix(path);
	ck_assert_int_ge(in->admin_fd, 0);
	fixture_region(&in->region, 2);
	buf_pool_init(0);
	ck_assert(io_scratch_init() && loop_init(&loop));
	ck_assert(reload_init(&reload, in, &loop, &boot, "/nowhere", &owner));
	ck_assert(access_init(&access_, &loop, in, &access_owner));
	ck_assert(admin_init(&admin, &loop, in, &reload, &probes, &access_));
}

static void
teardown(void)
{
	admin_fini(&admin);
	access_fini(&access_);
	(void)close(in->master_wake_fd);
	reload_fini(&reload);
	registry_map_drop(&in->region);
	ck_assert(loop_turn(&loop, 0));
	loop_fini(&loop);
	io_scratch_fini();
	buf_pool_fini();
	region_fini(&in->region);
	free(in);
	(void)unlink(path);
	(void)rmdir(folder);
}

static int
client(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	memcpy(sun.sun_path, path, sizeof(path));
	ck_assert_int_eq(
	    connect(fd, (const struct sockaddr *)&sun, sizeof(sun)), 0);
	return fd;
}

static void
say(int fd, const char *words)
{
	ck_assert_int_eq(send(fd, words, strlen(words), MSG_NOSIGNAL),
	    (ssize_t)strlen(words));
}

/* Turns the loop until `what` came, or the connection ended. */
static const char *
hear(int fd, const char *what)
{
	static char heard[65536];
	size_t n = 0;
	ssize_t got = -1;

	heard[0] = '\0';
	for (unsigned i = 0; i < 2000 && got != 0; i++) {
		if (what != NULL && strstr(heard, what) != NULL)
			return heard;
		ck_assert(loop_turn(&loop, 5000));
		got = recv(fd, heard + n, sizeof(heard) - 1 - n, 0);
		if (got > 0)
			n += (size_t)got;
		heard[n] = '\0';
	}
	return heard;
}

/* The whole answer to one request on a connection of its own. */
static const char *
ask(const char *request_line)
{
	const char *heard;
	char request[256];
	int fd = client();

	(void)snprintf(request, sizeof(request),
	    "%s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
	    request_line);
	say(fd, request);
	heard = hear(fd, NULL);
	(void)close(fd);
	return heard;
}

#define ASSERT_STARTS(heard, start) \
	ck_assert_msg(              \
	    strncmp(heard, start, sizeof(start) - 1) == 0, "got: %s", heard)

START_TEST(answers_by_path_and_method)
{
	static const struct {
		const char *line, *status, *part;
	} cases[] = {
		{ "GET /livez", "HTTP/1.1 200 ", "\r\n\r\nok\n" },
		{ "GET /healthz?verbose", "HTTP/1.1 200 ", "\r\n\r\nok\n" },
		{ "GET /v1/status", "HTTP/1.1 200 ", "\"workers\":2" },
		{ "GET /v1/workers", "HTTP/1.1 200 ", "\"role\":\"master\"" },
		{ "GET /v1/generations", "HTTP/1.1 200 ",
		    "\"generations\":[]" },
		{ "GET /v1/routes", "HTTP/1.1 200 ", "\"routes\":[]" },
		{ "GET /metrics", "HTTP/1.1 200 ", "penstock_build_info" },
		{ "GET /v1/nothing", "HTTP/1.1 404 ",
		    "application/problem+json" },
		{ "GET /v1/reload", "HTTP/1.1 405 ", "Allow: POST\r\n" },
		{ "POST /v1/services/a/endpoints/b", "HTTP/1.1 405 ",
		    "Allow: GET, HEAD, PATCH\r\n" },
		{ "PATCH /v1/services/a/endpoints/b", "HTTP/1.1 404 ",
		    "no service" },
		{ "GET /v1/services/%zz", "HTTP/1.1 400 ", "bad escape" },
		{ "GET /v1/names", "HTTP/1.1 200 ", "\"names\":[]" },
		{ "GET /v1/export", "HTTP/1.1 200 ", "text/plain" },
		{ "GET /health", "HTTP/1.1 503 ", "\"unhealthy\"" },
		{ "DELETE /livez", "HTTP/1.1 405 ", "Allow: GET, HEAD\r\n" },
		{ "FOO /livez", "HTTP/1.1 405 ", "Allow: GET, HEAD\r\n" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *heard = ask(cases[i].line);

		ck_assert_msg(strncmp(heard, cases[i].status,
				  strlen(cases[i].status)) == 0,
		    "%s: %s", cases[i].line, heard);
		ck_assert_msg(strstr(heard, cases[i].part) != NULL, "%s: %s",
		    cases[i].line, heard);
	}
}
END_TEST

START_TEST(head_has_no_body)
{
	const char *heard = ask("HEAD /livez");

	ASSERT_STARTS(heard, "HTTP/1.1 200 ");
	ck_assert_ptr_nonnull(strstr(heard, "Content-Length: 3\r\n"));
	ck_assert_str_eq(strstr(heard, "\r\n\r\n"), "\r\n\r\n");
}
END_TEST

START_TEST(ready_is_told_by_the_region)
{
	ASSERT_STARTS(ask("GET /readyz"), "HTTP/1.1 503 ");
	(void)fixture_publish(&in->region, 20000);
	ck_assert_ptr_nonnull(strstr(ask("GET /readyz"), "no worker"));
	slot_set_state(&in->region, 1, SLOT_READY);
	ASSERT_STARTS(ask("GET /readyz"), "HTTP/1.1 200 ");
	control_drain(&in->region, 1);
	ck_assert_ptr_nonnull(strstr(ask("GET /readyz"), "stopping"));
	ASSERT_STARTS(ask("POST /v1/reload"), "HTTP/1.1 503 ");
}
END_TEST

START_TEST(a_connection_serves_many)
{
	static const char request[] = "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n";
	int fd = client();

	/* Split, whole, and three at once. */
	say(fd, "GET /livez HT");
	(void)hear(fd, "");
	say(fd, "TP/1.1\r\nHost: a\r\n\r\n");
	ASSERT_STARTS(hear(fd, "\r\n\r\nok\n"), "HTTP/1.1 200 ");
	say(fd, request);
	ASSERT_STARTS(hear(fd, "\r\n\r\nok\n"), "HTTP/1.1 200 ");
	say(fd, request);
	say(fd, request);
	say(fd, "GET /v1/last HTTP/1.1\r\nHost: a\r\n\r\n");
	ck_assert_ptr_nonnull(hear(fd, "\"status\":404"));
	ck_assert_uint_eq(admin.count, 1);
	(void)close(fd);
	for (unsigned i = 0; i < 10 && admin.count != 0; i++)
		ck_assert(loop_turn(&loop, 5000));
	ck_assert_uint_eq(admin.count, 0);
}
END_TEST

START_TEST(what_is_not_http_is_answered_and_closed)
{
	int fd = client();

	say(fd, "hello\r\n\r\n");
	ASSERT_STARTS(hear(fd, NULL), "HTTP/1.1 400 ");
	ck_assert_uint_eq(admin.count, 0);
	(void)close(fd);
}
END_TEST

#define PATCH "PATCH /v1/services/a/endpoints/b HTTP/1.1\r\nHost: a\r\n"

START_TEST(bodies_are_bounded)
{
	char block[ADMIN_BODY_MAX];
	int fd = client();

	memset(block, ' ', sizeof(block));
	block[sizeof(block) - 1] = '\0';
	say(fd, PATCH "Content-Length: 16384\r\n\r\n");
	say(fd, block);
	say(fd, " ");
	ASSERT_STARTS(hear(fd, "no service"), "HTTP/1.1 404 ");
	say(fd, PATCH "Content-Length: 16385\r\n\r\n");
	say(fd, block);
	say(fd, "  ");
	ASSERT_STARTS(hear(fd, "\"status\":413"), "HTTP/1.1 413 ");
	/* The connection lives on, and what follows has its own body. */
	say(fd, PATCH "Transfer-Encoding: chunked\r\n\r\n");
	say(fd, "2\r\n{}\r\n0\r\n\r\n");
	ASSERT_STARTS(hear(fd, "no service"), "HTTP/1.1 404 ");
	(void)close(fd);
}
END_TEST

START_TEST(broken_bodies_end_the_connection)
{
	int fd = client();

	say(fd, PATCH "Transfer-Encoding: chunked\r\n\r\n2\r\n{}!!");
	ASSERT_STARTS(hear(fd, NULL), "HTTP/1.1 400 ");
	(void)close(fd);
	fd = client();
	say(fd, PATCH "Content-Length: 5\r\n\r\n{");
	ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
	ck_assert_str_eq(hear(fd, NULL), "");
	ck_assert_uint_eq(admin.count, 0);
	(void)close(fd);
}
END_TEST

START_TEST(a_reload_is_waited_for)
{
	const char *heard = ask("POST /v1/reload");

	ASSERT_STARTS(heard, "HTTP/1.1 422 ");
	ck_assert_ptr_nonnull(strstr(heard, "/nowhere"));
	ck_assert_ptr_nonnull(strstr(heard, "\"outcome\":\"failed\""));
}
END_TEST

START_TEST(clients_beyond_the_limit_wait)
{
	int fds[ADMIN_CLIENTS_MAX + 2];
	size_t n = sizeof(fds) / sizeof(fds[0]);

	for (size_t i = 0; i < n; i++)
		fds[i] = client();
	for (unsigned i = 0; i < 5; i++)
		ck_assert(loop_turn(&loop, 1000));
	ck_assert_uint_eq(admin.count, ADMIN_CLIENTS_MAX);
	say(fds[n - 1], "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n");
	(void)close(fds[0]);
	(void)close(fds[1]);
	ASSERT_STARTS(hear(fds[n - 1], "ok\n"), "HTTP/1.1 200 ");
	for (size_t i = 2; i < n; i++)
		(void)close(fds[i]);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("admin");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, answers_by_path_and_method);
	tcase_add_test(tc, head_has_no_body);
	tcase_add_test(tc, ready_is_told_by_the_region);
	tcase_add_test(tc, a_connection_serves_many);
	tcase_add_test(tc, what_is_not_http_is_answered_and_closed);
	tcase_add_test(tc, bodies_are_bounded);
	tcase_add_test(tc, broken_bodies_end_the_connection);
	tcase_add_test(tc, a_reload_is_waited_for);
	tcase_add_test(tc, clients_beyond_the_limit_wait);
	return fixture_run(tc, "admin");
}
