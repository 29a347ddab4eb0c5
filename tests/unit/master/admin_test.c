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
#include "shm/audit.h"
#include "shm/control.h"
#include "shm/recorder.h"
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

static struct addr tcp;

static int
tcp_listen(void)
{
	static const uint8_t here[4] = { 127, 0, 0, 1 };
	int fd;

	addr_from_bytes(here, sizeof(here), 0, &tcp);
	fd = sock_listen(&tcp, false, 64);
	ck_assert(fd >= 0 && sock_local(fd, &tcp));
	return fd;
}

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
	in->admin_tcp_fd = tcp_listen();
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
	ck_assert_uint_eq(admin.socket.count, 1);
	(void)close(fd);
	for (unsigned i = 0; i < 10 && admin.socket.count != 0; i++)
		ck_assert(loop_turn(&loop, 5000));
	ck_assert_uint_eq(admin.socket.count, 0);
}
END_TEST

/* Of a client that asks and asks and reads nothing. */
START_TEST(one_answer_at_a_time_is_kept)
{
	static const char request[] =
	    "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n";
	static char heard[1 << 16];
	int fd = client(), size = 4096;
	size_t answers = 0, asked;
	struct admin_client *c;
	const char *at;

	ck_assert_int_eq(
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)), 0);
	for (asked = 0; asked < 400; asked++)
		memcpy(heard + asked * (sizeof(request) - 1), request,
		    sizeof(request));
	say(fd, heard);
	for (unsigned i = 0; i < 20; i++)
		ck_assert(loop_turn(&loop, 1000));
	ck_assert_uint_eq(admin.socket.count, 1);
	c = CONTAINER_OF(admin.socket.clients.next, struct admin_client, link);
	ck_assert_uint_ne(io_queued(&c->io), 0);
	ck_assert_uint_lt(io_queued(&c->io), 65536);
	/* And none of them is forgotten. */
	say(fd,
	    "GET /v1/last HTTP/1.1\r\nHost: a\r\n"
	    "Connection: close\r\n\r\n");
	ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
	for (ssize_t n = 1; n != 0;) {
		ck_assert(loop_turn(&loop, 1000));
		n = recv(fd, heard, sizeof(heard) - 1, 0);
		heard[n > 0 ? n : 0] = '\0';
		for (at = heard; (at = strstr(at, "HTTP/1.1 ")) != NULL; at++)
			answers++;
	}
	/* A few stand on the border of two reads. */
	ck_assert_uint_ge(answers, asked * 9 / 10);
	(void)close(fd);
}
END_TEST

