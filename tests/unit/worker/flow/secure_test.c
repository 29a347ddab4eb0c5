/*
 * Tests of secure.c and its rooms: which certificates a name gets, what is kept
 * over reloads, and what is let go.
 */
#include <check.h>
#include <string.h>

#include "common/base/clock.h"
#include "tests/unit/common/net/cert_kit.h"
#include "worker/flow/secure_state.h"

#define IDENTITIES 4
#define TEXT_BYTES 4096

/* An image with one listener and one service, as far as it matters here. */
static struct world {
	struct img_head head;
	struct img_identity identities[IDENTITIES];
	struct img_trust trusts[1];
	struct img_tls tls[1];
	struct img_tls_out outs[1];
	struct img_listener listeners[1];
	struct img_service services[1];
	uint32_t first[1];
	struct img_sni names[8];
	char text[TEXT_BYTES];
	uint32_t text_bytes;
} world;

static struct env env;
static struct secure *secure;
static struct text secrets;
static struct cert ca, leaf;

#define SPAN(field, n) \
	((struct img_span){ (uint32_t)offsetof(struct world, field), (n) })

static struct img_str
say(const char *text)
{
	struct img_str s = { (uint32_t)offsetof(struct world, text) +
		    world.text_bytes,
		(uint32_t)strlen(text) };

	memcpy(world.text + world.text_bytes, text, s.len);
	world.text_bytes += s.len;
	return s;
}

static struct img_secret
hide(void (*put)(struct text *, const struct cert *), const struct cert *c)
{
	struct img_secret s = { (uint32_t)secrets.n, 0 };

	put(&secrets, c);
	s.len = (uint32_t)secrets.n - s.off;
	return s;
}

static void
name(uint32_t i, const char *text, uint32_t identity)
{
	world.names[i] = (struct img_sni){ say(text), identity };
	world.tls[0].names = SPAN(names, i + 1);
}

static void
publish(void)
{
	world.head.generation++;
	env.view = (struct epoch_view){ .image = &world.head,
		.secrets = secrets.p,
		.generation = world.head.generation };
}

static void
set_up(void)
{
	world = (struct world){ 0 };
	text_init(&secrets);
	for (uint8_t i = 0; i < IDENTITIES; i++) {
		memset(world.identities[i].hash, i + 1, 32);
		world.identities[i].chain = hide(cert_put, &leaf);
		world.identities[i].key = hide(cert_put_key, &leaf);
	}
	memset(world.trusts[0].hash, 9, 32);
	world.trusts[0].cas = hide(cert_put, &ca);
	world.tls[0] = (struct img_tls){ .hash = { 7 },
		.min_version = 0x0303,
		.verify = IMG_VERIFY_OPTIONAL,
		.depth = 2 };
	world.tls[0].identities = SPAN(first, 1);
	world.outs[0] = (struct img_tls_out){ .hash = { 8 },
		.verify = 1,
		.identity = IMG_NONE,
		.min_version = 0x0303 };
	ck_assert(
	    addr_parse_ip(SLICE_LIT("192.0.2.1"), &world.listeners[0].addr));
	world.listeners[0].protocols = IMG_PROTOCOL_H1 | IMG_PROTOCOL_H2;
	world.services[0].protocol = IMG_PROTOCOL_H2;
	world.head.identities = SPAN(identities, IDENTITIES);
	world.head.trusts = SPAN(trusts, 1);
	world.head.tls = SPAN(tls, 1);
	world.head.tls_outs = SPAN(outs, 1);
	world.head.listeners = SPAN(listeners, 1);
	world.head.services = SPAN(services, 1);
	secure = secure_new(&env);
	publish();
}

static void
tear_down(void)
{
	secure_free(secure);
	text_fini(&secrets);
}

static struct tls_identity *
identity(uint32_t i)
{
	return secure_get(
	    secure, env.view.image, env.view.secrets, SECURE_IDENTITY, i);
}

/* Which identities a name gets, as digits. */
static const char *
chosen(const char *asked)
{
	static char text[TLS_CHOICES_MAX + 1];
	struct secure_place place = { secure, world.listeners[0].addr };
	struct tls_identity *ids[TLS_CHOICES_MAX];
	size_t n = secure_hooks.choose(&place, slice_str(asked), ids), at = 0;

	for (size_t i = 0; i < n; i++)
		for (uint32_t k = 0; k < IDENTITIES; k++)
			if (ids[i] == identity(k))
				text[at++] = (char)('0' + k);
	text[at] = '\0';
	return text;
}

