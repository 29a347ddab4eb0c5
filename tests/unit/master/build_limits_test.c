/*
 * rate_limits in the image: numbers, tables, which filter a route gets, and
 * nothing that leads out of it.
 */
#include "common/http/http.h"
#include "shm/limiter.h"
#include "shm/permit.h"
#include "tests/unit/master/conf_try.h"

#define CONF                                                                \
	"overload = { };\n"                                                 \
	"rate_limits = {\n"                                                 \
	"bucket = { key = [ \"address\", \"route\" ]; rate = \"7/s\"; };\n" \
	"user = { key = [ \"user\", \"route\" ]; rate = \"9/min\"; "        \
	"burst = 3; multiplier = { emergency = 0; priority = 1.5; }; };\n"  \
	"month = { key = [ \"tenant\", \"header:X-A\", "                    \
	"\"header:User-Agent\" ]; rate = \"5/month\"; "                     \
	"algorithm = \"quota\"; adaptive = true; };\n"                      \
	"day = { key = \"address\"; rate = \"6/day\"; "                     \
	"algorithm = \"quota\"; };\n"                                       \
	"once = { key = \"global\"; limit = 4; "                            \
	"algorithm = \"concurrency\"; };\n"                                 \
	"mixed = { key = [ \"user\", \"address\" ]; rate = \"1/s\"; "       \
	"algorithm = \"sliding_window\"; }; };\n"                           \
	"authenticators = { a = { type = \"api_key\"; }; };\n" LISTENER     \
	    SERVICE "routes = ( { path = \"/both\"; service = \"be\"; "     \
	"authenticate = \"a\"; "                                            \
	"rate_limits = [ \"user\", \"once\", \"month\", \"bucket\" ]; }, "  \
	"{ path = \"/early\"; respond = { }; rate_limits = \"day\"; }, "    \
	"{ path = \"/late\"; service = \"be\"; authenticate = \"a\"; "      \
	"rate_limits = \"mixed\"; }, "                                      \
	"{ path = \"/none\"; service = \"be\"; } );\n"

#include "tests/unit/master/image_kit.h"

static struct img_limit *
limit(uint32_t i)
{
	return (struct img_limit *)at(image()->protect.limits.off) + i;
}

static struct img_route *
route(uint32_t i)
{
	return (struct img_route *)at(image()->routes.off) + i;
}

START_TEST(how_much)
{
	const struct img_limit *l = limit(0);

	ck_assert_uint_eq(image()->protect.limits.count, 6);
	ck_assert_uint_eq(l->kind, IMG_LIMIT_TOKEN_BUCKET);
	ck_assert_uint_eq(l->count, 7);
	ck_assert_uint_eq(l->burst, 7);
	ck_assert_uint_eq(l->period_us, 1000000);
	ck_assert_uint_eq(l->each_ns, 142857143); /* never more than 7/s */
	ck_assert_uint_eq(limit(1)->burst, 3);
	ck_assert_uint_eq(limit(1)->multiplier[IMG_CLASS_NORMAL], 1000);
	ck_assert_uint_eq(limit(1)->multiplier[IMG_CLASS_PRIORITY], 1500);
	ck_assert_uint_eq(limit(1)->multiplier[IMG_CLASS_EMERGENCY], 0);
	ck_assert_uint_eq(limit(2)->kind, IMG_LIMIT_QUOTA);
	ck_assert_uint_eq(limit(2)->period_us, IMG_PERIOD_MONTH);
	ck_assert_uint_eq(limit(2)->adaptive, 1);
	ck_assert_uint_eq(limit(3)->period_us, IMG_PERIOD_DAY);
	ck_assert_uint_eq(limit(4)->kind, IMG_LIMIT_CONCURRENCY);
	ck_assert_uint_eq(limit(4)->count, 4);
	ck_assert_uint_eq(limit(4)->parts.count, 0);
	ck_assert_uint_eq(limit(5)->kind, IMG_LIMIT_SLIDING_WINDOW);
}
END_TEST

/* Clients can make up addresses and fields, whatever else is in the key. */
START_TEST(tables)
{
	static const enum limiter_table want[] = { LIMITER_ADDRESS,
		LIMITER_IDENTITY, LIMITER_QUOTA, LIMITER_QUOTA,
		LIMITER_IDENTITY, LIMITER_ADDRESS };
	static const uint32_t late[] = { 0, 1, 1, 0, 0, 1 };

	for (uint32_t i = 0; i < 6; i++) {
		ck_assert_uint_eq(limit(i)->table, want[i]);
		ck_assert_uint_eq(limit(i)->late, late[i]);
	}
}
END_TEST

START_TEST(parts)
{
	const struct img_limit_part_of *p = at(limit(2)->parts.off);

	ck_assert_uint_eq(limit(2)->parts.count, 3);
	ck_assert_uint_eq(p[0].part, IMG_LIMIT_TENANT);
	ck_assert_uint_eq(p[1].part, IMG_LIMIT_HEADER);
	ck_assert_uint_eq(p[1].field, FIELD_OTHER);
	ck_assert(slice_eq(img_slice(image(), p[1].name), SLICE_LIT("X-A")));
	ck_assert_uint_eq(p[2].field, FIELD_USER_AGENT);
}
END_TEST