START_TEST(what_is_not_http_is_answered_and_closed)
{
	int fd = client();

	say(fd, "hello\r\n\r\n");
	ASSERT_STARTS(hear(fd, NULL), "HTTP/1.1 400 ");
	ck_assert_uint_eq(admin.socket.count, 0);
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
	ck_assert_uint_eq(admin.socket.count, 0);
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

/* ---- over TCP ---- */

static int
tcp_client(void)
{
	bool done;
	int fd = sock_connect(&tcp, &done);

	ck_assert_int_ge(fd, 0);
	return fd;
}

/* Publishes an image with this token; of "" none. */
static void
publish_token(const char *token)
{
	int slot = epoch_build(&in->region, 20000, 4096);
	struct img_head *h = (void *)epoch_build_at(&in->region, slot);

	memset(h, 0, sizeof(*h));
	h->magic = IMG_MAGIC;
	h->bytes = 20000;
	h->admin_token =
	    (struct img_secret){ .off = 64, .len = (uint32_t)strlen(token) };
	memcpy(epoch_build_secrets_at(&in->region, slot) + 64, token,
	    strlen(token));
	(void)epoch_publish(&in->region, slot);
}

static const char *
ask_tcp(const char *request_line, const char *field)
{
	const char *heard;
	char request[512];
	int fd = tcp_client();

	(void)snprintf(request, sizeof(request),
	    "%s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n%s\r\n",
	    request_line, field);
	say(fd, request);
	heard = hear(fd, NULL);
	(void)close(fd);
	return heard;
}

#define TOKEN "0123456789abcdef0123"

START_TEST(over_tcp_the_api_needs_a_token)
{
	static const struct {
		const char *line, *field, *status, *part;
	} cases[] = {
		{ "GET /livez", "", "HTTP/1.1 200 ", "\r\n\r\nok\n" },
		{ "GET /healthz", "", "HTTP/1.1 200 ", "\r\n\r\nok\n" },
		{ "GET /metrics", "", "HTTP/1.1 200 ", "penstock_build_info" },
		{ "GET /v1/status", "", "HTTP/1.1 401 ",
		    "WWW-Authenticate: Bearer realm=\"penstock admin\"\r\n" },
		{ "POST /v1/reload", "", "HTTP/1.1 401 ", "token_file" },
		{ "GET /%761/status", "", "HTTP/1.1 401 ", "token_file" },
		{ "GET /v1/status", "Authorization: Bearer " TOKEN "\r\n",
		    "HTTP/1.1 200 ", "\"workers\":2" },
		{ "GET /v1/status", "authorization: bearer   " TOKEN "\r\n",
		    "HTTP/1.1 200 ", "\"workers\":2" },
		{ "GET /v1/status", "Authorization: Bearer " TOKEN "4\r\n",
		    "HTTP/1.1 401 ", "error=\"invalid_token\"" },
		{ "GET /v1/status",
		    "Authorization: Bearer x123456789abcdef0123\r\n",
		    "HTTP/1.1 401 ", "another one" },
		{ "GET /v1/status", "Authorization: Basic " TOKEN "\r\n",
		    "HTTP/1.1 401 ", "as a bearer" },
		{ "GET /v1/status",
		    "Authorization: Bearer " TOKEN
		    "\r\nAuthorization: Bearer " TOKEN "\r\n",
		    "HTTP/1.1 400 ", "bad_field" },
		{ "GET /v1/nothing", "", "HTTP/1.1 404 ", "no such" },
	};

	publish_token(TOKEN);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *heard = ask_tcp(cases[i].line, cases[i].field);

		ck_assert_msg(strncmp(heard, cases[i].status,
				  strlen(cases[i].status)) == 0,
		    "%zu %s: %s", i, cases[i].line, heard);
		ck_assert_msg(strstr(heard, cases[i].part) != NULL,
		    "%zu %s: %s", i, cases[i].line, heard);
	}
	ASSERT_STARTS(ask("GET /v1/status"), "HTTP/1.1 200 ");
}
END_TEST

/* Whoever tries tokens is seen, though nothing was to be changed. */
START_TEST(a_refused_token_is_audited)
{
	static _Alignas(8) char out[RECORD_MAX];
	struct recorder_cursor cursor = { 0 };
	const struct record_audit *e;
	uint32_t n;

	publish_token(TOKEN);
	audit_begin(&in->region, WORKERS_MAX);
	in->region.audit_events = AUDIT_BIT(AUDIT_ADMIN);
	(void)ask_tcp("GET /v1/status", "Authorization: Bearer " TOKEN "\r\n");
	(void)ask_tcp("GET /v1/nothing", "");
	(void)ask_tcp("GET /v1/status", "Authorization: Bearer x\r\n");
	n = recorder_next(
	    &in->region, RECORDER_AUDIT, WORKERS_MAX, &cursor, out);
	e = n != 0 ? audit_view(out, n) : NULL;
	ck_assert_ptr_nonnull(e);
	ck_assert_uint_eq(e->status, 401);
	ck_assert_uint_eq(e->outcome, AUDIT_REFUSED);
	ck_assert(
	    slice_eq(audit_text(e, AUDIT_OBJECT), SLICE_LIT("GET /v1/status")));
	ck_assert_uint_eq(recorder_next(&in->region, RECORDER_AUDIT,
			      WORKERS_MAX, &cursor, out),
	    0);
}
END_TEST

START_TEST(without_a_token_there_is_no_api_over_tcp)
{
	ASSERT_STARTS(ask_tcp("GET /v1/status", ""), "HTTP/1.1 403 ");
	publish_token("");
	ASSERT_STARTS(ask_tcp("GET /v1/status", "Authorization: Bearer \r\n"),
	    "HTTP/1.1 403 ");
	ASSERT_STARTS(ask_tcp("GET /metrics", ""), "HTTP/1.1 200 ");
}
END_TEST

