/*
 * image_kit.h - for the tests of what is built into an image: that of the text
 * CONF, which the test defines before this is included, loaded for each test.
 */
#ifndef TESTS_UNIT_MASTER_IMAGE_KIT_H
#define TESTS_UNIT_MASTER_IMAGE_KIT_H

#include "tests/unit/master/conf_try.h"

static struct conf_try t;

static void
setup(void)
{
	conf_try_text(&t, CONF);
	ck_assert_str_eq(t.complaints, "");
}

static void
teardown(void)
{
	conf_try_fini(&t);
}

static inline struct img_head *
image(void)
{
	return (struct img_head *)(void *)t.c.image;
}

static inline void *
at(uint32_t off)
{
	return (char *)image() + off;
}

static inline void
expect(struct img_str s, const char *text)
{
	struct slice got = img_slice(image(), s);

	ck_assert_msg(slice_eq(got, slice_str(text)), "%.*s", SLICE_FMT(got));
}

#endif