START_TEST(names)
{
	name(0, "*.a.example", 1);
	name(1, "*.example", 3);
	name(2, "a.example", 2);
	name(3, "a.example", 1);
	name(4, "b", 3);
	ck_assert_str_eq(chosen("a.example"), "21");
	ck_assert_str_eq(chosen("x.a.example"), "1");
	ck_assert_str_eq(chosen("x.example"), "3");
	ck_assert_str_eq(chosen("b"), "3");
	/* A label more, or less, or none that is listed: the first. */
	ck_assert_str_eq(chosen("x.y.a.example"), "0");
	ck_assert_str_eq(chosen("example"), "0");
	ck_assert_str_eq(chosen("a.exampl"), "0");
	ck_assert_str_eq(chosen("a.example.org"), "0");
	ck_assert_str_eq(chosen(""), "0");
	world.tls[0].strict = 1;
	ck_assert_str_eq(chosen("a.example"), "21");
	ck_assert_str_eq(chosen("x.y.a.example"), "");
	ck_assert_str_eq(chosen(""), "");
}
END_TEST

START_TEST(long_name)
{
	char text[300];

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	text[1] = '.';
	ck_assert_str_eq(chosen(text), "0");
}
END_TEST

/* The listener has gone, or lost its TLS. */
START_TEST(no_listener)
{
	world.listeners[0].tls = IMG_NONE;
	ck_assert_str_eq(chosen("a"), "");
	world.listeners[0].tls = 0;
	world.head.listeners.count = 0;
	ck_assert_str_eq(chosen("a"), "");
}
END_TEST

static void
walk(void)
{
	while (secure->walking || secure->generation != env.view.generation)
		secure_turn(secure, 0);
}

static size_t
kept(void)
{
	size_t n = 0;

	for (size_t i = 0; i < SECURE_KINDS; i++)
		n += secure->kept[i].count;
	return n;
}

START_TEST(made_ahead_and_dropped)
{
	struct tls_identity *first;
	struct tls_client *client;

	walk();
	ck_assert_uint_eq(kept(), IDENTITIES + 3);
	first = identity(0);
	client = secure_client(secure, env.view.image, env.view.secrets, 0);
	ck_assert_ptr_nonnull(client);
	/* The same again, and another certificate. */
	memset(world.identities[1].hash, 0xee, 32);
	publish();
	walk();
	ck_assert_ptr_eq(identity(0), first);
	ck_assert_ptr_eq(
	    secure_client(secure, env.view.image, env.view.secrets, 0), client);
	/* That of the image before is still there, for who is late. */
	ck_assert_uint_eq(kept(), IDENTITIES + 4);
	publish();
	walk();
	ck_assert_uint_eq(kept(), IDENTITIES + 3);
}
END_TEST

/* A turn does no more than it may. */
START_TEST(a_little_in_each_turn)
{
	secure_turn(secure, 0);
	ck_assert_uint_eq(kept(), 1);
	secure_turn(secure, 0);
	ck_assert_uint_eq(kept(), 2);
}
END_TEST

/* What is asked for before the walk has come to it is made at once. */
START_TEST(connections)
{
	struct tls *a =
	    secure_accept(secure, &world.tls[0], &world.listeners[0].addr);
	struct tls *b =
	    secure_accept(secure, &world.tls[0], &world.listeners[0].addr);

	ck_assert_ptr_nonnull(a);
	ck_assert_ptr_nonnull(b);
	ck_assert_uint_eq(secure->places.count, 1);
	/* They outlive what they were made of. */
	secure_free(secure);
	secure = secure_new(&env);
	tls_free(a);
	tls_free(b);
}
END_TEST

START_TEST(without_tickets)
{
	struct secure_place place = { secure, world.listeners[0].addr };
	uint8_t ticket[TLS_TICKET_NAME] = { 0 };
	struct tls_ticket_key key;
	bool current;

	ck_assert(!secure_hooks.ticket_key(&place, &key));
	ck_assert(!secure_hooks.ticket_find(&place, ticket, &key, &current));
}
END_TEST

static void
make_certs(void)
{
	tls_init();
	ca = cert_make(&(struct cert_want){ .cn = "ca", .ca = true });
	leaf = cert_make(
	    &(struct cert_want){ .cn = "leaf", .san = "DNS:leaf", .by = &ca });
}

static void
free_certs(void)
{
	cert_free(&leaf);
	cert_free(&ca);
}

int
main(void)
{
	Suite *suite = suite_create("secure");
	TCase *tc = tcase_create("secure");
	SRunner *runner;
	int failed;

	tcase_add_unchecked_fixture(tc, make_certs, free_certs);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, names);
	tcase_add_test(tc, long_name);
	tcase_add_test(tc, no_listener);
	tcase_add_test(tc, made_ahead_and_dropped);
	tcase_add_test(tc, a_little_in_each_turn);
	tcase_add_test(tc, connections);
	tcase_add_test(tc, without_tickets);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
