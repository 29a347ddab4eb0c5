/*
 * Tests of audited.c and audited_config.c: what the master tells of others:
 * deaths, keys that expire, configurations.
 */
#include "master/audited.h"

#include <signal.h>

#include "common/base/clock.h"
#include "master/keyring.h"
#include "shm/recorder.h"
#include "shm/slots.h"
#include "tests/unit/shm/fixture.h"

static _Alignas(8) char out[RECORD_MAX];
static struct recorder_cursor cursor;
static struct region region;

struct image {
	struct img_head head;
	struct img_route routes[4];
	struct img_route_more more[4];
	struct img_service services[2];
	struct img_auth auth;
	char text[16];
};

#define OFF(member) (uint32_t) offsetof(struct image, member)
#define NAME(i) ((struct img_str){ OFF(text) + (i), 1 }) /* "a", "b", ... */

static void
image_init(struct image *im)
{
	memset(im, 0, sizeof(*im));
	memcpy(im->text, "abcdefgh", 8);
	im->head.digest[0] = 0xab;
	im->head.routes.off = OFF(routes);
	im->head.routes_more.off = OFF(more);
	im->head.services.off = OFF(services);
	im->head.access.authenticators = (struct img_span){ OFF(auth), 1 };
	im->auth.type = IMG_AUTH_API_KEY;
	im->auth.name = NAME(7);
	im->head.telemetry.audit =
	    (struct img_audit){ .on = 1, .events = AUDIT_DEFAULT };
}

static void
route_add(struct image *im, uint32_t name, uint64_t digest)
{
	uint32_t i = im->head.routes.count++;

	im->routes[i].name = NAME(name);
	im->more[i].digest = digest;
}

static void
setup(void)
{
	fixture_region(&region, 2);
	audit_begin(&region, WORKERS_MAX);
	region.audit_events = AUDIT_DEFAULT;
	cursor = (struct recorder_cursor){ 0 };
	(void)clock_update();
}

static void
teardown(void)
{
	registry_map_drop(&region);
	region_fini(&region);
}

static const struct record_audit *
next(void)
{
	uint32_t n =
	    recorder_next(&region, RECORDER_AUDIT, WORKERS_MAX, &cursor, out);

	return n != 0 ? audit_view(out, n) : NULL;
}

/* The next event is this. */
static void
expect(enum audit_event e, const char *object, const char *detail)
{
	const struct record_audit *a = next();
	struct slice s;

	ck_assert_ptr_nonnull(a);
	ck_assert_uint_eq(a->event, e);
	s = audit_text(a, AUDIT_OBJECT);
	ck_assert_msg(slice_eq(s, slice_str(object)), "%.*s", SLICE_FMT(s));
	s = audit_text(a, AUDIT_DETAIL);
	ck_assert_msg(slice_eq(s, slice_str(detail)), "%.*s", SLICE_FMT(s));
}

#define NEITHER "neither a service nor a route"
#define DIGEST "ab000000000000000000000000000000"

START_TEST(changes_are_named)
{
	struct image old, now;

	image_init(&old);
	image_init(&now);
	route_add(&old, 0, 1);
	route_add(&old, 1, 1);
	route_add(&old, 2, 1);
	route_add(&now, 2, 1);
	route_add(&now, 3, 1);
	route_add(&now, 0, 2);
	now.head.services.count = 1;
	now.services[0].name = NAME(4);
	audited_config(&region, &old.head, &now.head);
	expect(
	    AUDIT_CONFIG, DIGEST, "service +e, route ~a, route -b, route +d");
	audited_config(&region, &now.head, &now.head);
	expect(AUDIT_CONFIG, DIGEST, NEITHER);
	audited_config(&region, NULL, &old.head);
	expect(AUDIT_CONFIG, DIGEST, "route +a, route +b, route +c");
	audited_no_config(&region, SLICE_NONE);
	expect(AUDIT_CONFIG, "", "unchanged");
	audited_no_config(&region, SLICE_LIT("f:1: no"));
	expect(AUDIT_CONFIG, "", "f:1: no");
	ck_assert_ptr_null(next());
}
END_TEST

