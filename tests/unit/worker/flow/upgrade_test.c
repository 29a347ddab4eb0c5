/* Tests of upgrade.c: what may be asked for, and what may switch. */
#include <check.h>
#include <stdlib.h>

#include "tests/unit/route_kit.h"
#include "worker/flow/upgrade.h"

#define FIELDS_MAX 8
#define KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" /* RFC 6455 1.3 */
#define WS(version, key)                                 \
	"Upgrade", "websocket", "Connection", "upgrade", \
	    "Sec-WebSocket-Version", version, "Sec-WebSocket-Key", key

static struct img_head *image;
static struct field fields[2][FIELDS_MAX];
static struct req q;
static enum why refused;

/* Stands in for the answer. */
void
req_fail(struct req *r, enum why why)
{
	ck_assert_ptr_eq(r, &q);
	refused = why;
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

	upgrade_init();
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, protocols, 0, 15);
	tcase_add_test(tc, who_may_not);
	tcase_add_loop_test(tc, handshakes, 0, 16);
	tcase_add_loop_test(tc, switches, 0, 16);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