/* Of the name and the algorithm, in this generation and the next. */
START_TEST(names_are_ids)
{
	uint64_t ids[6];

	for (uint32_t i = 0; i < 6; i++) {
		ids[i] = limit(i)->id;
		for (uint32_t k = 0; k < i; k++)
			ck_assert_uint_ne(ids[i], ids[k]);
	}
	conf_try_fini(&t);
	conf_try_text(&t,
	    "rate_limits = { user = { key = \"address\"; rate = \"1/day\"; };\n"
	    "bucket = { key = \"address\"; rate = \"1/s\"; "
	    "algorithm = \"fixed_window\"; }; };\n" REST);
	ck_assert_uint_eq(limit(0)->id, ids[1]);
	ck_assert_uint_ne(limit(1)->id, ids[0]);
}
END_TEST

START_TEST(routes)
{
	const uint32_t early = UINT32_C(1) << IMG_FILTER_LIMIT;
	const uint32_t late = UINT32_C(1) << IMG_FILTER_LATE_LIMIT;
	const uint32_t *list = at(route(0)->limits.off);

	ck_assert_uint_eq(route(0)->limits.count, 2);
	ck_assert_uint_eq(list[0], 4); /* as the route has them */
	ck_assert_uint_eq(list[1], 0);
	list = at(route(0)->late_limits.off);
	ck_assert_uint_eq(route(0)->late_limits.count, 2);
	ck_assert_uint_eq(list[0], 1);
	ck_assert_uint_eq(list[1], 2);
	ck_assert_uint_eq(route(0)->filters & (early | late), early | late);
	ck_assert_uint_eq(route(1)->filters & (early | late), early);
	ck_assert_uint_eq(route(2)->filters & (early | late), late);
	ck_assert_uint_eq(route(3)->filters & (early | late), 0);
	/* Nobody says anything of requests that were not counted. */
	for (uint32_t i = 0; i < 4; i++)
		ck_assert_uint_eq(
		    img_route_always(route(i)) & (early | late), 0);
}
END_TEST

START_TEST(damage)
{
	struct img_head *img = image();
	struct img_limit *l = limit(2);
	struct img_limit_part_of *p = at(l->parts.off);
	uint32_t *early = at(route(0)->limits.off);
	uint32_t *late = at(route(0)->late_limits.off);
	uint32_t *words[] = { &img->protect.limits.off,
		&img->protect.limits.count, &l->name.off, &l->kind, &l->table,
		&l->parts.count, &l->parts.off, &p[1].part, &p[1].field,
		&p[1].name.len, &route(0)->limits.count,
		&route(0)->late_limits.off, &early[1], &late[0] };
	uint64_t *numbers[] = { &l->count, &l->period_us, &limit(0)->each_ns,
		&limit(0)->burst };

	ck_assert(image_check(img, img->bytes));
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		uint32_t old = *words[i];

		*words[i] = 0xfffffff0;
		ck_assert_msg(!image_check(img, img->bytes), "%zu", i);
		*words[i] = old;
	}
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		uint64_t old = *numbers[i];

		*numbers[i] = 0;
		ck_assert_msg(!image_check(img, img->bytes), "%zu", i);
		*numbers[i] = old;
	}
	/* What would make a worker stop. */
	struct {
		uint64_t *at, value;
	} beyond[] = {
		{ &l->count, 1000000001 },
		{ &limit(4)->count, PERMIT_COUNT_MAX + 1 },
		{ &limit(0)->burst, 1000000001 },
		{ &limit(0)->each_ns, LIMITER_TIME_MAX_US * 1000 + 1 },
		/* Of a multiplier of 1.5 nothing would be left. */
		{ &limit(1)->each_ns, 1 },
		/* With it, too many. */
		{ &limit(1)->count, 700000000 },
		{ &limit(1)->burst, 700000000 },
	};
	for (size_t i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++) {
		uint64_t old = *beyond[i].at;

		*beyond[i].at = beyond[i].value;
		ck_assert_msg(!image_check(img, img->bytes), "%zu", i);
		*beyond[i].at = old;
	}
	limit(4)->multiplier[IMG_CLASS_NORMAL] = 1000001;
	ck_assert(!image_check(img, img->bytes));
	limit(4)->multiplier[IMG_CLASS_NORMAL] = 1000;
	/* A quota elsewhere, or another one there. */
	l->table = LIMITER_ADDRESS;
	ck_assert(!image_check(img, img->bytes));
	l->table = LIMITER_QUOTA;
	limit(5)->table = LIMITER_QUOTA;
	ck_assert(!image_check(img, img->bytes));
	limit(5)->table = LIMITER_ADDRESS;
	/* A late one among the early ones. */
	early[0] = 1;
	ck_assert(!image_check(img, img->bytes));
	early[0] = 4;
	ck_assert(image_check(img, img->bytes));
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("build_limits");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, how_much);
	tcase_add_test(tc, tables);
	tcase_add_test(tc, parts);
	tcase_add_test(tc, names_are_ids);
	tcase_add_test(tc, routes);
	tcase_add_test(tc, damage);
	return conf_try_run("build_limits", tc);
}