START_TEST(the_format_is_the_clients_choice)
{
	const char *heard = ask_tcp("GET /metrics",
	    "Accept: application/openmetrics-text; version=1.0.0\r\n"
	    "Accept: text/plain;q=0.5\r\n");

	ck_assert_ptr_nonnull(
	    strstr(heard, "Content-Type: application/openmetrics-text; "));
	ck_assert_ptr_nonnull(strstr(heard, "\n# EOF\n"));
	heard = ask_tcp("GET /metrics", "Accept: */*\r\n");
	ck_assert_ptr_nonnull(
	    strstr(heard, "Content-Type: text/plain; version=0.0.4;"));
	ck_assert_ptr_null(strstr(heard, "# EOF"));
}
END_TEST

static void
turn(void)
{
	for (unsigned i = 0; i < 3; i++)
		ck_assert(loop_turn(&loop, 1000));
}

/* Until there are so many over TCP, whose segments may come late. */
static void
turn_until(uint32_t count)
{
	for (unsigned i = 0; i < 2000 && admin.address.count != count; i++)
		ck_assert(loop_turn(&loop, 5000));
	ck_assert_uint_eq(admin.address.count, count);
}

/* However little by little it comes. */
START_TEST(a_request_must_be_whole_in_time)
{
	int fd = tcp_client();

	say(fd, "GET /livez HTTP/1.1\r\n");
	turn_until(1);
	for (unsigned i = 0; i < 4; i++) {
		clock_set_birth(clock_raw_us() - clock_now().us - 9000000);
		say(fd, "A: b\r\n");
		turn();
	}
	ck_assert_uint_eq(admin.address.count, 0);
	(void)close(fd);
}
END_TEST

/* Who has nothing to ask leaves for who may have. */
START_TEST(the_idle_leave_for_others)
{
	int fds[ADMIN_CLIENTS_MAX], last;

	for (size_t i = 0; i < ADMIN_CLIENTS_MAX; i++) {
		fds[i] = tcp_client();
		ck_assert(loop_turn(&loop, 1000));
	}
	say(fds[0], "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n");
	(void)hear(fds[0], "ok\n");
	clock_set_birth(clock_raw_us() - clock_now().us - 2000000);
	last = tcp_client();
	say(last, "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n");
	ASSERT_STARTS(hear(last, "ok\n"), "HTTP/1.1 200 ");
	ck_assert_uint_eq(admin.address.count, ADMIN_CLIENTS_MAX);
	for (size_t i = 0; i < ADMIN_CLIENTS_MAX; i++)
		(void)close(fds[i]);
	(void)close(last);
}
END_TEST

/* Who asked last leaves last, whoever came first. */
START_TEST(the_one_that_left_off_first_leaves_first)
{
	int fds[ADMIN_CLIENTS_MAX], last;
	char c;

	for (size_t i = 0; i < ADMIN_CLIENTS_MAX; i++) {
		fds[i] = tcp_client();
		ck_assert(loop_turn(&loop, 1000));
	}
	clock_set_birth(clock_raw_us() - clock_now().us - 2000000);
	turn();
	say(fds[0], "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n");
	(void)hear(fds[0], "ok\n");
	clock_set_birth(clock_raw_us() - clock_now().us - 2000000);
	last = tcp_client();
	say(last, "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n");
	ASSERT_STARTS(hear(last, "ok\n"), "HTTP/1.1 200 ");
	ck_assert_int_eq(recv(fds[1], &c, 1, 0), 0);
	ck_assert_int_eq(recv(fds[0], &c, 1, 0), -1);
	for (size_t i = 0; i < ADMIN_CLIENTS_MAX; i++)
		(void)close(fds[i]);
	(void)close(last);
}
END_TEST

