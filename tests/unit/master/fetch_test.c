/*
 * Tests of fetch.c and fetch_multi.c against servers of HTTP, HTTPS and DNS.
 */
#include "master/fetch.h"

#include <dirent.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/wait.h>

#include "common/base/log.h"
#include "common/net/tls.h"
#include "tests/unit/master/dns_kit.h"
#include "tests/unit/master/http_kit.h"
#include "tests/unit/master/pem_kit.h"

static struct loop loop;
static struct http_server http;
static struct dns_server dns;
static struct fetcher fetcher;
static struct conf_try try;
static uint64_t patience_us; /* with who answers, much */

static unsigned ended;
static bool ok;
static char why[FETCH_WHY_MAX], body[256];
static size_t body_bytes;

/* The resolver that is asked is ours. */
static void
configure(void)
{
	struct text t = { 0 };

	text_printf(&t,
	    LISTENER "resolver = { servers = [ \"127.0.0.1:%u\" ]; "
		     "timeout = \"20s\"; attempts = 1; };\n" PING,
	    dns.port);
	text_add_char(&t, '\0');
	conf_try_text(&try, t.p);
	text_fini(&t);
	ck_assert_msg(try.ok, "%s", try.complaints);
	fetcher_configure(&fetcher, (const void *)try.c.image);
}

static void
setup(void)
{
	ck_assert(log_open("/dev/null", LOG_LVL_CRITICAL, "test"));
	tls_init();
	ck_assert(loop_init(&loop));
	http_open(&http, &loop);
	dns_open(&dns, &loop);
	ck_assert(fetcher_init(&fetcher, &loop));
	configure();
	ended = 0;
	patience_us = 30000000;
}

static void
teardown(void)
{
	fetcher_fini(&fetcher);
	ck_assert(loop_turn(&loop, 0));
	dns_close(&dns, &loop);
	http_close(&http);
	loop_fini(&loop);
	conf_try_fini(&try);
}

static void
on_ended(struct fetch *f)
{
	ck_assert_ptr_eq(f->owner, &ended);
	ended++;
	ok = f->ok;
	(void)snprintf(why, sizeof(why), "%s", f->why);
	body_bytes = f->body.n;
	(void)snprintf(body, sizeof(body), "%.*s", (int)f->body.n,
	    f->body.n != 0 ? f->body.p : "");
	if (f->ok)
		ck_assert_str_eq(f->why, "");
	else
		ck_assert_str_ne(f->why, "");
}

static struct fetch *
start(const char *url, struct slice cas)
{
	const struct fetch_want want = { .url = slice_str(url),
		.accept = "application/json",
		.cas = cas,
		.timeout_us = patience_us,
		.bytes_max = 1000 };

	return fetch_start(&fetcher, &want, on_ended, &ended);
}

static void
await(unsigned count)
{
	uint64_t end_us = clock_update().us + 60000000;

	while (ended < count && clock_now().us < end_us)
		ck_assert(loop_turn(&loop, 10000));
	ck_assert_uint_eq(ended, count);
}

static void
get(const char *host, const char *path)
{
	char url[256];
	unsigned before = ended;

	(void)snprintf(
	    url, sizeof(url), "http://%s:%u%s", host, http.port, path);
	(void)start(url, SLICE_NONE);
	ck_assert_uint_eq(ended, before);
	await(before + 1);
}

/* Threads of this process. */
static unsigned
threads(void)
{
	DIR *d = opendir("/proc/self/task");
	unsigned n = 0;

	ck_assert_ptr_nonnull(d);
	for (struct dirent *e; (e = readdir(d)) != NULL;)
		n += e->d_name[0] != '.';
	(void)closedir(d);
	return n;
}

START_TEST(body_of_a_good_answer)
{
	http.body = SLICE_LIT("{\"keys\":[]}");
	get("127.0.0.1", "/a/b?c=d#e");
	ck_assert_msg(ok, "%s", why);
	ck_assert_str_eq(body, "{\"keys\":[]}");
	ck_assert(slice_starts(
	    slice_str(http.last), SLICE_LIT("GET /a/b?c=d HTTP/1.1\r\n")));
	ck_assert_ptr_nonnull(
	    strstr(http.last, "\r\nAccept: application/json\r\n"));
	ck_assert_ptr_nonnull(strstr(http.last, "\r\nUser-Agent: penstock/"));
	ck_assert_ptr_null(strstr(http.last, "Accept-Encoding"));
	ck_assert_ptr_null(strstr(http.last, "Cookie"));
}
END_TEST

