/* Tests of upgrade.c: what may be asked for, and what may switch. */
#include <check.h>
#include <stdlib.h>

#include "common/net/tls.h"
#include "tests/unit/route_kit.h"
#include "worker/flow/upgrade.h"

#define FIELDS_MAX 8
#define KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" /* RFC 6455 1.3 */
#define WS(version, key)                                 \
	"Upgrade", "websocket", "Connection", "upgrade", \
	    "Sec-WebSocket-Version", version, "Sec-WebSocket-Key", key

static struct img_head *image;
static struct field fields[3][FIELDS_MAX];
static struct req q;
static enum why refused;

/* Stands in for the answer. */
void
req_fail(struct req *r, enum why why)
{
	ck_assert_ptr_eq(r, &q);
	refused = why;
}

void
req_fail_with(
    struct req *r, enum why why, const char *detail, const struct field *extra)
{
	ck_assert_ptr_nonnull(detail);
	ck_assert_ptr_null(extra);
	req_fail(r, why);
}

static void
fill(struct head *h, struct field *f, const char *const *texts)
{
	h->version = HTTP_1_1;
	h->fields = f;
	h->count = 0;
	for (size_t i = 0; texts[i] != NULL; i += 2) {
		enum field_id id = http_field_find(slice_str(texts[i]));

		ck_assert_uint_lt(h->count, FIELDS_MAX);
		head_add(h, id, slice_str(texts[i + 1]));
	}
}

static void
ask(const char *const *texts)
{
	refused = WHY_OK;
	q.head = (struct head){ .method = METHOD_GET };
	q.up.upgrade = SLICE_NONE;
	fill(&q.head, fields[0], texts);
}

/* What is asked for then; NULL: refused. */
static const char *
asked(void)
{
	static char text[64];

	if (upgrade_request(&q) == DONE) {
		ck_assert_int_eq(refused, WHY_BAD_HANDSHAKE);
		return NULL;
	}
	snprintf(text, sizeof(text), "%.*s", SLICE_FMT(q.up.upgrade));
	return text;
}

START_TEST(protocols)
{
	static const struct {
		const char *fields[FIELDS_MAX * 2];
		const char *want;
	} cases[] = {
		{ { "Upgrade", "thing", "Connection", "upgrade" }, "thing" },
		{ { "Upgrade", "THING", "Connection", "x, UPGRADE" }, "THING" },
		{ { "Upgrade", "thing/1.2", "Connection", "upgrade" },
		    "thing/1.2" },
		{ { "Upgrade", "h2c, x/1 ,thing , websocket", "Connection",
		      "upgrade" },
		    "thing" },
		{ { "Upgrade", "a", "Upgrade", "thing", "Connection",
		      "upgrade" },
		    "thing" },
		{ { "Upgrade", "h2c", "Connection", "upgrade" }, "" },
		{ { "Upgrade", "things", "Connection", "upgrade" }, "" },
		{ { "Upgrade", "thing/", "Connection", "upgrade" }, "" },
		{ { "Upgrade", "thing/1/2", "Connection", "upgrade" }, "" },
		{ { "Upgrade", "thing/1 2", "Connection", "upgrade" }, "" },
		{ { "Upgrade", "websocket/13", "Connection", "upgrade" }, "" },
		{ { "Upgrade", "", "Connection", "upgrade" }, "" },
		{ { "Upgrade", "thing", "Connection", "close" }, "" },
		{ { "Upgrade", "thing" }, "" },
		{ { "Connection", "upgrade" }, "" },
	};

	ask(cases[_i].fields);
	ck_assert_str_eq(asked(), cases[_i].want);
}
END_TEST

START_TEST(who_may_not)
{
	static const char *const texts[] = { WS("13", KEY), NULL };

	ask(texts);
	q.head.version = HTTP_1_0;
	ck_assert_str_eq(asked(), "");
	ask(texts);
	q.head.method = METHOD_POST;
	ck_assert_str_eq(asked(), "");
	ask(texts);
	q.head.body = BODY_LENGTH;
	ck_assert_str_eq(asked(), "");
}
END_TEST

