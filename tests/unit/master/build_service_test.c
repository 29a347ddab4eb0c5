/*
 * What of a service stands in the image, and that a reader from outside
 * notices when it does not hold together.
 */
#include "master/build_service.h"

#include "shm/vital.h"
#include "tests/unit/master/conf_try.h"

static const char everything[] =
    "zone = \"x\";\n"
    "resolver = { servers = [ \"10.0.0.2\", \"[::1]:5353\" ]; min_ttl = "
    "\"3s\"; max_ttl = \"4s\"; timeout = \"5s\"; attempts = 6; };\n" LISTENER
    "services = { db = { endpoints = ( { address = \"10.0.0.1:1\"; } ); };\n"
    "be = { endpoints = ( { address = \"10.0.0.1:2\"; zone = \"x\"; },\n"
    "{ address = \"Users.Example.:3\"; zone = \"y\"; weight = 7; },\n"
    "{ address = \"_a._b.c\"; backup = true; state = \"maint\"; } );\n"
    "slow_start = \"9s\"; panic_threshold = 31; health_score = true;\n"
    "priority = \"emergency\"; depends = [ \"db\" ];\n"
    "pool = { max_connections = 17; };\n"
    "queue = { length = 7; timeout = \"3s\"; };\n"
    "passive = { failures = 4; time = \"6s\"; };\n"
    "health_check = { path = \"/up\"; method = \"HEAD\"; host = \"h\";\n"
    "headers = ( { set = \"A\"; value = \"1\"; } ); port = 99;\n"
    "expect = [ \"204\", \"300-399\" ]; interval = \"8s\"; timeout = \"7s\";\n"
    "healthy = 11; unhealthy = 12; };\n"
    "retry = { budget = 0.5; budget_minimum = 3; deadline = \"4s\";\n"
    "attempts = 5; base_delay = \"1ms\"; max_delay = \"2ms\";\n"
    "factor = 1.5; jitter = false; on = [ \"timeout\", \"429\" ]; }; };\n"
    "re = { endpoints = ( { address = \"10.0.0.1:1\"; } );\n"
    "health_check = { body = \"~o.k\"; }; }; };\n"
    "routes = ( { path = \"/\"; service = \"be\"; },\n"
    "{ path = \"/n\"; service = \"be\"; priority = \"priority\"; } );\n";

static struct conf_try try;

static void
setup(void)
{
	conf_try_text(&try, everything);
	ck_assert_str_eq(try.complaints, "");
}

static void
teardown(void)
{
	conf_try_fini(&try);
}

static struct img_head *
image(void)
{
	return (struct img_head *)(void *)try.c.image;
}

static struct img_service *
service(size_t i)
{
	struct img_head *img = image();

	return (struct img_service *)(void *)((char *)img + img->services.off) +
	    i;
}

static void
ck_text(struct img_str s, const char *text)
{
	ck_assert_uint_eq(s.len, strlen(text));
	ck_assert_mem_eq(img_slice(image(), s).p, text, s.len);
}

START_TEST(head)
{
	const struct img_head *img = image();
	const struct img_resolver *r = &img->resolver;
	const struct addr *servers = img_at(img, r->servers.off);
	const struct img_route *routes = img_at(img, img->routes.off);

	ck_text(img->zone, "x");
	ck_assert_uint_eq(r->servers.count, 2);
	ck_assert_uint_eq(servers[0].port, 53);
	ck_assert_uint_eq(servers[1].port, 5353);
	ck_assert_uint_eq(servers[1].is_v6, 1);
	ck_assert_uint_eq(r->min_ttl_us, 3000000);
	ck_assert_uint_eq(r->max_ttl_us, 4000000);
	ck_assert_uint_eq(r->timeout_us, 5000000);
	ck_assert_uint_eq(r->attempts, 6);
	ck_assert_uint_eq(routes[0].class, IMG_CLASS_EMERGENCY);
	ck_assert_uint_eq(routes[1].class, IMG_CLASS_PRIORITY);
}
END_TEST

START_TEST(plain)
{
	const struct img_service *db = service(0), *be = service(1);
	const uint32_t *depends = img_at(image(), be->depends.off);

	ck_assert_uint_eq(be->slow_start_us, 9000000);
	ck_assert_uint_eq(be->panic_threshold, 31);
	ck_assert_uint_eq(be->health_score, 1);
	ck_assert_uint_eq(be->class, IMG_CLASS_EMERGENCY);
	ck_assert_uint_eq(be->max_connections, 17);
	ck_assert_uint_eq(be->queue.length, 7);
	ck_assert_uint_eq(be->queue.timeout_us, 3000000);
	ck_assert_uint_eq(db->queue.length, 0);
	ck_assert_uint_eq(be->depends.count, 1);
	ck_assert_uint_eq(depends[0], 0);
	ck_assert_uint_eq(be->passive.failures, 4);
	ck_assert_uint_eq(be->passive.time_us, 6000000);
	ck_assert_uint_eq(db->slow_start_us, 0);
	ck_assert_uint_eq(db->panic_threshold, 50);
	ck_assert_uint_eq(db->health_score, 0);
	ck_assert_uint_eq(db->max_connections, 0);
	ck_assert_uint_eq(db->depends.count, 0);
	ck_assert_uint_eq(db->passive.failures, 0);
	ck_assert_uint_eq(db->check.type, IMG_CHECK_NONE);
}
END_TEST

START_TEST(a_queue_that_makes_no_sense)
{
	struct img_head *img = image();
	struct img_service *s = service(1);

	ck_assert(image_check(img, img->bytes));
	s->queue.timeout_us = 0;
	ck_assert(!image_check(img, img->bytes));
	s->queue.timeout_us = 1;
	s->max_connections = 0;
	ck_assert(!image_check(img, img->bytes));
	s->queue.length = 0;
	ck_assert(image_check(img, img->bytes));
}
END_TEST