/* In the middle of a body. */
START_TEST(who_stalls_leaves_for_others)
{
	static const char begun[] =
	    "POST /v1/debug-token HTTP/1.1\r\nHost: a\r\n"
	    "Authorization: Bearer " TOKEN "\r\n"
	    "Content-Length: 9\r\n\r\n";
	int fds[ADMIN_CLIENTS_MAX], last;

	publish_token(TOKEN);
	for (size_t i = 0; i < ADMIN_CLIENTS_MAX; i++) {
		fds[i] = tcp_client();
		say(fds[i], begun);
		ck_assert(loop_turn(&loop, 1000));
	}
	turn_until(ADMIN_CLIENTS_MAX);
	clock_set_birth(clock_raw_us() - clock_now().us - 2000000);
	last = tcp_client();
	say(last, "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n");
	ASSERT_STARTS(hear(last, "ok\n"), "HTTP/1.1 200 ");
	for (size_t i = 0; i < ADMIN_CLIENTS_MAX; i++)
		(void)close(fds[i]);
	(void)close(last);
}
END_TEST

START_TEST(a_body_has_less_time)
{
	int fd = client();

	say(fd, PATCH "Content-Length: 9\r\n\r\n{");
	turn();
	ck_assert_uint_eq(admin.socket.count, 1);
	clock_set_birth(clock_raw_us() - clock_now().us - 4000000);
	turn();
	ck_assert_uint_eq(admin.socket.count, 0);
	(void)close(fd);
}
END_TEST

START_TEST(an_empty_body_is_none)
{
	int fd = client();

	say(fd, "POST /livez HTTP/1.1\r\nHost: a\r\n");
	say(fd, "Content-Length: 0\r\n\r\n");
	ASSERT_STARTS(hear(fd, "\"status\":405"), "HTTP/1.1 405 ");
	say(fd, "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n");
	ASSERT_STARTS(hear(fd, "ok\n"), "HTTP/1.1 200 ");
	(void)close(fd);
}
END_TEST

/* And what comes of the body nevertheless does not undo the answer. */
START_TEST(what_is_refused_needs_no_body)
{
	static const struct {
		const char *head, *status;
	} cases[] = {
		{ "POST /livez HTTP/1.1\r\n", "HTTP/1.1 405 " },
		{ "POST /v1/nothing HTTP/1.1\r\n", "HTTP/1.1 404 " },
		{ "POST /v1/bans HTTP/1.1\r\n", "HTTP/1.1 401 " },
	};

	publish_token(TOKEN);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *heard;
		int fd = tcp_client();

		say(fd, cases[i].head);
		say(fd, "Host: a\r\nContent-Length: 9\r\n\r\n");
		for (unsigned t = 0; t < 3; t++)
			turn();
		say(fd, "123456789");
		heard = hear(fd, NULL);
		ck_assert_msg(strncmp(heard, cases[i].status,
				  strlen(cases[i].status)) == 0,
		    "%zu: %s", i, heard);
		(void)close(fd);
		turn_until(0);
	}
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
	ck_assert_uint_eq(admin.socket.count, ADMIN_CLIENTS_MAX);
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
	tcase_add_test(tc, one_answer_at_a_time_is_kept);
	tcase_add_test(tc, what_is_not_http_is_answered_and_closed);
	tcase_add_test(tc, bodies_are_bounded);
	tcase_add_test(tc, broken_bodies_end_the_connection);
	tcase_add_test(tc, a_reload_is_waited_for);
	tcase_add_test(tc, clients_beyond_the_limit_wait);
	tcase_add_test(tc, over_tcp_the_api_needs_a_token);
	tcase_add_test(tc, a_refused_token_is_audited);
	tcase_add_test(tc, without_a_token_there_is_no_api_over_tcp);
	tcase_add_test(tc, the_format_is_the_clients_choice);
	tcase_add_test(tc, a_request_must_be_whole_in_time);
	tcase_add_test(tc, the_idle_leave_for_others);
	tcase_add_test(tc, the_one_that_left_off_first_leaves_first);
	tcase_add_test(tc, who_stalls_leaves_for_others);
	tcase_add_test(tc, a_body_has_less_time);
	tcase_add_test(tc, an_empty_body_is_none);
	tcase_add_test(tc, what_is_refused_needs_no_body);
	return fixture_run(tc, "admin");
}
