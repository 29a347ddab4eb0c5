/*
 * stepping_audit_test.c - kills who writes events before each of its stores,
 * with a reader that stands still, so that the ring is full in the middle of
 * it. Whatever the place: his successor goes on, nothing that was not read is
 * overwritten, and of what happened each event is there, or counted as lost,
 * but for the one that he was at.
 */
#include <sys/mman.h>

#include "shm/readers.h"
#include "tests/unit/shm/stepping.h"

#define RING 0
#define MORE 14 /* events of a writer */

static _Alignas(8) char out[RECORD_MAX];
static uint64_t *happened; /* shared */
static uint64_t lost, seen, told, last;
static struct recorder_cursor cursor;

static void
happen(struct region *r)
{
	static char text[AUDIT_TEXT_MAX];
	const struct audit_note n = { .event = AUDIT_BANNED,
		.count = ++*happened,
		.text = { slice_make(text, sizeof(text)),
		    slice_make(text, sizeof(text)),
		    slice_make(text, sizeof(text)) } };

	audit_write(r, &n);
}

static void
scene_make(struct region *r)
{
	fixture_region(r, 1);
	audit_begin(r, RING);
	r->audit_events = AUDIT_DEFAULT;
	*happened = lost = seen = told = last = 0;
	cursor = (struct recorder_cursor){ 0 };
	/* Not quite full. */
	while (recorder_audit_ready(r, RING))
		happen(r);
	ck_assert_uint_eq(audit_lost(r), 0);
}

static void
writer(struct region *r)
{
	for (int i = 0; i < MORE; i++)
		happen(r);
}

/* As penstocklog does: the next `most`, each with the next number. */
static void
reader(struct region *r, uint64_t most)
{
	const struct record_audit *a = (const void *)out;
	uint32_t n;

	for (; most != 0 &&
	     (n = recorder_next(r, RECORDER_AUDIT, RING, &cursor, out)) != 0;
	     most--) {
		ck_assert_ptr_nonnull(audit_view(out, n));
		seen++;
		ck_assert_uint_eq(a->head.seq, seen);
		if (a->event == AUDIT_LOST) {
			lost += a->count;
			told++;
			continue;
		}
		ck_assert_uint_gt(a->count, last);
		last = a->count;
	}
	ck_assert_uint_eq(cursor.lost, 0);
	atomic_store(&r->readers->audit[RING], cursor.at);
}

/* After all: `killed`: one event may be neither there nor counted. */
static void
check_all(struct region *r, bool killed)
{
	uint64_t known = audit_lost(r);

	reader(r, UINT64_MAX);
	happen(r);
	reader(r, UINT64_MAX);
	known += seen - told;
	ck_assert_uint_le(known, *happened);
	ck_assert_uint_ge(known + killed, *happened);
	ck_assert_uint_gt(told, 0);
	/* Once more, where it was killed just behind that. */
	ck_assert_uint_ge(lost, audit_lost(r));
	ck_assert_uint_le(told, 1u + killed);
}

static void
scene_begin(void)
{
	happened = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(happened, MAP_FAILED);
}

/* Some fit yet, then none does. */
START_TEST(while_it_fills_up)
{
	bool over = false;

	scene_begin();
	for (uint32_t k = 1; !over; k += STRIDE) {
		struct region r;

		scene_make(&r);
		reader(&r, 12);
		over = run_killed(writer, &r, k);
		writer(&r);
		check_all(&r, !over);
		region_fini(&r);
		ck_assert_uint_lt(k, 500);
	}
}
END_TEST

/* There is room again: first it says what was lost. */
START_TEST(while_it_says_what_was_lost)
{
	bool over = false;

	scene_begin();
	for (uint32_t k = 1; !over; k += STRIDE) {
		struct region r;

		scene_make(&r);
		writer(&r);
		ck_assert_uint_gt(audit_lost(&r), 0);
		reader(&r, 40);
		over = run_killed(writer, &r, k);
		check_all(&r, !over);
		region_fini(&r);
		ck_assert_uint_lt(k, 500);
	}
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("stepping audit");

	tcase_add_test(tc, while_it_fills_up);
	tcase_add_test(tc, while_it_says_what_was_lost);
	return fixture_run(tc, "stepping audit");
}
