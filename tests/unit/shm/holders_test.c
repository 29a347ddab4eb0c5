/*
 * holders_test.c - API keys are found by their hash, and a block that was
 * damaged is not walked.
 */
#include "tests/unit/shm/fixture.h"

#include <string.h>

#include "shm/holders.h"

#define COUNT 5
#define TEXT "alice"

#define TEXT_AT (sizeof(struct holders) + COUNT * sizeof(struct holders_entry))
#define BYTES (TEXT_AT + 8)

static uint64_t block[BYTES / 8 + 1];

static struct holders *
block_make(uint32_t count)
{
	const struct img_str text = { TEXT_AT, sizeof(TEXT) - 1 };
	struct holders *h = (void *)block;

	memset(block, 0, sizeof(block));
	*h = (struct holders){
		.magic = HOLDERS_MAGIC, .bytes = BYTES, .count = count
	};
	memcpy((char *)block + TEXT_AT, TEXT, sizeof(TEXT));
	for (uint32_t i = 0; i < COUNT; i++) {
		memset(h->entry[i].is.sha256, (int)(10 * i + 1), 32);
		h->entry[i].is.name = text;
		h->entry[i].is.claims[IMG_CLAIM_TENANT] = text;
		h->entry[i].made_s = i;
	}
	return h;
}

START_TEST(finds)
{
	struct holders *h = block_make((uint32_t)_i);
	uint8_t hash[32];

	ck_assert(holders_check(h, BYTES));
	for (uint32_t i = 0; i < COUNT; i++) {
		const struct holders_entry *e;

		memset(hash, (int)(10 * i + 1), 32);
		e = holders_find(h, hash);
		if (i >= h->count) {
			ck_assert_ptr_null(e);
			continue;
		}
		ck_assert_ptr_eq(e, &h->entry[i]);
		ck_assert(
		    slice_eq(holders_text(h, e->is.name), SLICE_LIT(TEXT)));
		hash[31]++;
		ck_assert_ptr_null(holders_find(h, hash));
	}
	memset(hash, 0, 32);
	ck_assert_ptr_null(holders_find(h, hash));
	memset(hash, 0xff, 32);
	ck_assert_ptr_null(holders_find(h, hash));
}
END_TEST

START_TEST(damaged)
{
	struct holders *h = block_make(COUNT);

	ck_assert(!holders_check(h, BYTES - 1));
	ck_assert(!holders_check(h, sizeof(*h) - 1));
	h->magic++;
	ck_assert(!holders_check(h, BYTES));
	h = block_make(COUNT + 1);
	ck_assert(!holders_check(h, BYTES));
	h = block_make(UINT32_MAX);
	ck_assert(!holders_check(h, BYTES));
	h = block_make(COUNT);
	h->entry[1].is.name.len = BYTES;
	ck_assert(!holders_check(h, BYTES));
	h = block_make(COUNT);
	h->entry[COUNT - 1].is.claims[IMG_CLAIM_TENANT].off = UINT32_MAX;
	ck_assert(!holders_check(h, BYTES));
	h = block_make(COUNT);
	memcpy(h->entry[2].is.sha256, h->entry[1].is.sha256, 32);
	ck_assert(!holders_check(h, BYTES));
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("holders");

	tcase_add_loop_test(tc, finds, 0, COUNT + 1);
	tcase_add_test(tc, damaged);
	return fixture_run(tc, "holders");
}
