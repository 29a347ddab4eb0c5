/*
 * Routes whose requests are split: what is wrong with them, and what the image
 * says of the services.
 */
#include "common/http/http.h"
#include "tests/unit/master/conf_try.h"

#define AT(n) "endpoints = ( { address = \"127.0.0.1:" n "\"; } );"
#define SERVICES                                                          \
	LISTENER "services = { v1 = { " AT(                               \
	    "81") " timeouts = { response = "                             \
		  "\"5s\"; }; priority = \"priority\"; }; v2 = { " AT(    \
		      "82") " timeouts = { response = \"7s\"; connect = " \
			    "\"3s\"; }; }; v3 = { " AT("83") " }; };\n"
#define SPLIT(keys) SERVICES "routes = ( { path = \"/\"; " keys " } );\n"
#define ARM(name, weight) "{ service = \"" name "\"; weight = " weight "; }"
#define TWO "split = ( " ARM("v1", "90") ", " ARM("v2", "10") " ); "

static const struct conf_case bad[] = {
	{ SPLIT("split = ( );"), "f:3: split: it has no service\n" },
	{ SPLIT("split = (\n{ weight = 1; } );"),
	    "f:4: split: each entry needs a service\n" },
	{ SPLIT("split = ( " ARM("v1", "0") ", " ARM("v2", "0") " );"),
	    "f:3: split: no service has a weight above 0\n" },
	{ SPLIT("split = ( " ARM("v1", "1") ",\n" ARM("v1", "2") " );"),
	    "f:4: split: service \"v1\" is there twice\n" },
	{ SPLIT("split = ( " ARM("v1", "1") ",\n" ARM("v33", "2") " );"),
	    "f:4: service: there is no service \"v33\"; did you mean "
	    "\"v3\"?\n" },
	{ SPLIT("split = ( " ARM("v1", "100001") " );"),
	    "f:3: weight: 100001 is out of range (0 to 100000)\n" },
	{ SPLIT("service = \"v1\";\n" TWO),
	    "f:4: a route has a service or a split, not both\n" },
	{ SPLIT(TWO "\nrespond = { };"),
	    "f:4: a route has a split or respond, not both\n" },
	{ SPLIT("service = \"v1\";\nsplit_key = \"address\";"),
	    "f:4: split_key: it has no effect without split\n" },
	{ SPLIT(TWO "\nsplit_key = \"path\";"),
	    "f:4: split_key: \"path\" is no key; it must be \"address\", "
	    "\"header:NAME\", \"cookie:NAME\" or \"user\"\n" },
	{ SPLIT(TWO "split_key = \"header\";"),
	    "f:3: split_key: \"header\" needs a name, as in "
	    "\"header:X-Tenant\"\n" },
	{ SPLIT(TWO "split_key = \"user:x\";"),
	    "f:3: split_key: \"user:x\" has a name, and needs none\n" },
	{ SPLIT(TWO "grpc_web = true;"),
	    "f:3: grpc_web: it needs protocol = \"h2\" in service \"v1\"\n"
	    "f:3: grpc_web: it needs protocol = \"h2\" in service \"v2\"\n" },
};

START_TEST(each_bad)
{
	conf_try_expect(bad[_i].text, bad[_i].complaints);
}
END_TEST

static const struct img_split *
split_of(const struct img_head *img, const struct img_route *r)
{
	ck_assert_uint_ne(r->split, 0);
	return img_at(img, r->split);
}

static const struct img_route *
route_of(const struct conf_try *t, const struct img_head **img)
{
	ck_assert_str_eq(t->complaints, "");
	*img = (const struct img_head *)(const void *)t->c.image;
	ck_assert(image_check(*img, t->c.image_bytes));
	return img_at(*img, (*img)->routes.off);
}

