/*
 * admin_breakers_test.c - the documents about breakers and what closes them, by
 * calls of admin_routes_answer; then their metrics, and their lines in the log.
 */
#include "master/admin_routes.h"

#include <unistd.h>

#include "common/base/clock.h"
#include "common/http/http.h"
#include "master/breaker_log.h"
#include "master/prom_breakers.h"
#include "shm/breaker.h"
#include "shm/breaker_history.h"
#include "shm/control.h"
#include "tests/unit/master/gate_kit.h"

#define SECOND UINT64_C(1000000)

static struct probes probes; /* none of them */
static struct admin admin;
static struct text body;
static struct permits permits;
static struct breaker_log told;
static char log_path[] = "/tmp/penstock-breakers-XXXXXX";

static const struct breaker_rule rule = { .failures = 2,
	.successes = 1,
	.probes = 1,
	.minimum = 100,
	.error_rate = 900,
	.open_us = 40 * SECOND,
	.window_us = 10 * SECOND };

static void
setup(void)
{
	int fd = mkstemp(log_path);

	ck_assert_int_ge(fd, 0);
	(void)close(fd);
	gate_setup();
	ck_assert(log_open(log_path, LOG_LVL_DEBUG, "test"));
	admin =
	    (struct admin){ .in = in, .reload = &reload, .probes = &probes };
	text_init(&body);
	ck_assert(permits_init(&permits, region, 0));
	gate_publish("a = { endpoints = ( { address = \"10.0.0.1:80\"; }, "
		     "{ address = \"10.0.0.2:80\"; } ); "
		     "breaker = { failures = 2; error_rate = 0.9; }; }; "
		     "b = { endpoints = ( { address = \"10.0.0.3:80\"; } ); "
		     "breaker = { scope = [ \"endpoint\" ]; }; }; "
		     "off = { endpoints = ( { address = \"10.0.0.4:80\"; } ); "
		     "breaker = { failures = 0; }; };");
	breaker_log_init(&told, region);
}

static void
teardown(void)
{
	breaker_log_fini(&told);
	permits_fini(&permits);
	text_fini(&body);
	gate_teardown();
	(void)unlink(log_path);
}

static unsigned
ask(enum http_method method, const char *path)
{
	struct admin_request q = { .method = (uint8_t)method,
		.path = slice_str(path) };
	struct admin_reply r;
	unsigned status;

	admin_reply_init(&r);
	admin_routes_answer(&admin, &q, &r);
	text_clear(&body);
	text_add(&body, text_slice(&r.body));
	text_add_char(&body, '\0');
	status = r.status;
	admin_reply_fini(&r);
	return status;
}

static unsigned
count(const char *part)
{
	unsigned n = 0;

	for (const char *p = body.p; (p = strstr(p, part)) != NULL; p++)
		n++;
	return n;
}

static void
has(const char *part)
{
	ck_assert_msg(count(part) != 0, "no %s in %s", part, body.p);
}

static void
lose(uint32_t breaker, uint32_t times, uint32_t status)
{
	struct breaker_outcome how = {
		.failed = true, .cause = CAUSE_STATUS, .detail = status
	};
	struct breaker_pass pass;
	uint64_t now_us = clock_now().us, wait_us;

	for (; times != 0; times--) {
		ck_assert(breaker_admit(
		    &permits, breaker, &rule, now_us, false, &pass, &wait_us));
		breaker_result(&permits, breaker, &rule, &pass, &how, now_us);
	}
}

static uint32_t
of_endpoint(const char *service, uint32_t member)
{
	return BREAKER_OF_ENDPOINT(gate_index(service, member));
}

static uint32_t
of_service(const char *name)
{
	return BREAKER_OF_SERVICE(registry_service(region, slice_str(name)));
}

