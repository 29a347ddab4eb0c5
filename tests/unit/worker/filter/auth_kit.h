/*
 * auth_kit.h - an image and a request for tests of authentication, built by
 * hand, where a whole configuration would say too much.
 */
#ifndef TESTS_UNIT_WORKER_FILTER_AUTH_KIT_H
#define TESTS_UNIT_WORKER_FILTER_AUTH_KIT_H

#include <check.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "shm/image.h"
#include "worker/flow/req.h"

#define KIT_FIELDS 16u

static struct {
	alignas(8) struct img_head head;
	alignas(8) char room[65536];
	size_t used;
} kit;

static struct req kit_q;
static struct field kit_fields[KIT_FIELDS], kit_up[2 * KIT_FIELDS];
static char kit_arena[65536];

/* Copies n bytes into the image; their offset. */
static inline uint32_t
kit_put(const void *p, size_t n)
{
	size_t at = kit.used;

	kit.used += (n + 7) & ~(size_t)7;
	ck_assert_uint_le(kit.used, sizeof(kit.room));
	if (n != 0)
		memcpy(kit.room + at, p, n);
	return (uint32_t)(kit.room + at - (char *)&kit.head);
}

static inline struct img_str
kit_str(const char *text)
{
	return (struct img_str){ kit_put(text, strlen(text)),
		(uint32_t)strlen(text) };
}

/* Of texts that are parted by blanks. */
static inline struct img_span
kit_strs(const char *texts)
{
	struct img_str all[16];
	uint32_t n = 0;
	char *copy = strdup(texts), *rest = copy, *one;

	while ((one = strsep(&rest, " ")) != NULL)
		if (*one != '\0')
			all[n++] = kit_str(one);
	free(copy);
	return (struct img_span){ kit_put(all, n * sizeof(all[0])), n };
}

/* The names of the fields of identity, as far as they are given. */
static inline void
kit_tell(const char *const *names, uint32_t count)
{
	struct img_identity_header all[16] = { 0 };

	for (uint32_t i = 0; i < count; i++) {
		if (names[i] == NULL)
			continue;
		all[i].name = kit_str(names[i]);
		kit.head.access.told_lengths |= UINT64_C(1)
		    << (strlen(names[i]) < 63 ? strlen(names[i]) : 63);
	}
	kit.head.access.told =
	    (struct img_span){ kit_put(all, count * sizeof(all[0])), count };
}

static inline void
kit_begin(void)
{
	memset(&kit, 0, sizeof(kit));
	kit_q = (struct req){ .head.version = HTTP_1_1,
		.head.method = METHOD_GET,
		.head.fields = kit_fields,
		.image = &kit.head,
		.up.fields = kit_up,
		.up_room = 2 * KIT_FIELDS };
	arena_init(&kit_q.arena, kit_arena, sizeof(kit_arena), 1u << 20);
}

static inline void
kit_end(void)
{
	arena_fini(&kit_q.arena);
}

/* A field of the request, and of what goes upstream. */
static inline void
kit_field(const char *name, const char *value)
{
	struct field f = { .name = slice_str(name), .value = slice_str(value) };

	ck_assert_uint_lt(kit_q.head.count, KIT_FIELDS);
	f.id = (uint16_t)http_field_find(f.name);
	kit_fields[kit_q.head.count++] = f;
	kit_up[kit_q.up.count++] = f;
	if (f.id == FIELD_OTHER)
		return;
	kit_q.head.present |= UINT64_C(1) << f.id;
	kit_q.up.present |= UINT64_C(1) << f.id;
}

/* How many fields of this name go upstream; the last one's value. */
static inline unsigned
kit_goes_up(const char *name, struct slice *value)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < kit_q.up.count; i++) {
		if (!slice_eq_nocase(kit_q.up.fields[i].name, slice_str(name)))
			continue;
		n++;
		if (value != NULL)
			*value = kit_q.up.fields[i].value;
	}
	return n;
}

#define ck_assert_slice_eq(s, text) \
	ck_assert_msg(slice_eq(s, slice_str(text)), "%.*s", SLICE_FMT(s))

static inline int
kit_run(TCase *tc, const char *name)
{
	Suite *suite = suite_create(name);
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, kit_begin, kit_end);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
