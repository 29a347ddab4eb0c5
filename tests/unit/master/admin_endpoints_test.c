/*
 * admin_endpoints_test.c - the documents about endpoints, services and health,
 * and PATCH, by calls of admin_routes_answer; then the metrics of endpoints.
 */
#include "master/admin_routes.h"

#include "common/base/clock.h"
#include "common/http/http.h"
#include "master/prom_endpoints.h"
#include "shm/control.h"
#include "tests/unit/master/gate_kit.h"

static struct probes probes; /* none of them */
static struct admin admin;
static struct text body;

static void
setup(void)
{
	gate_setup();
	admin =
	    (struct admin){ .in = in, .reload = &reload, .probes = &probes };
	text_init(&body);
}

static void
teardown(void)
{
	text_fini(&body);
	gate_teardown();
}

/* The status; the document is in `body`. */
static unsigned
ask(enum http_method method, const char *path, const char *sent)
{
	struct admin_request q = { .method = (uint8_t)method,
		.path = slice_str(path),
		.body = slice_str(sent) };
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
get(const char *path)
{
	return ask(METHOD_GET, path, "");
}

static void
has(const char *part)
{
	ck_assert_msg(
	    strstr(body.p, part) != NULL, "no %s in %s", part, body.p);
}

#define AB                                                                  \
	"a = { endpoints = ( { address = \"10.0.0.1:80\"; weight = 3; }, "  \
	"{ address = \"[::1]:80\"; backup = true; } ); balance = "          \
	"\"hash\"; priority = \"emergency\"; pool = { max_connections = "   \
	"9; }; }; "                                                         \
	"b = { endpoints = ( { address = \"10.0.0.3:1\"; } ); depends = [ " \
	"\"a\" ]; };"
#define FIRST "/v1/services/a/endpoints/10.0.0.1:80"

START_TEST(an_endpoint)
{
	gate_publish(AB);
	ck_assert_uint_eq(get(FIRST), 200);
	has("{\"endpoints\":[{\"service\":\"a\",\"address\":\"10.0.0.1:80\","
	    "\"label\":\"10.0.0.1:80\",\"state\":\"up\",\"configured\":{"
	    "\"state\":\"ready\",\"weight\":3},\"overridden\":false,"
	    "\"weight\":3,\"share\":1.000,\"score\":null,\"latency_ms\":null,"
	    "\"active\":0,\"pooled\":0,\"connections\":0,\"calls\":{"
	    "\"answered\":0,\"failed\":0},\"backup\":false,\"near\":false,"
	    "\"zone\":null,\"fails\":0,\"streak\":0,\"last_check\":null,"
	    "\"out_for\":null,\"history\":[{\"at\":\"");
	has("\"event\":\"added\",\"cause\":\"configuration\",\"detail\":null");
	vital_set_score(region, gate_index("a", 0), 875, 12345);
	vital_set_probed(region, gate_index("a", 0), -2, 1);
	registry_active_add(region, 1, gate_index("a", 0), 1);
	ck_assert_uint_eq(get(FIRST), 200);
	has("\"score\":0.875,\"latency_ms\":12.345,\"active\":1");
	has("\"streak\":-2,\"last_check\":");
	registry_active_add(region, 1, gate_index("a", 0), -1);
	ck_assert_uint_eq(get("/v1/services/a/endpoints/%5B%3a%3A1]:80"), 200);
	has("\"backup\":true");
}
END_TEST

/* Of several states the first of this order is shown. */
START_TEST(states_in_their_order)
{
	const struct vital_rule rule = { 1, 60000000 };
	uint32_t e;

	gate_publish(AB);
	e = gate_index("a", 0);
	vital_set_ramp(region, e, 1);
	ck_assert_uint_eq(get(FIRST), 200);
	has("\"state\":\"starting\",\"conf");
	vital_set_flag(region, e, VITAL_POOR, true, CAUSE_SCORE, 100);
	ck_assert_uint_eq(get(FIRST), 200);
	has("\"state\":\"poor\",\"conf");
	vital_failed(region, e, &rule, 0, CAUSE_CONNECT, 111);
	ck_assert(vital_claim(region, e, &rule, 60000000));
	ck_assert_uint_eq(get(FIRST), 200);
	has("\"state\":\"trial\",\"conf");
	vital_failed(region, e, &rule, clock_now().us, CAUSE_CONNECT, 111);
	ck_assert_uint_eq(get(FIRST), 200);
	has("\"state\":\"ejected\",\"conf");
	has("\"out_for\":60.000");
	has("\"detail\":\"Connection refused\"");
	vital_set_flag(region, e, VITAL_DOWN, true, CAUSE_PROBE_STATUS, 500);
	ck_assert_uint_eq(get(FIRST), 200);
	has("\"state\":\"down\",\"conf");
	vital_set_admin(region, e, ADMIN_DRAIN, CAUSE_CONFIG);
	ck_assert_uint_eq(get(FIRST), 200);
	has("\"state\":\"drain\",\"conf");
	vital_set_admin(region, e, ADMIN_MAINT, CAUSE_CONFIG);
	ck_assert_uint_eq(get(FIRST), 200);
	has("\"state\":\"maint\",\"conf");
}
END_TEST

START_TEST(services)
{
	gate_publish(AB);
	ck_assert_uint_eq(get("/v1/services"), 200);
	has("{\"services\":[{\"name\":\"a\",\"balance\":\"hash\","
	    "\"health\":\"healthy\",\"because\":null,\"endpoints\":{"
	    "\"total\":2,\"usable\":2,\"sick\":0,\"drained\":0,\"maint\":0},"
	    "\"active\":0,\"max_connections\":9,\"waiting\":0,\"queue\":0,"
	    "\"depends\":[],"
	    "\"priority\":\"emergency\"},{\"name\":\"b\"");
	vital_set_flag(region, gate_index("a", 0), VITAL_DOWN, true,
	    CAUSE_PROBE_STATUS, 500);
	ck_assert_uint_eq(get("/v1/services/b"), 200);
	has("{\"name\":\"b\",\"balance\":\"p2c\",\"health\":\"degraded\","
	    "\"because\":\"a\"");
	has("\"depends\":[\"a\"]");
	ck_assert_uint_eq(get("/v1/services/a/endpoints"), 200);
	ck_assert_ptr_null(strstr(body.p, "10.0.0.3"));
	ck_assert_uint_eq(get("/v1/endpoints"), 200);
	has("10.0.0.3:1");
	ck_assert_uint_eq(get("/v1/services/a/history"), 200);
	has("{\"endpoint\":\"10.0.0.1:80\",\"at\":\"");
	has("\"event\":\"down\",\"cause\":\"probe_status\",\"detail\":\"500\"}"
	    "]}");
}
END_TEST

START_TEST(health)
{
	ck_assert_uint_eq(get("/health"), 503);
	ck_assert_str_eq(body.p, "{\"status\":\"unhealthy\"}");
	gate_publish(AB);
	ck_assert_uint_eq(get("/health"), 200);
	ck_assert_str_eq(body.p,
	    "{\"status\":\"healthy\",\"services\":{\"a\":{\"status\":"
	    "\"healthy\",\"because\":null,\"usable\":2,\"total\":2},\"b\":{"
	    "\"status\":\"healthy\",\"because\":null,\"usable\":1,\"total\":1}"
	    "}}");
	for (uint32_t i = 0; i < 2; i++)
		vital_set_admin(
		    region, gate_index("a", i), ADMIN_DRAIN, CAUSE_CONFIG);
	ck_assert_uint_eq(get("/health"), 200);
	has("\"status\":\"degraded\",\"services\":{\"a\":{\"status\":"
	    "\"unhealthy\"");
	has("\"b\":{\"status\":\"degraded\",\"because\":\"a\"");
	vital_set_flag(region, gate_index("b", 0), VITAL_DOWN, true,
	    CAUSE_PROBE_STATUS, 500);
	ck_assert_uint_eq(get("/health"), 503);
	has("{\"status\":\"unhealthy\"");
}
END_TEST

START_TEST(stopping_is_not_healthy)
{
	gate_publish(AB);
	control_drain(region, 1);
	ck_assert_uint_eq(get("/health"), 503);
	has("{\"status\":\"stopping\",\"services\":{\"a\":{\"status\":"
	    "\"healthy\"");
}
END_TEST

START_TEST(what_is_not_there)
{
	char many[2048];

	ck_assert_uint_eq(get("/v1/services/a"), 404);
	has("no service \\\"a\\\": there are none");
	gate_publish(AB);
	ck_assert_uint_eq(get("/v1/services/x%20y"), 404);
	has("no service \\\"x y\\\": there are a, b");
	ck_assert_uint_eq(get("/v1/services/a/endpoints/10.0.0.1"), 404);
	has("service \\\"a\\\" has no endpoint \\\"10.0.0.1\\\": it has "
	    "10.0.0.1:80, [::1]:80");
	ck_assert_uint_eq(get("/v1/services//endpoints"), 404);
	has("no such resource");
	ck_assert_uint_eq(get("/v1/services/"), 404);
	ck_assert_uint_eq(get("/v1/services/a/endpoints/b/c"), 404);
	ck_assert_uint_eq(get("/v1/services/a%2"), 400);
	ck_assert_uint_eq(get("v1"), 404);
	ck_assert_uint_eq(get(""), 404);
	ck_assert_uint_eq(get("/1/2/3/4/5/6/7/8/9/10"), 404);
	memset(many, 'a', sizeof(many));
	memcpy(many, "/v1/services/", 13);
	many[sizeof(many) - 1] = '\0';
	ck_assert_uint_eq(get(many), 404);
}
END_TEST

START_TEST(many_are_not_all_named)
{
	struct text t = { 0 };

	for (unsigned i = 0; i < 11; i++)
		text_printf(&t,
		    "s%u = { endpoints = ( { address = \"10.0.0.1:80\"; } ); "
		    "}; ",
		    i);
	text_add_char(&t, '\0');
	gate_publish(t.p);
	text_fini(&t);
	ck_assert_uint_eq(get("/v1/services/x"), 404);
	has("there are s0, s1, s2, s3, s4, s5, s6, s7 and 3 more\"");
}
END_TEST

/* ---- PATCH ---- */

static const struct {
	const char *body;
	unsigned status;
	const char *part;
} changes[] = {
	{ "{\"state\":\"drain\"}", 200, "\"state\":\"drain\",\"configured\"" },
	{ "{\"weight\":1000}", 200, "\"overridden\":true,\"weight\":1000," },
	{ "{\"weight\":7,\"state\":\"maint\"}", 200, "\"state\":\"maint\"" },
	{ " {\"weight\" : null }\n", 200, "\"overridden\":false,\"weight\":3" },
	{ "{\"state\":null}", 200, "\"state\":\"up\"" },
	{ "{\"weight\":0}", 400, "weight must be an integer from 1 to 1000" },
	{ "{\"weight\":1001}", 400, "weight must be" },
	{ "{\"weight\":4294967297}", 400, "weight must be" },
	{ "{\"weight\":1.5}", 400, "weight must be" },
	{ "{\"weight\":\"5\"}", 400, "weight must be" },
	{ "{\"state\":\"Drain\"}", 400, "state must be" },
	{ "{\"state\":1}", 400, "state must be" },
	{ "{\"state\":\"drain\",\"colour\":1}", 400,
	    "unknown member \\\"colour\\\"" },
	{ "{\"state\":\"drain\",\"state\":\"ready\"}", 400, "no JSON" },
	{ "{}", 400, "nothing to change" },
	{ "[1]", 400, "must be a JSON object" },
	{ "{", 400, "the body is no JSON: line 1: " },
	{ "", 400, "the body is no JSON" },
};

START_TEST(what_is_changed)
{
	gate_publish(AB);
	ck_assert_uint_eq(
	    ask(METHOD_PATCH, FIRST, changes[_i].body), changes[_i].status);
	has(changes[_i].part);
	ck_assert_ptr_null(strstr(body.p, "history"));
	ck_assert_uint_eq(publications, changes[_i].status == 200);
	if (changes[_i].status == 200)
		return;
	ck_assert_uint_eq(get(FIRST), 200);
	has("\"overridden\":false,\"weight\":3");
}
END_TEST

START_TEST(all_addresses_of_a_name)
{
	gate_publish("a = { endpoints = ( { address = \"n.b:80\"; } ); };");
	gate_carry("a", "n.b:80", (const uint8_t[]){ 1, 2, 0 });
	ck_assert_uint_eq(ask(METHOD_PATCH, "/v1/services/a/endpoints/n.b:80",
			      "{\"weight\":4}"),
	    200);
	has("\"address\":\"10.0.0.1:80\",\"label\":\"n.b:80\"");
	has("\"address\":\"10.0.0.2:80\",\"label\":\"n.b:80\"");
	ck_assert_uint_eq(
	    ask(METHOD_PATCH, FIRST, "{\"state\":\"drain\"}"), 200);
	ck_assert_ptr_null(strstr(body.p, "10.0.0.2"));
	has("\"weight\":4");
	ck_assert_uint_eq(get("/v1/export"), 200);
	has("{ address = \"n.b:80\"; weight = 4; }");
}
END_TEST

/* ---- metrics ---- */

START_TEST(metrics_of_endpoints)
{
	uint32_t e;

	gate_publish(AB);
	e = gate_index("a", 0);
	vital_set_score(region, e, 70, 1);
	registry_active_add(region, 0, e, 1);
	registry_active_add(region, 1, e, 1);
	registry_pooled_add(region, 1, e, 1);
	vital_set_admin(region, e, ADMIN_DRAIN, CAUSE_CONFIG);
	probes.good = 3;
	probes.put_off = 4;
	text_clear(&body);
	prom_endpoints_write(region, &(struct prom){ .out = &body });
	prom_probes_write(&probes, &(struct prom){ .out = &body });
	text_add_char(&body, '\0');
#define LABELS "{service=\"a\",endpoint=\"10.0.0.1:80\"} "
	has("\npenstock_endpoint_healthy" LABELS "0\n");
	has("endpoint_healthy{service=\"a\",endpoint=\"[::1]:80\"} 1\n");
	has("\npenstock_endpoint_active" LABELS "2\n");
	has("\npenstock_endpoint_pooled" LABELS "1\n");
	has("\npenstock_endpoint_connections" LABELS "0\n");
	has("\npenstock_endpoint_score" LABELS "0.070\n");
	ck_assert_ptr_null(strstr(
	    body.p, "endpoint_score{service=\"a\",endpoint=\"[::1]:80\""));
	has("\npenstock_service_health{service=\"a\"} 0\n");
	has("\npenstock_probes_total{result=\"good\"} 3\n");
	has("\npenstock_probes_total{result=\"put_off\"} 4\n");
	registry_active_add(region, 0, e, -1);
	registry_active_add(region, 1, e, -1);
	registry_pooled_add(region, 1, e, -1);
	/* What no set names any more is not there. */
	gate_publish("b = { endpoints = ( { address = \"10.0.0.3:1\"; } ); };");
	publish_retire_absent(region, reload_current(region));
	text_clear(&body);
	prom_endpoints_write(region, &(struct prom){ .out = &body });
	text_add_char(&body, '\0');
	ck_assert_ptr_null(strstr(body.p, "10.0.0.1"));
	has("10.0.0.3:1");
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("admin_endpoints");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, an_endpoint);
	tcase_add_test(tc, states_in_their_order);
	tcase_add_test(tc, services);
	tcase_add_test(tc, health);
	tcase_add_test(tc, stopping_is_not_healthy);
	tcase_add_test(tc, what_is_not_there);
	tcase_add_test(tc, many_are_not_all_named);
	tcase_add_loop_test(
	    tc, what_is_changed, 0, sizeof(changes) / sizeof(changes[0]));
	tcase_add_test(tc, all_addresses_of_a_name);
	tcase_add_test(tc, metrics_of_endpoints);
	return fixture_run(tc, "admin_endpoints");
}
