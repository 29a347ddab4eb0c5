/*
 * -T reads back to the same, and says where each value came from; --options
 * and the manual's list name every option.
 */
#include "master/conf_show.h"

#include <stdio.h>

#include "master/conf_table.h"
#include "tests/unit/master/conf_try.h"

static const char everything[] =
    "user = \"nobody\"; workers = 2; cpu_affinity = true; zone = \"x\";\n"
    "log = { level = \"warn\"; };\n"
    "timeouts = { idle = \"0\"; response = \"1500ms\"; };\n"
    "limits = { request_body = \"10m\"; uri = 4097; };\n"
    "listeners = ( { address = \"0.0.0.0:80\"; }, { address = \"[::]:80\"; } "
    ");\n"
    "services = ( { name = \"a:b\"; host = \"h.example\";\n"
    "  endpoints = ( { address = \"10.0.0.1:1\"; weight = 9; },\n"
    "    { address = \"[::1]:2\"; } );\n"
    "  pool = { max_idle = 0; idle = \"1s\"; };\n"
    "  timeouts = { connect = \"1h\"; }; },\n"
    "{ name = \"b\"; endpoints = ( { address = \"_a._b.c\"; zone = \"x\";\n"
    "  state = \"drain\"; backup = true; }, { address = \"d:1\"; } );\n"
    "  slow_start = \"9s\"; panic_threshold = 0; priority = \"emergency\";\n"
    "  depends = \"a:b\"; health_score = true; passive = { };\n"
    "  health_check = { headers = ( { set = \"A\"; value = \"\"; } );\n"
    "    body = \"a\\nb\"; interval = \"500ms\"; port = 7; };\n"
    "  retry = { factor = 1.25; on = [ ]; }; },\n"
    "{ name = \"c\"; endpoints = ( { address = \"127.0.0.1:1\"; } );\n"
    "  health_check = { type = \"tcp\"; }; } );\n"
    "routes = (\n"
    "{ name = \"q\\\"uote\\\\\"; path = \"/x/:id/*rest\"; service = \"a:b\";\n"
    "  hosts = [ \"a.example\", \"*.b.example\" ]; methods = [ \"GET\" ];\n"
    "  rewrite = \"/y/{id}\"; encoded_slash = \"keep\";\n"
    "  match = ( { header = \"X\"; value = \"\"; }, { query = \"q\"; } );\n"
    "  request_headers = ( { set = \"A\"; value = \"$${{not}} {path}\"; },\n"
    "    { remove = \"B\"; } );\n"
    "  response_headers = ( { add = \"C\"; value = \"\\xc3\\xa9\"; } );\n"
    "  timeouts = { body = \"2s\"; }; },\n"
    "{ path = \"/b\"; service = \"b\"; upgrade = [ ]; },\n"
    "{ path = \"/p\"; respond = { status = 404; body = \"a\\tb\\n\\x7f\";\n"
    "  content_type = \"text/plain\"; }; },\n"
    "{ path = \"/e\"; respond = { }; rate_limits = \"m\"; } );\n"
    "rate_limits = { l = { key = [ \"user\", \"route\" ]; rate = \"9/min\";\n"
    "  multiplier = { priority = 2; }; }, m = { key = \"route\"; limit = 3;\n"
    "  algorithm = \"concurrency\"; }, n = { key = \"header:X-A\";\n"
    "  rate = \"9/month\"; algorithm = \"quota\"; adaptive = true; }; };\n"
    "overload = { };\n"
    "recorder = { ring = \"1m\"; audit_ring = 0; };\n"
    "access_log = ( { path = \"/a b\"; when = { status = \"404\"; slow = "
    "\"2s\"; }; sample = 0.000001; query = [ \"*\" ]; },\n"
    "  { path = \"syslog:/dev/log\"; format = \"template\";\n"
    "    template = \"{{{status}}}\"; } );\n"
    "mask = { headers = [ ]; };\n"
    "tracing = { sample = 1; resource = [ \"a=b\", \"c=d\" ]; };\n";