START_TEST(record)
{
	const struct img_head *img;
	const struct img_route *r;
	const struct img_split *split;
	const struct img_arm *arms;
	struct conf_try t;

	conf_try_text(&t,
	    SPLIT(TWO "split_key = \"header:X-User\"; timeouts = { connect = "
		      "\"1s\"; };"));
	r = route_of(&t, &img);
	split = split_of(img, r);
	arms = img_at(img, split->arms.off);
	ck_assert_uint_eq(split->arms.count, 2);
	ck_assert_uint_eq(r->service, 0);
	ck_assert_uint_eq(arms[0].service, 0);
	ck_assert_uint_eq(arms[1].service, 1);
	ck_assert_uint_eq(arms[0].weight, 90);
	ck_assert_uint_eq(arms[1].weight, 10);
	ck_assert_uint_ne(arms[0].hash, arms[1].hash);
	/* The route's, else each service's own. */
	ck_assert_uint_eq(arms[0].timeouts.response, 5000000);
	ck_assert_uint_eq(arms[1].timeouts.response, 7000000);
	ck_assert_uint_eq(arms[1].timeouts.connect, 1000000);
	ck_assert_uint_eq(arms[1].timeouts.send, 30000000);
	ck_assert_mem_eq(img_route_timeouts(img, r), &arms[0].timeouts,
	    sizeof(arms[0].timeouts));
	ck_assert_uint_eq(r->class, IMG_CLASS_PRIORITY);
	ck_assert_uint_eq(split->key, IMG_HASH_HEADER);
	ck_assert_uint_eq(split->field, FIELD_OTHER);
	ck_assert(slice_eq(img_slice(img, split->name), SLICE_LIT("X-User")));
	ck_assert_uint_ne(r->filters & 1u << IMG_FILTER_SPLIT, 0);
	conf_try_fini(&t);
}
END_TEST

/* Of its name alone: as it is in other places, and other generations. */
START_TEST(same_hash)
{
	const struct img_head *img[2];
	const struct img_arm *arms[2];
	struct conf_try t[2];

	conf_try_text(&t[0], SPLIT(TWO));
	conf_try_text(&t[1],
	    SPLIT("split = ( " ARM("v3", "1") ", " ARM("v2", "1") " );"));
	for (int i = 0; i < 2; i++) {
		const struct img_route *r = route_of(&t[i], &img[i]);
		const struct img_split *split = split_of(img[i], r);

		ck_assert_uint_eq(split->key, IMG_HASH_NONE);
		arms[i] = img_at(img[i], split->arms.off);
	}
	ck_assert_uint_eq(arms[0][1].hash, arms[1][1].hash);
	ck_assert_uint_ne(arms[0][0].hash, arms[1][0].hash);
	conf_try_fini(&t[0]);
	conf_try_fini(&t[1]);
}
END_TEST

START_TEST(without)
{
	const struct img_head *img;
	const struct img_route *r;
	struct conf_try t;

	conf_try_text(&t, SPLIT("service = \"v2\";"));
	r = route_of(&t, &img);
	ck_assert_uint_eq(r->split, 0);
	ck_assert_uint_eq(r->service, 1);
	ck_assert_uint_eq(r->filters & 1u << IMG_FILTER_SPLIT, 0);
	conf_try_fini(&t);
}
END_TEST

/* An image that leads outside of itself is none. */
START_TEST(damaged)
{
	const struct img_head *img;
	const struct img_route *r;
	struct img_split *split;
	struct img_arm *arms;
	struct conf_try t;

	conf_try_text(&t, SPLIT(TWO));
	r = route_of(&t, &img);
	split = (struct img_split *)(uintptr_t)split_of(img, r);
	arms = (struct img_arm *)(uintptr_t)img_at(img, split->arms.off);
	arms[1].service = 3;
	ck_assert(!image_check(img, t.c.image_bytes));
	arms[1].service = 2;
	ck_assert(image_check(img, t.c.image_bytes));
	arms[0].service = 1;
	ck_assert(!image_check(img, t.c.image_bytes));
	arms[0].service = 0;
	split->key = IMG_HASH_NONE + 1;
	ck_assert(!image_check(img, t.c.image_bytes));
	split->key = IMG_HASH_NONE;
	split->arms.count = 1000000;
	ck_assert(!image_check(img, t.c.image_bytes));
	conf_try_fini(&t);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(
	    tc, each_bad, 0, (int)(sizeof(bad) / sizeof(bad[0])));
	tcase_add_test(tc, record);
	tcase_add_test(tc, same_hash);
	tcase_add_test(tc, without);
	tcase_add_test(tc, damaged);
	return conf_try_run("conf_check_split", tc);
}