START_TEST(endpoints)
{
	const struct img_service *be = service(1);
	const struct img_endpoint *e = img_at(image(), be->endpoints.off);

	ck_assert_uint_eq(be->endpoints.count, 3);
	ck_assert_uint_eq(e[0].kind, IMG_ENDPOINT_ADDR);
	ck_assert_uint_eq(e[0].near, 1);
	ck_assert_uint_eq(e[0].admin, ADMIN_READY);
	ck_assert_uint_eq(e[0].host.len, 0);
	ck_text(e[0].zone, "x");
	ck_assert_uint_eq(e[1].kind, IMG_ENDPOINT_NAME);
	ck_assert_uint_eq(e[1].near, 0);
	ck_assert_uint_eq(e[1].weight, 7);
	ck_assert_uint_eq(e[1].addr.port, 3);
	ck_text(e[1].host, "users.example");
	ck_text(e[1].label, "Users.Example.:3");
	ck_assert_uint_eq(e[2].kind, IMG_ENDPOINT_SRV);
	ck_assert_uint_eq(e[2].near, 0);
	ck_assert_uint_eq(e[2].backup, 1);
	ck_assert_uint_eq(e[2].admin, ADMIN_MAINT);
	ck_assert_uint_eq(e[2].zone.len, 0);
	ck_text(e[2].host, "_a._b.c");
}
END_TEST

START_TEST(health_check)
{
	const struct img_health_check *c = &service(1)->check;
	const struct img_probe_header *h = img_at(image(), c->headers.off);
	const struct img_range *expect = img_at(image(), c->expect.off);

	ck_assert_uint_eq(c->type, IMG_CHECK_HTTP);
	ck_assert_uint_eq(c->head, 1);
	ck_assert_uint_eq(c->port, 99);
	ck_assert_uint_eq(c->healthy, 11);
	ck_assert_uint_eq(c->unhealthy, 12);
	ck_assert_uint_eq(c->interval_us, 8000000);
	ck_assert_uint_eq(c->timeout_us, 7000000);
	ck_text(c->path, "/up");
	ck_text(c->host, "h");
	ck_assert_uint_eq(c->headers.count, 1);
	ck_text(h[0].name, "A");
	ck_text(h[0].value, "1");
	ck_assert_uint_eq(c->expect.count, 2);
	ck_assert_uint_eq(expect[0].to, 204);
	ck_assert_uint_eq(expect[1].from, 300);
	ck_assert_uint_eq(c->body.len, 0);
	ck_assert_uint_eq(c->body_regex, 0);
	ck_text(service(2)->check.body, "o.k");
	ck_assert_uint_eq(service(2)->check.body_regex, 1);
	ck_assert_uint_eq(service(2)->check.head, 0);
}
END_TEST

START_TEST(retry)
{
	const struct img_retry *r = &service(1)->retry;
	const struct img_range *statuses = img_at(image(), r->statuses.off);

	ck_assert_uint_eq(r->attempts[IMG_CLASS_NORMAL], 5);
	ck_assert_uint_eq(r->attempts[IMG_CLASS_EMERGENCY], 5);
	ck_assert_uint_eq(r->budget, 500);
	ck_assert_uint_eq(r->budget_minimum, 3);
	ck_assert_uint_eq(r->deadline_us, 4000000);
	ck_assert_uint_eq(r->on, RETRY_TIMEOUT);
	ck_assert_uint_eq(r->jitter, 0);
	ck_assert_uint_eq(r->factor, 1500);
	ck_assert_uint_eq(r->base_us, 1000);
	ck_assert_uint_eq(r->max_us, 2000);
	ck_assert_uint_eq(r->statuses.count, 1);
	ck_assert_uint_eq(statuses[0].from, 429);
	ck_assert_uint_eq(statuses[0].to, 429);
}
END_TEST

/* A number in the image that leads out of it, or out of its enum. */
START_TEST(damage)
{
	struct img_head *img = image();
	struct img_service *s = service(1);
	struct img_endpoint *e = (void *)((char *)img + s->endpoints.off);
	struct img_route *r = (void *)((char *)img + img->routes.off);
	struct img_probe_header *h =
	    (void *)((char *)img + s->check.headers.off);
	uint32_t *depends = (void *)((char *)img + s->depends.off);
	uint32_t *const words[] = { &img->zone.len, &img->resolver.servers.off,
		&img->resolver.servers.count, &s->class, &s->check.type,
		&s->check.port, &s->check.path.off, &s->check.host.off,
		&s->check.body.len, &s->check.expect.count,
		&s->check.headers.off, &h->name.len, &h->value.off,
		&s->retry.statuses.count, &s->depends.count, &depends[0],
		&e[0].kind, &e[1].admin, &e[2].host.len, &e[2].zone.off,
		&r->timeouts };

	ck_assert(image_check(img, img->bytes));
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		uint32_t old = *words[i];

		*words[i] = 0xfffffff0;
		ck_assert_msg(!image_check(img, img->bytes), "%zu", i);
		*words[i] = old;
	}
	r->class = IMG_CLASS_COUNT;
	ck_assert(!image_check(img, img->bytes));
	r->class = IMG_CLASS_NORMAL;
	ck_assert(image_check(img, img->bytes));
	e[0].weight = 0;
	ck_assert(!image_check(img, img->bytes));
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("all");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, head);
	tcase_add_test(tc, plain);
	tcase_add_test(tc, a_queue_that_makes_no_sense);
	tcase_add_test(tc, endpoints);
	tcase_add_test(tc, health_check);
	tcase_add_test(tc, retry);
	tcase_add_test(tc, damage);
	return conf_try_run("build_service", tc);
}