static char *
shown(const struct conf *c)
{
	size_t n;
	char *text;
	FILE *f = open_memstream(&text, &n);

	conf_show(f, c);
	(void)fclose(f);
	return text;
}

static char *
written(void (*fn)(FILE *out))
{
	size_t n;
	char *text;
	FILE *f = open_memstream(&text, &n);

	fn(f);
	(void)fclose(f);
	return text;
}

START_TEST(round_trip)
{
	struct conf_try a, b;
	char *first, *second;

	conf_try_text(&a, everything);
	ck_assert_str_eq(a.complaints, "");
	first = shown(&a.c);
	conf_try_text(&b, first);
	ck_assert_str_eq(b.complaints, "");
	ck_assert_mem_eq(a.c.digest, b.c.digest, 32);
	ck_assert_str_eq(
	    b.c.routes[0].request_headers[0].value, "${{not}} {path}");
	ck_assert_str_eq(b.c.routes[2].respond.body, "a\tb\n\x7f");
	second = shown(&b.c);
	/* Nothing is left to a default the second time. */
	ck_assert_ptr_nonnull(strstr(first, "# default\n"));
	ck_assert_ptr_null(strstr(second, "# default\n"));
	free(first);
	free(second);
	conf_try_fini(&a);
	conf_try_fini(&b);
}
END_TEST

START_TEST(origins)
{
	static const char *const lines[] = {
		"workers = 2; # f:1\n",
		"environment = \"production\"; # default\n",
		"  level = \"warn\"; # f:2\n",
		"  target = \"stderr\"; # default\n",
		"  idle = \"0\"; # f:3\n",
		"  uri = \"4097\"; # f:4\n",
		"    name = \"a:b\"; # f:6\n",
		"        weight = 1; # default\n",
		"        backup = false; # default\n",
		"    hash_key = \"address\"; # default\n",
		"    balance = \"p2c\"; # default\n",
		/* inherited: by the service from the top, by the route from
		 * the service */
		"      response = \"1500ms\"; # f:3\n",
		"      connect = \"1h\"; # f:10\n",
		"      body = \"2s\"; # f:28\n",
		"    hosts = [ \"a.example\", \"*.b.example\" ]; # f:22\n",
		"    upgrade = [ \"websocket\" ]; # default\n",
		"    upgrade = [ ]; # f:29\n",
		"    encoded_slash = \"reject\"; # default\n"
		"    grpc_web = false; # default\n",
		"    close_revoked = false; # default\n"
		"    issue = false; # default\n"
		"    refresh = false; # default\n"
		"    jwks = false; # default\n"
		"    priority = \"emergency\"; # f:13\n",
		"zone = \"x\"; # f:1\n",
		"  min_ttl = \"1s\"; # default\n",
		"        state = \"drain\"; # f:12\n",
		"      failures = 5; # default\n",
		"      expect = [ \"200-299\" ]; # default\n",
		"      headers = (\n        {\n          set = \"A\"; # f:15\n",
		"      timeout = \"500ms\"; # default\n",
		/* without what a request would need */
		"      type = \"tcp\"; # f:19\n      port = 0; # default\n",
		"      factor = 1.25; # f:17\n",
		"      on = [ ]; # f:17\n",
		"      on = [ \"connect\", \"reset\", \"502\", \"503\", "
		"\"504\" ]; "
		"# default\n",
		"    name = \"/p\"; # default\n",
		"      status = 200; # default\n",
		"    rate = \"9/min\"; # f:33\n    burst = 9; # default\n",
		"      priority = 2.0; # f:34\n",
		"    algorithm = \"concurrency\"; # f:35\n    limit = 3; # "
		"f:34\n",
		"    rate = \"9/month\"; # f:36\n    multiplier = {\n",
		"    adaptive = true; # f:36\n",
	};
	struct conf_try t;
	char *text;

	conf_try_text(&t, everything);
	text = shown(&t.c);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		ck_assert_msg(strstr(text, lines[i]) != NULL, "%s", lines[i]);
	ck_assert_ptr_null(strstr(text, "admin"));
	ck_assert_ptr_null(strstr(text, "include"));
	free(text);
	conf_try_fini(&t);
}
END_TEST