START_TEST(all_that_are_in_use)
{
	ck_assert_uint_eq(ask(METHOD_GET, "/v1/breakers"), 200);
	ck_assert_uint_eq(count("\"state\":\"closed\""), 4);
	ck_assert_uint_eq(count("\"endpoint\":null"), 1);
	has("\"service\":\"a\",\"endpoint\":null,\"label\":null,"
	    "\"state\":\"closed\",\"retry_after\":null,\"fails\":0,"
	    "\"successes\":0,\"probes\":0,\"transitions\":0,\"since\":null,"
	    "\"limits\":{\"failures\":2,\"successes\":3,\"probes\":3,"
	    "\"open\":60.000,\"error_rate\":0.900,\"slow_rate\":0.000,"
	    "\"minimum\":10},\"window\":{\"calls\":0,\"failed\":0,\"slow\":0},"
	    "\"failures\":[]}");
	ck_assert_uint_eq(count("10.0.0.4"), 0);
	ck_assert_uint_eq(count("history"), 0);
	lose(of_endpoint("a", 1), 1, 500);
	lose(of_service("a"), 2, 503);
	ask(METHOD_GET, "/v1/breakers");
	has("\"fails\":1,");
	has("\"window\":{\"calls\":1,\"failed\":1,\"slow\":0},\"failures\":[{"
	    "\"before\":0.");
	has("\"cause\":\"status\",\"detail\":\"500\"}]");
	has("\"state\":\"open\",\"retry_after\":39.9");
	has("\"transitions\":1,\"since\":\"20");
}
END_TEST

START_TEST(histories)
{
	uint32_t breaker = of_endpoint("b", 0);

	lose(breaker, 1, 500);
	lose(breaker, 1, 503);
	ck_assert_uint_eq(ask(METHOD_GET, "/v1/breakers/history"), 200);
	ck_assert_uint_eq(count("\"history\":[]"), 3);
	has("\"from\":\"closed\",\"to\":\"open\",\"cause\":\"status\","
	    "\"detail\":\"503\",\"fails\":2,\"window\":{\"calls\":2,"
	    "\"failed\":2,\"slow\":0},\"failures\":[{\"before\":0.000,"
	    "\"cause\":\"status\",\"detail\":\"500\"},{\"before\":0.000,"
	    "\"cause\":\"status\",\"detail\":\"503\"}]}]");
	ck_assert_uint_eq(ask(METHOD_GET, "/v1/services/b/breakers"), 200);
	ck_assert_uint_eq(count("\"from\":"), 1);
	ck_assert_uint_eq(ask(METHOD_GET, "/v1/services/a/breakers"), 200);
	ck_assert_uint_eq(count("\"history\":[]"), 3);
	ck_assert_uint_eq(
	    ask(METHOD_GET, "/v1/services/a/endpoints/10.0.0.2:80/breaker"),
	    200);
	ck_assert_uint_eq(count("\"service\":"), 1);
	has("\"endpoint\":\"10.0.0.2:80\"");
	ck_assert_uint_eq(
	    ask(METHOD_GET, "/v1/services/off/endpoints/10.0.0.4:80/breaker"),
	    200);
	ck_assert_str_eq(body.p, "{\"breakers\":[]}");
	ck_assert_uint_eq(ask(METHOD_GET, "/v1/services/c/breakers"), 404);
	ck_assert_uint_eq(
	    ask(METHOD_GET, "/v1/services/a/endpoints/x/breaker"), 404);
}
END_TEST

START_TEST(a_transition_of_a_dead_worker)
{
	uint32_t breaker = of_service("a");
	struct shm_breaker *b = &region->state->breakers[breaker];

	/* It has changed the word, and no more: OPEN, of CLOSED. */
	atomic_store(&b->word, UINT64_C(1) << 62 | UINT64_C(1) << 48);
	ask(METHOD_GET, "/v1/services/a/breakers");
	ck_assert_uint_eq(count("\"from\":"), 0);
	breaker_recover(region, 0);
	ask(METHOD_GET, "/v1/services/a/breakers");
	has("\"from\":\"closed\",\"to\":\"open\",\"cause\":\"unknown\","
	    "\"detail\":null,\"fails\":0");
}
END_TEST

START_TEST(they_are_closed)
{
	lose(of_service("a"), 2, 503);
	lose(of_endpoint("a", 0), 2, 503);
	lose(of_endpoint("a", 1), 2, 503);
	ck_assert_uint_eq(
	    ask(METHOD_POST, "/v1/services/a/endpoints/10.0.0.1:80/breaker"),
	    200);
	has("\"to\":\"closed\",\"cause\":\"operator\",\"detail\":null");
	ask(METHOD_GET, "/v1/breakers");
	ck_assert_uint_eq(count("\"state\":\"open\""), 2);
	ck_assert_uint_eq(ask(METHOD_POST, "/v1/services/a/breakers"), 200);
	ck_assert_uint_eq(count("\"state\":\"closed\""), 3);
	ck_assert_uint_eq(ask(METHOD_POST, "/v1/services/off/breakers"), 409);
	has("no breaker");
	ck_assert_uint_eq(ask(METHOD_POST, "/v1/services/c/breakers"), 404);
	ck_assert_uint_eq(ask(METHOD_POST, "/v1/breakers"), 405);
}
END_TEST