START_TEST(handshakes)
{
	static const struct {
		const char *fields[FIELDS_MAX * 2];
		bool good;
	} cases[] = {
		{ { WS("13", KEY) }, true },
		{ { WS("13", "AQIDBAUGBwgJCgsMDQ4PEC==") }, true },
		{ { WS("13", "++++++++++//////////00==") }, true },
		{ { WS("8", "") }, true },
		{ { WS("13, 8", "") }, true },
		{ { WS("13", "") }, false },
		{ { WS("13", "dGhlIHNhbXBsZSBub25jZQ=") }, false },
		{ { WS("13", "dGhlIHNhbXBsZSBub25jZQ===") }, false },
		{ { WS("13", "dGhlIHNhbXBsZSBub25jZQA=") }, false },
		{ { WS("13", "dGhlIHNhbXBsZSBub25jZQAA") }, false },
		{ { WS("13", "dGhlIHNhbXBsZSBub25=ZQ==") }, false },
		{ { WS("13", "dGhlIHNhbXBsZSBub2-jZQ==") }, false },
		{ { WS("13", KEY), "Sec-WebSocket-Version", "13" }, false },
		{ { WS("13", KEY), "Sec-WebSocket-Key", KEY }, false },
		{ { "Upgrade", "websocket", "Connection", "upgrade",
		      "Sec-WebSocket-Key", KEY },
		    false },
		{ { "Upgrade", "websocket", "Connection", "upgrade",
		      "Sec-WebSocket-Version", "13" },
		    false },
	};

	ask(cases[_i].fields);
	if (cases[_i].good)
		ck_assert_str_eq(asked(), "websocket");
	else
		ck_assert_ptr_null(asked());
}
END_TEST

#define SWITCH(protocol, accept)                                              \
	"Upgrade", protocol, "Connection", "Upgrade", "Sec-WebSocket-Accept", \
	    accept

START_TEST(switches)
{
	static const char *const websocket[] = { WS("13", KEY), NULL };
	static const char *const older[] = { WS("8", KEY), NULL };
	static const char *const thing[] = { "Upgrade", "thing/1", "Connection",
		"upgrade", NULL };
	static const struct {
		const char *const *asked;
		const char *fields[FIELDS_MAX * 2];
		bool fits;
	} cases[] = {
		{ websocket, { SWITCH("websocket", ACCEPT) }, true },
		{ websocket, { SWITCH("WebSocket", ACCEPT) }, true },
		{ older, { SWITCH("websocket", ACCEPT) }, false },
		{ websocket, { SWITCH("thing", ACCEPT) }, false },
		{ websocket, { SWITCH("websocket, thing", ACCEPT) }, false },
		{ websocket, { SWITCH("websocket", "") }, false },
		{ websocket, { SWITCH("websocket", ACCEPT "=") }, false },
		{ websocket, { SWITCH("websocket", KEY) }, false },
		{ websocket,
		    { SWITCH("websocket", ACCEPT), "Sec-WebSocket-Accept",
			ACCEPT },
		    false },
		{ websocket,
		    { SWITCH("websocket", ACCEPT), "Upgrade", "websocket" },
		    false },
		{ websocket,
		    { "Upgrade", "websocket", "Connection", "upgrade" },
		    false },
		{ thing, { "Upgrade", "thing/1", "Connection", "a, upgrade" },
		    true },
		{ thing, { "Upgrade", "thing", "Connection", "upgrade" },
		    false },
		{ thing, { "Upgrade", "thing/1", "Connection", "close" },
		    false },
		{ thing, { "Upgrade", "thing/1" }, false },
		{ thing, { "Connection", "upgrade" }, false },
	};
	struct head h = { .status = 101 };

	ask(cases[_i].asked);
	ck_assert_ptr_nonnull(asked());
	fill(&h, fields[1], cases[_i].fields);
	ck_assert(upgrade_fits(&q, &h) == cases[_i].fits);
	h.version = HTTP_1_0;
	ck_assert(!upgrade_fits(&q, &h));
}
END_TEST

/* ---- HTTP/2 on either side (RFC 8441) ---- */

static char room[4096];

/* An extended CONNECT, with these fields; q->up as the filters before made it.
 */
static void
ask_h2(const char *protocol, const char *const *texts)
{
	ask(texts);
	q.head.version = HTTP_2;
	q.head.upgrade = slice_str(protocol);
	q.up = q.head;
	q.up.fields = fields[2];
	memcpy(fields[2], fields[0], sizeof(fields[0]));
	arena_init(&q.arena, room, sizeof(room), 0);
}

START_TEST(connect_listed)
{
	static const char *const none[] = { NULL };

	ask_h2("thing", none);
	ck_assert(!upgrade_refuses(&q));
	ck_assert_str_eq(asked(), "thing");
	ask_h2("WEBSOCKET", none);
	ck_assert(!upgrade_refuses(&q));
	ask_h2("h2c", none);
	ck_assert(upgrade_refuses(&q));
	ck_assert_int_eq(refused, WHY_NOT_IMPLEMENTED);
	/* One that asks for nothing is none. */
	ask_h2("", none);
	ck_assert(!upgrade_refuses(&q));
	ck_assert_str_eq(asked(), "");
}
END_TEST

