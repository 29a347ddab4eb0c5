/*
 * claims_fuzz.c - any claims as an identity: what comes out can be told, a list
 * is one of elements that can be.
 *
 * Input: lines: names of the claims for user, roles and permissions; JSON.
 */
#include <stdlib.h>

#include "common/base/must.h"
#include "tests/fuzz/lines.h"
#include "worker/filter/auth_parts.h"

#define LINES 4

static struct {
	struct img_head head;
	char texts[1024];
} image;

/* The name of a claim, in the image. */
static struct img_str
name_put(size_t *at, struct slice name)
{
	struct img_str s = { (uint32_t)(image.texts + *at -
				 (char *)&image.head),
		(uint32_t)name.n };

	if (name.n > sizeof(image.texts) - *at)
		s.len = 0;
	if (s.len != 0)
		memcpy(image.texts + *at, name.p, s.len);
	*at += s.len;
	return s;
}

/* Every element of a joined list. */
static void
check_list(struct slice list)
{
	while (list.n != 0) {
		const char *comma = memchr(list.p, ',', list.n);
		struct slice one = list;

		if (comma != NULL)
			one.n = (size_t)(comma - list.p);
		MUST(auth_parts_fit(one));
		list = slice_skip(list, one.n + (comma != NULL));
		MUST(comma == NULL || list.n != 0);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum img_claim claims[] = { IMG_CLAIM_USER,
		IMG_CLAIM_ROLES, IMG_CLAIM_PERMISSIONS };
	struct slice lines[LINES] = { 0 };
	struct identity_parts parts = { 0 };
	struct img_auth a = { 0 };
	struct json_members all;
	size_t at = 0;
	struct arena arena;
	char *text;

	if (lines_split(data, size, lines, LINES) != LINES)
		return 0;
	for (size_t i = 0; i < 3; i++)
		a.claims[claims[i]] = name_put(&at, lines[i]);
	/* Copies of just the bytes there are. */
	text = malloc(lines[3].n + 1);
	MUST(text != NULL);
	memcpy(text, lines[3].p, lines[3].n);
	if (!json_read_members(slice_make(text, lines[3].n), &all)) {
		free(text);
		return 0;
	}
	arena_init(&arena, NULL, 0, 1u << 24);
	if (auth_parts_claims(&image.head, &a, &all, &arena, &parts)) {
		if (parts.claim[IMG_CLAIM_USER].n != 0)
			MUST(auth_parts_fit(parts.claim[IMG_CLAIM_USER]));
		check_list(parts.claim[IMG_CLAIM_ROLES]);
		check_list(parts.claim[IMG_CLAIM_PERMISSIONS]);
	}
	arena_fini(&arena);
	free(text);
	return 0;
}