/* Whoever ends the audit log, or begins it, is in it. */
START_TEST(the_last_word_and_the_first)
{
	struct image on, off;

	image_init(&on);
	image_init(&off);
	off.head.telemetry.audit.on = 0;
	audited_config(&region, &on.head, &off.head);
	expect(AUDIT_CONFIG, DIGEST, NEITHER);
	ck_assert_uint_eq(region.audit_events, 0);
	audited_config(&region, &off.head, &off.head);
	ck_assert_ptr_null(next());
	audited_config(&region, &off.head, &on.head);
	expect(AUDIT_CONFIG, DIGEST, NEITHER);
	ck_assert_ptr_null(next());
}
END_TEST

START_TEST(deaths_are_told_once)
{
	audited_deaths(&region, false);
	ck_assert_ptr_null(next());
	slot_occupy(&region, 1, 100);
	audited_deaths(&region, false);
	ck_assert_ptr_null(next());
	slot_settle(&region, 1, SIGKILL);
	audited_deaths(&region, false);
	expect(AUDIT_PROCESS_DIED, "worker 1", "signal 9 (Killed)");
	slot_occupy(&region, 1, 101);
	audited_deaths(&region, false);
	ck_assert_ptr_null(next());
	/* Nobody looked at the first of them. */
	slot_settle(&region, 1, SIGKILL);
	slot_occupy(&region, 1, 102);
	slot_settle(&region, 1, 3 << 8);
	slot_occupy(&region, SLOT_HELPER, 103);
	slot_settle(&region, SLOT_HELPER, SIGSEGV);
	audited_deaths(&region, false);
	expect(AUDIT_PROCESS_DIED, "worker 1", "exit 3");
	ck_assert_uint_eq(((const struct record_audit *)(void *)out)->count, 2);
	expect(
	    AUDIT_PROCESS_DIED, "helper 0", "signal 11 (Segmentation fault)");
	slot_occupy(&region, SLOT_LOG, 104);
	slot_settle(&region, SLOT_LOG, SIGKILL);
	audited_deaths(&region, false);
	expect(AUDIT_PROCESS_DIED, "penstocklog", "signal 9 (Killed)");
	slot_occupy(&region, 1, 105);
	slot_settle(&region, 1, 0);
	slot_occupy(&region, SLOT_HELPER, 105);
	slot_settle(&region, SLOT_HELPER, SIGKILL);
	audited_deaths(&region, true);
	ck_assert_ptr_null(next());
	slot_occupy(&region, SLOT_LOG, 107);
	slot_settle(&region, SLOT_LOG, SIGKILL);
	audited_deaths(&region, true);
	expect(AUDIT_PROCESS_DIED, "penstocklog", "signal 9 (Killed)");
	slot_occupy(&region, 1, 106);
	slot_settle(&region, 1, SIGKILL);
	audited_deaths(&region, true);
	expect(AUDIT_PROCESS_DIED, "worker 1", "signal 9 (Killed)");
}
END_TEST

START_TEST(keys_expire_once)
{
	int64_t now_s = clock_wall().us / 1000000;
	struct keyring_key key = { .name = SLICE_LIT("ci"),
		.made_s = now_s - 100,
		.expires_s = now_s - 50 };
	struct image im;

	image_init(&im);
	ck_assert_int_eq(
	    keyring_add(&region, SLICE_LIT("h"), &key), KEYRING_OK);
	/* The first look is where it begins. */
	audited_keys(&region, &im.head);
	ck_assert_ptr_null(next());
	atomic_store(&region.state->audits.keys_s, now_s - 60);
	audited_keys(&region, &im.head);
	expect(AUDIT_KEY_EXPIRED, "ci", "");
	audited_keys(&region, &im.head);
	atomic_store(&region.state->audits.keys_s, now_s - 50);
	audited_keys(&region, &im.head);
	ck_assert_ptr_null(next());
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("audited");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, changes_are_named);
	tcase_add_test(tc, the_last_word_and_the_first);
	tcase_add_test(tc, deaths_are_told_once);
	tcase_add_test(tc, keys_expire_once);
	return fixture_run(tc, "audited");
}
