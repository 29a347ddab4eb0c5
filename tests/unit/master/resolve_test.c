/*
 * Tests of resolve.c, resolve_names.c, resolve_round.c and resolve_channel.c
 * together, against a server on the same loop; time is our own.
 */
#include "master/resolve.h"

#include "common/base/log.h"
#include "tests/unit/master/conf_try.h"
#include "tests/unit/master/dns_kit.h"
#include "tests/unit/own_clock.h"
#include "tests/unit/shm/fixture.h"

#define SERVICES_SEEN 4

static struct loop loop;
static struct dns_server server;
static struct resolver rs;
static struct conf_try try;
static unsigned changed[SERVICES_SEEN], settled;
static bool room;

static bool
on_changed(struct resolver *r, uint32_t index)
{
	ck_assert_ptr_eq(r, &rs);
	ck_assert_uint_lt(index, SERVICES_SEEN);
	changed[index]++;
	return room;
}

static void
on_settled(struct resolver *r)
{
	(void)r;
	settled++;
}

static const struct resolver_owner owner = { on_changed, on_settled };

static void
setup(void)
{
	ck_assert(log_open("/dev/null", LOG_LVL_CRITICAL, "test"));
	ck_assert(loop_init(&loop));
	dns_open(&server, &loop);
	ck_assert(resolver_init(&rs, &loop, &owner));
	room = true;
}

/* What is under way in the kernel has as long to arrive. */
static void
turn(void)
{
	own_us += 1000;
	ck_assert(loop_turn(&loop, 1000));
}

static void
teardown(void)
{
	resolver_fini(&rs);
	server.way = DNS_SILENT; /* its entries were the test's */
	ck_assert(loop_turn(&loop, 0));
	dns_close(&server, &loop);
	loop_fini(&loop);
	conf_try_fini(&try);
}

/* The image of these services, asking our server. */
static const struct img_head *
image_by(const char *resolver, const char *services)
{
	struct text t = { 0 };

	if (try.c.image != NULL)
		conf_try_fini(&try);
	text_printf(&t,
	    LISTENER "resolver = { servers = [ \"127.0.0.1:%u\" ]; %s };\n"
		     "services = { %s };\n"
		     "routes = ( { path = \"/\"; respond = { }; } );\n",
	    server.port, resolver, services);
	text_add_char(&t, '\0');
	conf_try_text(&try, t.p);
	text_fini(&t);
	ck_assert_msg(try.ok, "%s", try.complaints);
	return (const struct img_head *)(const void *)try.c.image;
}

static const struct img_head *
image(const char *services)
{
	return image_by("min_ttl = \"100ms\"; timeout = \"100ms\"; attempts = "
			"2;",
	    services);
}

#define ONE(name, address) \
	name " = { endpoints = ( { address = \"" address "\"; } ); };"

/* Turns the loop until it holds. */
#define AWAIT(condition)                                \
	do {                                            \
		uint64_t end_us = own_us + 10000000;    \
		while (!(condition) && own_us < end_us) \
			turn();                         \
		ck_assert(condition);                   \
	} while (0)

static struct resolve_name *
found(const char *host)
{
	enum img_endpoint_kind kind =
	    host[0] == '_' ? IMG_ENDPOINT_SRV : IMG_ENDPOINT_NAME;

	return resolver_find(&rs, kind, slice_str(host));
}

static uint32_t
places(const char *host)
{
	const struct resolve_name *n = found(host);
	struct resolve_walk w = { 0 };
	struct resolve_place p;
	uint32_t count = 0;

	while (n != NULL && resolve_name_next(n, &w, &p))
		count++;
	return count;
}

static uint32_t
names(void)
{
	struct resolve_name *n = NULL;
	uint32_t count = 0;

	while ((n = resolver_next(&rs, n)) != NULL)
		count++;
	return count;
}

START_TEST(all_addresses_for_all_its_services)
{
	server.entries = (const struct dns_entry[]){ { "a.b", "10.0.0.1", 0 },
		{ "a.b", "10.0.0.2", 0 }, { "a.b", "::1", 0 }, { 0 } };
	resolver_follow(&rs,
	    image(ONE("x", "a.b:1") ONE("y", "10.0.0.1:1") ONE("z", "A.b:2")));
	AWAIT(changed[0] != 0 && changed[2] != 0);
	ck_assert_uint_eq(changed[1], 0);
	ck_assert_uint_eq(places("a.b"), 3);
	ck_assert_uint_eq(names(), 1);
	/* Asked again and again, and the same each time. */
	AWAIT(server.asked >= 6);
	ck_assert_uint_eq(changed[0], 1);
	server.entries = (const struct dns_entry[]){ { "a.b", "::1", 0 },
		{ "a.b", "10.0.0.2", 0 }, { "a.b", "10.0.0.1", 0 }, { 0 } };
	AWAIT(server.asked >= 12);
	ck_assert_uint_eq(changed[0], 1);
	server.entries =
	    (const struct dns_entry[]){ { "a.b", "10.0.0.3", 0 }, { 0 } };
	AWAIT(changed[0] == 2 && changed[2] == 2);
	ck_assert_uint_eq(places("a.b"), 1);
}
END_TEST