/* Secrets are not shown, nor what an authenticator of the type has not. */
START_TEST(access)
{
	static const char *const lines[] = {
		"        secret = \"(set)\"; # f:3\n",
		"    client_secret = \"(set)\"; # f:4\n",
		"      secret = \"(set)\"; # f:2\n",
		"    ttl = \"1m\"; # default\n",
		"    permissions = [ \"a:b\" ]; # f:5\n",
		"          at_least = \"3\"; # f:6\n",
	};
	struct conf_try t;
	char *text;

	conf_try_text(&t,
	    LISTENER
	    "services = { be = { endpoints = ( { address = \"127.0.0.1:81\"; } "
	    "); token = { algorithm = \"HS256\"; secret = "
	    "\"hash-hash-hash-hash-hash-hash-has\"; }; }; };\n"
	    "authenticators = { a = { type = \"jwt\"; algorithms = \"HS256\"; "
	    "keys = ( { secret = \"hush-hush-hush-hush-hush-hush-hus\"; } ); "
	    "};\n"
	    "b = { type = \"introspection\"; service = \"be\"; path = \"/\"; "
	    "client_id = \"c\"; client_secret = \"hush\"; }; };\n"
	    "roles = { r = [ \"a:b\" ]; };\n"
	    "routes = ( { path = \"/\"; service = \"be\"; authenticate = "
	    "\"a\"; "
	    "authorize = { claims = ( { claim = \"c\"; at_least = 3; } ); }; "
	    "} );\n");
	ck_assert_str_eq(t.complaints, "");
	text = shown(&t.c);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		ck_assert_msg(strstr(text, lines[i]) != NULL, "%s", lines[i]);
	ck_assert_ptr_null(strstr(text, "hush"));
	ck_assert_ptr_null(strstr(text, "htpasswd"));
	ck_assert_ptr_null(strstr(text, "holders"));
	ck_assert_ptr_null(strstr(text, "forward_headers"));
	ck_assert_ptr_null(strstr(text, "jwks = {"));
	free(text);
	conf_try_fini(&t);
}
END_TEST

/* Checks that each row of a block is in both lists. */
static void
block_listed(const struct conf_block *b, const char *prefix, const char *plain,
    const char *mdoc)
{
	char line[160];

	for (size_t i = 0; i < b->count; i++) {
		const struct conf_row *row = &b->rows[i];

		(void)snprintf(
		    line, sizeof(line), "\n%s%s ", prefix, row->path);
		ck_assert_msg(strstr(plain, line) != NULL, "%s", line);
		(void)snprintf(
		    line, sizeof(line), "\n.It Ic %s%s\n", prefix, row->path);
		ck_assert_msg(strstr(mdoc, line) != NULL, "%s", line);
		if (row->block == NULL)
			continue;
		(void)snprintf(
		    line, sizeof(line), "%s%s.*.", prefix, row->path);
		block_listed(row->block, line, plain, mdoc);
	}
}

START_TEST(options)
{
	char *plain = written(conf_options_text);
	char *mdoc = written(conf_options_mdoc);

	block_listed(&conf_block_top, "", plain, mdoc);
	ck_assert_ptr_nonnull(strstr(plain, "\nservices.*.pool.max_idle"));
	ck_assert_ptr_nonnull(strstr(plain, "least_connections"));
	ck_assert_ptr_nonnull(strstr(plain, "2.0          reload  1.0 to "));
	for (const char *p = mdoc; (p = strchr(p, '\n')) != NULL && p[1];) {
		const char *end = strchr(++p, '\n');

		ck_assert_ptr_nonnull(end);
		ck_assert_int_le(end - p, 80);
		ck_assert(*p != '\'' && *p != ' ' && *p != '\n');
		ck_assert(*p != '.' || strncmp(p, ".It Ic ", 7) == 0 ||
		    strcmp(p, ".El\n") == 0);
	}
	free(plain);
	free(mdoc);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("all");

	tcase_add_test(tc, round_trip);
	tcase_add_test(tc, origins);
	tcase_add_test(tc, access);
	tcase_add_test(tc, options);
	return conf_try_run("conf_show", tc);
}