START_TEST(names_are_resolved_without_threads)
{
	static const struct dns_entry entries[] = {
		{ "keys.example", "::1", 60 },
		{ "keys.example", "127.0.0.1", 60 },
		{ NULL, NULL, 0 },
	};

	dns.entries = entries;
	http.body = SLICE_LIT("x");
	get("keys.example", "/");
	ck_assert_msg(ok, "%s", why);
	ck_assert_str_eq(body, "x");
	ck_assert_ptr_nonnull(strstr(http.last, "\r\nHost: keys.example:"));
	get("LOCALHOST", "/");
	ck_assert_msg(ok, "%s", why);
	ck_assert_uint_eq(threads(), 1);
}
END_TEST

START_TEST(addresses_are_asked_for_each_time)
{
	static struct dns_entry entries[] = {
		{ "keys.example", "127.0.0.1", 60 },
		{ NULL, NULL, 0 },
	};

	dns.entries = entries;
	get("keys.example", "/");
	ck_assert_msg(ok, "%s", why);
	/* Nobody listens there. */
	entries[0].value = "127.0.0.99";
	get("keys.example", "/");
	ck_assert(!ok);
	entries[0].value = "127.0.0.1";
	get("keys.example", "/");
	ck_assert_msg(ok, "%s", why);
}
END_TEST

START_TEST(names_that_nobody_knows)
{
	dns.way = DNS_NXDOMAIN;
	get("keys.example", "/");
	ck_assert(!ok);
	ck_assert_ptr_nonnull(strstr(why, "keys.example: not resolved: "));
	dns.way = DNS_SILENT;
	patience_us = 300000;
	get("keys.example", "/");
	ck_assert(!ok);
	ck_assert_uint_eq(http.asked, 0);
}
END_TEST

START_TEST(other_answers_than_200)
{
	http.status = "404 Not Found";
	http.body = SLICE_LIT("{}");
	get("127.0.0.1", "/");
	ck_assert(!ok);
	ck_assert_str_eq(why, "the answer is a 404");
	http.status = "302 Found";
	http.fields = "Location: /elsewhere\r\n";
	get("127.0.0.1", "/");
	ck_assert(!ok);
	ck_assert_str_eq(why, "the answer is a 302");
	ck_assert_uint_eq(http.asked, 2);
}
END_TEST

START_TEST(too_much)
{
	static char much[1001];

	memset(much, 'x', sizeof(much));
	http.body = slice_make(much, 1000);
	get("127.0.0.1", "/");
	ck_assert(ok);
	ck_assert_uint_eq(body_bytes, 1000);
	http.body = slice_make(much, 1001);
	get("127.0.0.1", "/");
	ck_assert(!ok);
	ck_assert_str_eq(why, "the answer has more than 1000 bytes");
	http.way = HTTP_LONG_CHUNKS;
	get("127.0.0.1", "/");
	ck_assert(!ok);
	ck_assert_str_eq(why, "the answer has more than 1000 bytes");
	http.way = HTTP_LONG_HEAD;
	get("127.0.0.1", "/");
	ck_assert(!ok);
	ck_assert_uint_eq(http.asked, 4);
}
END_TEST

START_TEST(not_whole_and_not_there)
{
	http.way = HTTP_CUT;
	http.body = SLICE_LIT("x");
	get("127.0.0.1", "/");
	ck_assert(!ok);
	(void)start("http://127.0.0.1:1/", SLICE_NONE);
	await(2);
	ck_assert(!ok);
}
END_TEST

START_TEST(nobody_waits_for_ever)
{
	uint64_t began = clock_update().us;

	http.way = HTTP_SILENT;
	patience_us = 300000;
	get("127.0.0.1", "/");
	ck_assert(!ok);
	ck_assert_str_eq(why, "no answer within 300 ms");
	ck_assert_uint_ge(clock_now().us - began, 300000);
}
END_TEST

/* Whatever is under way when the owner goes: no call, no leak, no use. */
START_TEST(cancelled)
{
	struct fetch *f;

	http.way = HTTP_SILENT;
	dns.way = DNS_SILENT;
	f = start("http://keys.example/", SLICE_NONE);
	fetch_cancel(f);
	f = start("nonsense://", SLICE_NONE);
	fetch_cancel(f);
	f = start("http://keys.example/", SLICE_NONE);
	ck_assert(loop_turn(&loop, 1000));
	fetch_cancel(f);
	{
		char url[64];

		(void)snprintf(
		    url, sizeof(url), "http://127.0.0.1:%u/", http.port);
		f = start(url, SLICE_NONE);
		while (http.asked == 0)
			ck_assert(loop_turn(&loop, 1000));
		fetch_cancel(f);
	}
	for (int i = 0; i < 40; i++)
		ck_assert(loop_turn(&loop, 10000));
	/* And two that run when all ends. */
	(void)start("http://keys.example/", SLICE_NONE);
	(void)start("http://127.0.0.1:1/", SLICE_NONE);
	ck_assert_uint_eq(ended, 0);
}
END_TEST