START_TEST(no_failure_takes_anything)
{
	static const enum dns_way ways[] = { DNS_SILENT, DNS_SERVFAIL,
		DNS_NXDOMAIN };

	server.entries =
	    (const struct dns_entry[]){ { "a.b", "10.0.0.1", 0 }, { 0 } };
	resolver_follow(&rs, image(ONE("x", "a.b:1")));
	AWAIT(changed[0] != 0);
	for (unsigned i = 0; i < 3; i++) {
		server.way = ways[i];
		AWAIT(found("a.b")->fails >= 2);
		ck_assert_uint_eq(places("a.b"), 1);
		ck_assert_str_eq(resolve_name_state(found("a.b")), "failing");
		server.way = DNS_ANSWERS;
		AWAIT(found("a.b")->fails == 0);
	}
	ck_assert_uint_eq(changed[0], 1);
	ck_assert_uint_ge(rs.failed, 6);
	ck_assert_uint_ge(rs.ok, 4);
}
END_TEST

START_TEST(records_and_their_targets)
{
	server.entries =
	    (const struct dns_entry[]){ { "_x._tcp.b", "1 5 80 a.b", 3600 },
		    { "_x._tcp.b", "1 0 80 c.b", 3600 },
		    { "a.b", "10.0.0.1", 0 }, { "c.b", "10.0.0.2", 0 }, { 0 } };
	resolver_follow(&rs, image(ONE("x", "_x._tcp.b") ONE("y", "c.b:1")));
	AWAIT(places("_x._tcp.b") == 2 && changed[0] != 0 && changed[1] != 0);
	ck_assert_uint_eq(names(), 3);
	ck_assert_uint_eq(found("c.b")->held, 1);
	/* A target changes by its own TTL. */
	changed[0] = 0;
	server.entries = (const struct dns_entry[]){ { "a.b", "10.0.0.1", 0 },
		{ "a.b", "10.0.0.3", 0 }, { "c.b", "10.0.0.2", 0 }, { 0 } };
	AWAIT(changed[0] != 0 && places("_x._tcp.b") == 3);
	/* Without the SRV name its target goes, but for what y names. */
	resolver_follow(&rs, image(ONE("y", "c.b:1")));
	ck_assert_uint_eq(names(), 1);
	ck_assert_ptr_nonnull(found("c.b"));
	ck_assert_ptr_null(found("a.b"));
}
END_TEST

START_TEST(records_that_leave_let_their_targets_go)
{
	server.entries =
	    (const struct dns_entry[]){ { "_x._tcp.b", "1 5 80 a.b", 0 },
		    { "_x._tcp.b", "1 5 81 a.b", 0 }, { "a.b", "10.0.0.1", 0 },
		    { 0 } };
	resolver_follow(&rs, image(ONE("x", "_x._tcp.b")));
	AWAIT(places("_x._tcp.b") == 2);
	ck_assert_uint_eq(found("a.b")->held, 2);
	server.entries =
	    (const struct dns_entry[]){ { "_x._tcp.b", "1 5 80 c.b", 0 },
		    { "c.b", "10.0.0.1", 0 }, { 0 } };
	AWAIT(found("a.b") == NULL && places("_x._tcp.b") == 1);
	server.entries =
	    (const struct dns_entry[]){ { "_x._tcp.b", "0 0 0 .", 0 }, { 0 } };
	AWAIT(places("_x._tcp.b") == 0);
	ck_assert_uint_eq(names(), 1);
	ck_assert_uint_eq(found("_x._tcp.b")->fails, 0);
}
END_TEST

START_TEST(what_is_awaited_settles_once)
{
	const struct img_head *img;

	server.entries =
	    (const struct dns_entry[]){ { "_x._tcp.b", "1 5 80 a.b", 3600 },
		    { 0 } };
	img = image(ONE("x", "_x._tcp.b") ONE("y", "d.b:1"));
	resolver_prepare(&rs, img);
	ck_assert(resolver_settled(&rs));
	resolver_await(&rs, found("_x._tcp.b"));
	ck_assert(!resolver_settled(&rs));
	AWAIT(settled != 0);
	/* Its target does not exist: that is an answer. d.b is not awaited. */
	ck_assert_uint_ne(found("a.b")->rounds, 0);
	ck_assert(found("a.b")->denied);
	resolver_follow(&rs, img);
	for (int i = 0; i < 200; i++)
		turn();
	ck_assert_uint_eq(settled, 1);
}
END_TEST