START_TEST(connect_makes_key)
{
	static const char *const texts[] = { "Sec-WebSocket-Version", "13",
		"Sec-WebSocket-Key", KEY, "Accept", "x", NULL };
	const struct field *key;
	struct slice first;

	ask_h2("websocket", texts);
	ck_assert_str_eq(asked(), "websocket");
	ck_assert_uint_eq(q.up.count, 3);
	key = head_get(&q.up, FIELD_SEC_WEBSOCKET_KEY);
	ck_assert_uint_eq(key->value.n, sizeof(KEY) - 1);
	ck_assert(!slice_eq(key->value, slice_str(KEY)));
	first = key->value;
	ask(texts + 2);
	q.head.version = HTTP_2;
	q.head.upgrade = SLICE_LIT("websocket");
	ck_assert_ptr_null(asked());
	arena_init(&q.arena, room + 1024, sizeof(room) - 1024, 0);
	ask(texts);
	q.head.version = HTTP_2;
	q.head.upgrade = SLICE_LIT("websocket");
	ck_assert_str_eq(asked(), "websocket");
	key = head_get(&q.up, FIELD_SEC_WEBSOCKET_KEY);
	ck_assert(!slice_eq(key->value, first));
}
END_TEST

/* The answer of an endpoint, as the client is to get it. */
static const char *
accept_of(struct head *h)
{
	static char text[64];
	const struct field *f;

	upgrade_answer(&q, h, FIELDS_MAX);
	ck_assert(slice_eq(h->upgrade, SLICE_LIT("websocket")));
	f = head_find(h, FIELD_SEC_WEBSOCKET_ACCEPT);
	if (f == NULL)
		return NULL;
	snprintf(text, sizeof(text), "%.*s", SLICE_FMT(f->value));
	return text;
}

/* A client of HTTP/2, an endpoint of HTTP/1: the key that was made counts. */
START_TEST(connect_to_h1)
{
	static const char *const texts[] = { "Sec-WebSocket-Version", "13",
		"Sec-WebSocket-Key", KEY, NULL };
	static const char *const answer[] = { SWITCH("websocket", ACCEPT),
		NULL };
	struct head h = { .status = 101 };
	struct field *key;

	ask_h2("websocket", texts);
	ck_assert_str_eq(asked(), "websocket");
	fill(&h, fields[1], answer);
	ck_assert(!upgrade_fits(&q, &h));
	key =
	    (struct field *)(uintptr_t)head_get(&q.up, FIELD_SEC_WEBSOCKET_KEY);
	key->value = slice_str(KEY);
	ck_assert(upgrade_fits(&q, &h));
	ck_assert_ptr_null(accept_of(&h));
}
END_TEST

/* The other way: the gateway itself answers the client's key. */
START_TEST(h1_to_h2)
{
	static const char *const websocket[] = { WS("13", KEY), NULL };
	static const char *const older[] = { WS("8", KEY), NULL };
	static const char *const answer[] = { "Sec-WebSocket-Accept", "x",
		"Server", "y", NULL };
	struct head h = { .status = 101 };

	ask(websocket);
	ck_assert_ptr_nonnull(asked());
	arena_init(&q.arena, room, sizeof(room), 0);
	fill(&h, fields[1], answer);
	h.version = HTTP_2;
	ck_assert(upgrade_fits(&q, &h));
	ck_assert_str_eq(accept_of(&h), ACCEPT);
	ck_assert_uint_eq(h.count, 2);
	ask(older);
	ck_assert_ptr_nonnull(asked());
	ck_assert(!upgrade_fits(&q, &h));
}
END_TEST

/* Between equals nothing is changed, but what HTTP/2 has not. */
START_TEST(same_on_both_sides)
{
	static const char *const websocket[] = { WS("13", KEY), NULL };
	static const char *const version[] = { "Sec-WebSocket-Version", "13",
		NULL };
	static const char *const answer[] = { SWITCH("websocket", ACCEPT),
		NULL };
	struct head h = { .status = 101 };

	ask(websocket);
	ck_assert_ptr_nonnull(asked());
	fill(&h, fields[1], answer);
	ck_assert_str_eq(accept_of(&h), ACCEPT);
	ck_assert_uint_eq(h.count, 3);
	ask_h2("websocket", version);
	ck_assert_ptr_nonnull(asked());
	h.version = HTTP_2;
	ck_assert(upgrade_fits(&q, &h));
	ck_assert_ptr_null(accept_of(&h));
}
END_TEST

static void
setup(void)
{
	struct kit_route route = { .path = "/",
		.upgrades = { "Thing", "websocket" } };

	image = kit_image(&route, 1);
	q = (struct req){ .image = image };
	q.match.route = img_at(image, image->routes.off);
}

static void
teardown(void)
{
	free(image);
}

int
main(void)
{
	Suite *suite = suite_create("upgrade");
	TCase *tc = tcase_create("upgrade");
	SRunner *runner;
	int failed;

	tls_init();
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, protocols, 0, 15);
	tcase_add_test(tc, who_may_not);
	tcase_add_loop_test(tc, handshakes, 0, 16);
	tcase_add_loop_test(tc, switches, 0, 16);
	tcase_add_test(tc, connect_listed);
	tcase_add_test(tc, connect_makes_key);
	tcase_add_test(tc, connect_to_h1);
	tcase_add_test(tc, h1_to_h2);
	tcase_add_test(tc, same_on_both_sides);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