START_TEST(metrics)
{
	lose(of_endpoint("b", 0), 2, 503);
	text_clear(&body);
	prom_breakers_write(region, &(struct prom){ .out = &body });
	text_add_char(&body, '\0');
	has("penstock_breaker_state{service=\"a\",endpoint=\"\"} 0\n");
	has("penstock_breaker_state{service=\"b\",endpoint=\"10.0.0.3:80\"} "
	    "1\n");
	has("penstock_breaker_transitions_total{service=\"b\","
	    "endpoint=\"10.0.0.3:80\",to=\"open\"} 1\n");
	has("penstock_breaker_transitions_total{service=\"b\","
	    "endpoint=\"10.0.0.3:80\",to=\"half_open\"} 0\n");
	ck_assert_uint_eq(count("service=\"off\""), 0);
	ck_assert_uint_eq(count("# HELP"), 2);
	ck_assert_uint_eq(count("breaker_state{"), 4);
	ck_assert_uint_eq(count("transitions_total{"), 12);
}
END_TEST

/* ---- the log ---- */

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

START_TEST(each_is_logged_once)
{
	uint32_t breaker = of_endpoint("b", 0);

	lose(breaker, 2, 503);
	lose(of_service("a"), 2, 503);
	for (int i = 0; i < 2; i++)
		breaker_log_look(&told, region);
	ck_assert_uint_eq(logged("warn test: service b: endpoint 10.0.0.3:80: "
				 "breaker open: status (503), 2 in a row"),
	    1);
	ck_assert_uint_eq(
	    logged("warn test: service a: breaker open: status (503)"), 1);
	breaker_reset(region, breaker, CAUSE_OPERATOR, clock_now().us);
	lose(breaker, 2, 503);
	breaker_log_look(&told, region);
	ck_assert_uint_eq(logged("info test: service b: endpoint 10.0.0.3:80: "
				 "breaker closed: operator"),
	    1);
	ck_assert_uint_eq(logged("breaker open"), 3);
	/* A successor goes on from there. */
	breaker_log_fini(&told);
	breaker_log_init(&told, region);
	breaker_reset(region, breaker, CAUSE_OPERATOR, clock_now().us);
	breaker_log_look(&told, region);
	ck_assert_uint_eq(logged("breaker open"), 3);
	ck_assert_uint_eq(logged("breaker closed"), 2);
	/* Another endpoint in its place has changed nothing yet. */
	breaker_clear(region, breaker);
	lose(breaker, 2, 502);
	breaker_log_look(&told, region);
	ck_assert_uint_eq(logged("breaker open"), 4);
	ck_assert_uint_eq(logged("breaker closed"), 2);
}
END_TEST

START_TEST(a_flood_is_cut)
{
	gate_publish("m = { endpoints = ( { address = \"10.0.1.1:80\"; }, "
		     "{ address = \"10.0.1.2:80\"; }, "
		     "{ address = \"10.0.1.3:80\"; }, "
		     "{ address = \"10.0.1.4:80\"; }, "
		     "{ address = \"10.0.1.5:80\"; }, "
		     "{ address = \"10.0.1.6:80\"; }, "
		     "{ address = \"10.0.1.7:80\"; }, "
		     "{ address = \"10.0.1.8:80\"; } ); };");
	for (uint32_t i = 0; i < 8; i++)
		for (uint32_t k = 0; k < 20; k++)
			breaker_reset(region, of_endpoint("m", i),
			    CAUSE_OPERATOR, clock_now().us);
	breaker_log_look(&told, region);
	ck_assert_uint_eq(logged("breaker closed"), 7 * BREAKER_TURNS_KEPT);
	ck_assert_uint_eq(logged("16 more transitions of breakers"), 1);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("admin breakers");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, all_that_are_in_use);
	tcase_add_test(tc, histories);
	tcase_add_test(tc, a_transition_of_a_dead_worker);
	tcase_add_test(tc, they_are_closed);
	tcase_add_test(tc, metrics);
	tcase_add_test(tc, each_is_logged_once);
	tcase_add_test(tc, a_flood_is_cut);
	return fixture_run(tc, "admin breakers");
}