START_TEST(nobody_is_told_before_it_is_followed)
{
	const struct img_head *img;

	server.entries =
	    (const struct dns_entry[]){ { "a.b", "10.0.0.1", 0 }, { 0 } };
	img = image(ONE("x", "a.b:1"));
	resolver_prepare(&rs, img);
	AWAIT(places("a.b") == 1);
	ck_assert_uint_eq(changed[0], 0);
	/* Given up: forgotten. */
	resolver_follow(&rs, NULL);
	ck_assert_uint_eq(names(), 0);
	ck_assert_ptr_null(rs.channel.ares);
}
END_TEST

START_TEST(what_could_not_be_published_is_told_again)
{
	server.entries =
	    (const struct dns_entry[]){ { "a.b", "10.0.0.1", 3600 }, { 0 } };
	room = false;
	resolver_follow(&rs, image(ONE("x", "a.b:1")));
	AWAIT(changed[0] == 2);
	room = true;
	AWAIT(changed[0] == 3);
	for (int i = 0; i < 200; i++)
		turn();
	ck_assert_uint_eq(changed[0], 3);
}
END_TEST

START_TEST(other_servers_are_asked_at_once)
{
	struct dns_server other;

	server.entries =
	    (const struct dns_entry[]){ { "a.b", "10.0.0.1", 3600 }, { 0 } };
	resolver_follow(&rs, image(ONE("x", "a.b:1")));
	AWAIT(changed[0] == 1);
	/* The same once more asks nobody. */
	resolver_follow(&rs, image(ONE("x", "a.b:1")));
	for (int i = 0; i < 10; i++)
		turn();
	ck_assert_uint_eq(server.asked, 2);

	other = server;
	dns_open(&server, &loop);
	server.entries =
	    (const struct dns_entry[]){ { "a.b", "10.0.0.2", 3600 }, { 0 } };
	resolver_follow(&rs, image(ONE("x", "a.b:1")));
	ck_assert_uint_eq(places("a.b"), 1);
	AWAIT(changed[0] == 2);
	ck_assert_uint_eq(other.asked, 2);
	loop_remove(&loop, &other.watch);
	(void)close(other.watch.fd);
}
END_TEST

START_TEST(dropped_while_it_is_asked)
{
	server.way = DNS_SILENT;
	resolver_follow(&rs, image(ONE("x", "a.b:1") ONE("y", "c.b:1")));
	AWAIT(server.asked >= 4);
	resolver_follow(&rs, image(ONE("x", "d.b:1")));
	ck_assert_uint_eq(names(), 1);
	ck_assert_uint_ge(rs.running, 2);
	AWAIT(rs.running <= 1);
	AWAIT(found("d.b")->fails != 0);
}
END_TEST

START_TEST(more_names_than_may_be_asked_at_once)
{
	struct text all = { 0 };

	server.entries = (const struct dns_entry[]){ { "n0.b", "10.0.0.1", 9 },
		{ "n1499.b", "10.0.0.2", 9 }, { 0 } };
	text_printf(&all, "x = { endpoints = (");
	for (int i = 0; i < 1500; i++)
		text_printf(
		    &all, "%s{ address = \"n%d.b:1\"; }", i == 0 ? "" : ",", i);
	text_printf(&all, "); };");
	text_add_char(&all, '\0');
	resolver_follow(
	    &rs, image_by("min_ttl = \"60s\"; timeout = \"2s\";", all.p));
	text_fini(&all);
	AWAIT(rs.ok + rs.failed == 1500);
	ck_assert_uint_eq(places("n0.b"), 1);
	ck_assert_uint_eq(places("n1499.b"), 1);
	ck_assert_uint_eq(rs.ok, 2);
}
END_TEST

START_TEST(the_hosts_file_is_asked_first)
{
	resolver_follow(&rs, image(ONE("x", "localhost:1")));
	AWAIT(changed[0] != 0);
	ck_assert_uint_ne(places("localhost"), 0);
	ck_assert_uint_eq(server.asked, 0);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("resolve");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, all_addresses_for_all_its_services);
	tcase_add_test(tc, no_failure_takes_anything);
	tcase_add_test(tc, records_and_their_targets);
	tcase_add_test(tc, records_that_leave_let_their_targets_go);
	tcase_add_test(tc, what_is_awaited_settles_once);
	tcase_add_test(tc, nobody_is_told_before_it_is_followed);
	tcase_add_test(tc, what_could_not_be_published_is_told_again);
	tcase_add_test(tc, other_servers_are_asked_at_once);
	tcase_add_test(tc, dropped_while_it_is_asked);
	tcase_add_test(tc, more_names_than_may_be_asked_at_once);
	tcase_add_test(tc, the_hosts_file_is_asked_first);
	return fixture_run(tc, "resolve");
}
