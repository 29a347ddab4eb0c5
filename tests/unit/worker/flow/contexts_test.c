/*
 * contexts_test.c - expressions are compiled, kept, bounded and dropped.
 */
#include "tests/unit/route_kit.h"

static int
match(struct contexts *ctx, const char *expression, const char *subject,
    struct slice *captures)
{
	return contexts_match(ctx, slice_str(expression), slice_str(subject),
	    captures, IMG_PARAMS_MAX);
}

START_TEST(captures)
{
	struct contexts *ctx = contexts_new();
	struct slice c[IMG_PARAMS_MAX];

	ck_assert_int_eq(match(ctx, "^/(a)?(b+)(c)?", "/bb", c), 3);
	kit_slice_eq(c[0], "");
	kit_slice_eq(c[1], "bb");
	kit_slice_eq(c[2], "");
	ck_assert_int_eq(match(ctx, "^/(a)?(b+)(c)?", "/abc", c), 3);
	kit_slice_eq(c[2], "c");
	ck_assert_int_eq(match(ctx, "^/x$", "/y", c), -1);
	ck_assert_int_eq(match(ctx, "^/x$", "/x", c), 0);
	ck_assert_int_eq(match(ctx, "(", "/x", c), -1);
	contexts_free(ctx);
}
END_TEST

START_TEST(more_groups_than_room)
{
	struct contexts *ctx = contexts_new();
	struct slice c[IMG_PARAMS_MAX];
	char expression[256] = "^/", subject[64] = "/";

	for (int i = 0; i < 40; i++) {
		strcat(expression, "(a)");
		strcat(subject, "a");
	}
	ck_assert_int_eq(match(ctx, expression, subject, c), IMG_PARAMS_MAX);
	kit_slice_eq(c[IMG_PARAMS_MAX - 1], "a");
	contexts_free(ctx);
}
END_TEST

/* The first alternative takes 65,000 steps to fail: too many for us. */
START_TEST(match_limit)
{
	struct contexts *ctx = contexts_new();
	struct slice c[IMG_PARAMS_MAX];

	ck_assert_int_eq(match(ctx, "^(a+)+b|^aaa", "aaaaaa", c), 1);
	ck_assert_int_eq(match(ctx, "^(a+)+b|^aaa", "aaaaaaaaaaaaaaaa", c), -1);
	contexts_free(ctx);
}
END_TEST

/* Bytes, and "$" is the very end. */
START_TEST(options)
{
	struct contexts *ctx = contexts_new();
	struct slice c[IMG_PARAMS_MAX];

	ck_assert_int_eq(match(ctx, "^/a$", "/a\n", c), -1);
	ck_assert_int_eq(match(ctx, "(*UTF)^/a$", "/a", c), -1);
	ck_assert_int_eq(match(ctx, "^/\\xff$", "/\xff", c), 0);
	contexts_free(ctx);
}
END_TEST

/* An image with expressions "^/<from>" up to "^/<to>". */
static struct img_head *
image_of(int from, int to, uint64_t generation)
{
	struct kit_route routes[8] = { 0 };
	char paths[8][16];
	struct img_head *img;

	for (int i = from; i < to; i++) {
		snprintf(paths[i - from], sizeof(paths[0]), "~^/(%d)", i);
		routes[i - from].path = paths[i - from];
	}
	img = kit_image(routes, (size_t)(to - from));
	img->generation = generation;
	return img;
}

/* Across images, with a budget that is used up at once. */
START_TEST(turns)
{
	struct contexts *ctx = contexts_new();
	struct slice c[IMG_PARAMS_MAX];
	struct img_head *images[4];

	for (int i = 0; i < 4; i++)
		images[i] = image_of(i * 2, i * 2 + 4, (uint64_t)i);
	for (int i = 0; i < 40; i++) {
		char expression[16], subject[16];

		contexts_turn(ctx, images[i / 10], i % 2 == 0 ? 0 : 1000);
		for (int k = 0; k < 10; k++) {
			snprintf(expression, sizeof(expression), "^/(%d)", k);
			snprintf(subject, sizeof(subject), "/%d", k);
			ck_assert_int_eq(match(ctx, expression, subject, c), 1);
			ck_assert_int_eq(c[0].p[0] - '0', k);
		}
	}
	contexts_free(ctx);
	for (int i = 0; i < 4; i++)
		free(images[i]);
}
END_TEST

/* What this image and the one before it name is kept, nothing else. */
START_TEST(dropped)
{
	static const size_t counts[] = { 4, 6, 6, 6 };
	struct contexts *ctx = contexts_new();
	struct img_head *images[4];

	for (int i = 0; i < 4; i++) {
		images[i] = image_of(i * 2, i * 2 + 4, (uint64_t)i);
		contexts_turn(ctx, images[i], UINT32_MAX);
		ck_assert_uint_eq(contexts_count(ctx), counts[i]);
		contexts_turn(ctx, images[i], UINT32_MAX);
		ck_assert_uint_eq(contexts_count(ctx), counts[i]);
	}
	contexts_free(ctx);
	for (int i = 0; i < 4; i++)
		free(images[i]);
}
END_TEST

/* A turn without budget still makes one step. */
START_TEST(budget)
{
	struct contexts *ctx = contexts_new();
	struct img_head *img = image_of(0, 4, 1);

	for (size_t i = 1; i <= 4; i++) {
		contexts_turn(ctx, img, 0);
		ck_assert_uint_eq(contexts_count(ctx), i);
	}
	contexts_free(ctx);
	free(img);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("contexts");
	TCase *t = tcase_create("expressions");

	tcase_set_timeout(t, 10);
	tcase_add_test(t, captures);
	tcase_add_test(t, more_groups_than_room);
	tcase_add_test(t, match_limit);
	tcase_add_test(t, options);
	tcase_add_test(t, turns);
	tcase_add_test(t, dropped);
	tcase_add_test(t, budget);
	suite_add_tcase(s, t);
	return kit_run(s);
}
