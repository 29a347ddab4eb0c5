/*
 * mask_fuzz.c - any bytes as text to mask: no number of a card is left, what is
 * masked stays as it is, and the quick look misses nothing.
 */
#include <stdlib.h>

#include "common/base/must.h"
#include "tests/fuzz/card_check.h"
#include "tools/mask.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct mask_room *room;

/* A copy of its own, so that a byte read behind it is noticed. */
static struct slice
masked(uint32_t kinds, const void *p, size_t n)
{
	char *copy = malloc(n + 1), *out;
	struct slice got;

	MUST(copy != NULL);
	if (n != 0)
		memcpy(copy, p, n);
	got = mask_text(room, kinds, slice_make(copy, n));
	out = malloc(got.n + 1);
	MUST(out != NULL);
	if (got.n != 0)
		memcpy(out, got.p, got.n);
	free(copy);
	return slice_make(out, got.n);
}

static void
check_all(const uint8_t *data, size_t size)
{
	struct slice once = masked(MASK_ALL, data, size), twice, with;
	char *longer = malloc(size + 1);

	MUST(longer != NULL && !card_check(once));
	/* The growth of addresses may be cut when it is masked again. */
	if (once.n <= MASK_TEXT_MAX) {
		twice = masked(MASK_ALL, once.p, once.n);
		MUST(slice_eq(once, twice));
		free((char *)(uintptr_t)twice.p);
	}
	/* "@" is looked at closely. */
	memcpy(longer, data, size);
	longer[size] = '@';
	with = masked(MASK_ALL, longer, size + 1);
	MUST(with.n == once.n + 1 && memcmp(with.p, once.p, once.n) == 0);
	free((char *)(uintptr_t)once.p);
	free((char *)(uintptr_t)with.p);
	free(longer);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (room == NULL)
		room = mask_room_new();
	if (size == 0 || size >= MASK_TEXT_MAX)
		return 0;
	check_all(data, size);
	for (uint32_t kinds = 1; kinds < MASK_ALL; kinds++)
		free((char *)(uintptr_t)masked(kinds, data, size).p);
	return 0;
}