START_TEST(urls_that_are_refused)
{
	static const char *const urls[] = { "", "keys", "file:///etc/passwd",
		"ftp://127.0.0.1/", "http://", "http://a:b@127.0.0.1/",
		"http://\xc3\xa4.example/", "http://a..example./",
		"http://a b/", "gopher://127.0.0.1/", "http://[::1", "//a/b" };

	(void)start(urls[_i], SLICE_NONE);
	await(1);
	ck_assert(!ok);
	ck_assert_ptr_nonnull(strstr(why, "the url "));
	ck_assert_uint_eq(dns.asked, 0);
}
END_TEST

START_TEST(nothing_from_the_environment)
{
	(void)setenv("http_proxy", "http://127.0.0.1:1", 1);
	(void)setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
	http.body = SLICE_LIT("x");
	get("127.0.0.1", "/");
	ck_assert_msg(ok, "%s", why);
	(void)unsetenv("http_proxy");
	(void)unsetenv("ALL_PROXY");
}
END_TEST

/* ---- TLS ---- */

struct tls_child {
	pid_t pid;
	unsigned port;
};

static void
tls_serve(int fd, const struct pem *p)
{
	static const char answer[] =
	    "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret";
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	char said[2048];

	SSL_CTX_use_certificate(ctx, p->cert);
	SSL_CTX_use_PrivateKey(ctx, p->key);
	for (;;) {
		int client = accept(fd, NULL, NULL);
		SSL *ssl = SSL_new(ctx);

		SSL_set_fd(ssl, client);
		if (SSL_accept(ssl) == 1 &&
		    SSL_read(ssl, said, sizeof(said)) > 0)
			(void)SSL_write(ssl, answer, sizeof(answer) - 1);
		(void)SSL_shutdown(ssl);
		SSL_free(ssl);
		(void)close(client);
	}
}

static struct tls_child
tls_child_start(const struct pem *p)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	socklen_t n = sizeof(in);
	struct tls_child c;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&in, sizeof(in)), 0);
	ck_assert_int_eq(listen(fd, 8), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&in, &n), 0);
	c.port = ntohs(in.sin_port);
	c.pid = fork();
	ck_assert_int_ge(c.pid, 0);
	if (c.pid == 0) {
		(void)signal(SIGPIPE, SIG_IGN);
		tls_serve(fd, p);
	}
	(void)close(fd);
	return c;
}

static struct text
list_of(const struct pem *p)
{
	unsigned char *der = NULL;
	int n = i2d_X509(p->cert, &der);
	struct text list = { 0 };

	tls_der_add(&list, der, (size_t)n);
	OPENSSL_free(der);
	return list;
}

START_TEST(only_the_named_authority_is_believed)
{
	static const struct dns_entry entries[] = {
		{ "keys.example", "127.0.0.1", 60 },
		{ "other.example", "127.0.0.1", 60 },
		{ NULL, NULL, 0 },
	};
	struct pem ca = pem_make(&(struct pem_want){ .cn = "CA", .ca = true });
	struct pem no = pem_make(&(struct pem_want){ .cn = "CA", .ca = true });
	struct pem p = pem_make(&(struct pem_want){
	    .cn = "keys", .names = "DNS:keys.example", .by = &ca });
	struct tls_child child = tls_child_start(&p);
	/* What was believed once is not believed again. */
	struct text cas[] = { list_of(&no), list_of(&ca), list_of(&no), { 0 } };
	char url[64];

	dns.entries = entries;
	for (int i = 0; i < 4; i++) {
		(void)snprintf(
		    url, sizeof(url), "https://keys.example:%u/", child.port);
		(void)start(url, text_slice(&cas[i]));
		await((unsigned)i + 1);
		ck_assert_msg(ok == (i == 1), "%d: %s", i, why);
	}
	/* The right authority, another name. */
	(void)snprintf(
	    url, sizeof(url), "https://other.example:%u/", child.port);
	(void)start(url, text_slice(&cas[1]));
	await(5);
	ck_assert(!ok);
	for (int i = 0; i < 3; i++)
		text_fini(&cas[i]);
	(void)kill(child.pid, SIGKILL);
	(void)waitpid(child.pid, NULL, 0);
	pem_free(&p);
	pem_free(&no);
	pem_free(&ca);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("all");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, body_of_a_good_answer);
	tcase_add_test(tc, names_are_resolved_without_threads);
	tcase_add_test(tc, addresses_are_asked_for_each_time);
	tcase_add_test(tc, names_that_nobody_knows);
	tcase_add_test(tc, other_answers_than_200);
	tcase_add_test(tc, too_much);
	tcase_add_test(tc, not_whole_and_not_there);
	tcase_add_test(tc, nobody_waits_for_ever);
	tcase_add_test(tc, cancelled);
	tcase_add_loop_test(tc, urls_that_are_refused, 0, 12);
	tcase_add_test(tc, nothing_from_the_environment);
	tcase_add_test(tc, only_the_named_authority_is_believed);
	return conf_try_run("fetch", tc);
}
