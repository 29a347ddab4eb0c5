/*
 * storm_recorder_test.c - two workers that write into small rings as fast as
 * they can, one who reads their requests and one who reads what is audited, all
 * of them under random kills: every record is whole, numbers have no gap but
 * what was lapped, and of the audit nothing is lost.
 *
 * STORM_KILLS: how many (300).
 */
#include <sys/mman.h>

#include "shm/readers.h"
#include "tests/unit/shm/recorder_kit.h"
#include "tests/unit/shm/storm.h"

#define WORKERS 2
#define READER WORKERS
#define AUDITOR (WORKERS + 1)

/* Shared with the test: how the storm goes. */
struct weather {
	_Atomic uint32_t stop;
	_Atomic uint64_t written[WORKERS][RECORDER_RINGS];
	_Atomic uint64_t full, seen, lost, audited;
	/* Of each audit ring, what the reader has seen last. */
	_Atomic uint64_t last[WORKERS];
};
static struct weather *weather;

static void
worker_live(struct region *r, uint32_t w)
{
	while (atomic_load(&weather->stop) == 0) {
		uint64_t mark = random_below(1u << 30);
		uint64_t words = random_below(
		    random_below(9) == 0 ? (uint32_t)RK_WORDS_MAX + 1 : 120);
		enum recorder_ring ring =
		    random_below(4) == 0 ? RECORDER_AUDIT : RECORDER_REQUESTS;

		if (rk_put(r, ring, w, mark, words, 64))
			atomic_fetch_add(&weather->written[w][ring], 1);
		else
			atomic_fetch_add(&weather->full, 1);
	}
}

static uint32_t
next_of(const struct region *r, enum recorder_ring ring, uint32_t w,
    struct recorder_cursor *c, void *out)
{
	struct recorder_cursor before = *c;
	const struct record_head *h = out;
	uint32_t n = recorder_next(r, ring, w, c, out);

	if (n == 0)
		return 0;
	if (!rk_is_whole(out, n))
		wrong("a record that nobody has written");
	if (c->next != h->seq + 1 || (before.next != 0 && h->seq < before.next))
		wrong("numbers go back");
	if (before.next != 0 && h->seq - before.next != c->lost - before.lost)
		wrong("what is lost was miscounted");
	return n;
}

/* He sleeps now and then, so that he is lapped. */
static void
reader_live(const struct region *r)
{
	static _Alignas(8) char out[RECORD_MAX];
	struct recorder_cursor c[WORKERS];

	for (uint32_t w = 0; w < WORKERS; w++)
		recorder_seek(
		    r, RECORDER_REQUESTS, w, random_below(2) == 0, &c[w]);
	while (atomic_load(&weather->stop) == 0) {
		uint32_t w = random_below(WORKERS);
		uint64_t lost = c[w].lost;

		if (next_of(r, RECORDER_REQUESTS, w, &c[w], out) != 0)
			atomic_fetch_add(&weather->seen, 1);
		atomic_fetch_add(&weather->lost, c[w].lost - lost);
		if (random_below(3000) == 0)
			usleep(20000);
	}
}

/* What his predecessor has seen last may come again, and nothing is missed. */
static void
auditor_live(const struct region *r)
{
	static _Alignas(8) char out[RECORD_MAX];
	const struct record_head *h = (void *)out;
	struct recorder_cursor c[WORKERS] = { 0 };

	for (uint32_t w = 0; w < WORKERS; w++)
		c[w].at = atomic_load(&r->readers->audit[w]);
	while (atomic_load(&weather->stop) == 0) {
		uint32_t w = random_below(WORKERS);
		uint64_t last = atomic_load(&weather->last[w]);

		if (next_of(r, RECORDER_AUDIT, w, &c[w], out) == 0)
			continue;
		if (h->seq != last + 1 && h->seq != last)
			wrong("an event was lost");
		atomic_store(&weather->last[w], h->seq);
		atomic_store(&r->readers->audit[w], c[w].at);
		atomic_fetch_add(&weather->audited, 1);
	}
}

static void
live(struct region *r, uint32_t who)
{
	if (who == READER)
		reader_live(r);
	else if (who == AUDITOR)
		auditor_live(r);
	else
		worker_live(r, who);
}

static void
settle(struct region *r, uint32_t who, int status)
{
	if (who < WORKERS)
		slot_settle(r, who, status);
}

/* At the end: the last number is as many as were written, but for those whose
 * writers died before they could say so. */
static void
check_end(
    const struct region *r, uint32_t w, enum recorder_ring ring, uint32_t kills)
{
	uint64_t said = atomic_load(&weather->written[w][ring]);
	struct recorder_cursor c;

	recorder_seek(r, ring, w, true, &c);
	ck_assert_uint_ge(c.next - 1, said);
	ck_assert_uint_le(c.next - 1, said + kills);
}

START_TEST(a_storm_over_records)
{
	uint32_t kills = storm_kills(300);
	struct region r;
	struct storm s = { .region = &r,
		.workers = WORKERS,
		.processes = WORKERS + 2,
		.live = live,
		.settle = settle };

	weather = mmap(NULL, sizeof(*weather), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(weather, MAP_FAILED);
	fixture_region(&r, WORKERS);
	storm_run(&s, kills, &weather->stop);
	for (uint32_t w = 0; w < WORKERS; w++) {
		check_end(&r, w, RECORDER_REQUESTS, kills);
		check_end(&r, w, RECORDER_AUDIT, kills);
	}
	printf("storm: %u kills, %ju seen, %ju lost, %ju audited, %ju full\n",
	    kills, (uintmax_t)atomic_load(&weather->seen),
	    (uintmax_t)atomic_load(&weather->lost),
	    (uintmax_t)atomic_load(&weather->audited),
	    (uintmax_t)atomic_load(&weather->full));
	ck_assert_uint_gt(atomic_load(&weather->seen), kills);
	ck_assert_uint_gt(atomic_load(&weather->lost), 0);
	ck_assert_uint_gt(atomic_load(&weather->audited), kills);
	region_fini(&r);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("storm_recorder");

	tcase_set_timeout(tc, 600);
	tcase_add_test(tc, a_storm_over_records);
	return fixture_run(tc, "storm_recorder");
}
