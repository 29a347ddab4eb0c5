/*
 * storm_jobs_test.c - two workers ask, two helpers answer, under random kills:
 * an answer is that of its question, a question is never lost while both live,
 * and in the end every place is free and empty.
 *
 * STORM_KILLS: how many (1000).
 */
#include <sys/mman.h>

#include "tests/unit/shm/storm.h"

#define WORKERS 2
#define HELPERS 2
#define ASKED_MAX 3

/* Shared with the test: how the storm goes. */
struct weather {
	_Atomic uint32_t stop;
	_Atomic uint64_t answered, failed, forgotten;
};
static struct weather *weather;

struct asked {
	uint64_t ticket;
	enum job_result want;
};

static void
asked_new(const struct region *r, uint32_t w, struct asked *a)
{
	char text[2][16];

	for (int i = 0; i < 2; i++)
		snprintf(text[i], sizeof(text[i]), "%u-%u", w, random_below(2));
	a->want = strcmp(text[0], text[1]) == 0 ? JOB_YES : JOB_NO;
	a->ticket =
	    jobs_ask(r, w, JOB_CRYPT, slice_str(text[0]), slice_str(text[1]));
	if (a->ticket == JOB_NONE)
		wrong("there is no place");
}

/* True: it has its answer, or is forgotten. */
static bool
asked_look(const struct region *r, const struct asked *a)
{
	enum job_result got = jobs_look(r, a->ticket);

	if (got == JOB_PENDING && random_below(50) == 0) {
		jobs_forget(r, a->ticket);
		atomic_fetch_add(&weather->forgotten, 1);
		return true;
	}
	if (got == JOB_PENDING)
		return false;
	if (got != a->want && got != JOB_FAILED)
		wrong("the answer to another question");
	atomic_fetch_add(
	    got == JOB_FAILED ? &weather->failed : &weather->answered, 1);
	return true;
}

static void
worker_live(struct region *r, uint32_t w)
{
	struct asked asked[ASKED_MAX];
	uint32_t n = 0;

	while (atomic_load(&weather->stop) == 0) {
		if (n < ASKED_MAX)
			asked_new(r, w, &asked[n++]);
		uint32_t i = random_below(n);
		if (asked_look(r, &asked[i]))
			asked[i] = asked[--n];
	}
}

static void
helper_live(struct region *r, uint32_t h)
{
	struct job j;

	while (atomic_load(&weather->stop) == 0)
		if (jobs_take(r, h, &j))
			jobs_done(r, &j, slice_eq(j.a, j.b) ? JOB_YES : JOB_NO);
}

static void
process_live(struct region *r, uint32_t who)
{
	if (who < WORKERS)
		worker_live(r, who);
	else
		helper_live(r, who - WORKERS);
}

static void
process_settle(struct region *r, uint32_t who, int status)
{
	if (who < WORKERS)
		slot_settle(r, who, status);
	else
		jobs_recover_helper(r, who - WORKERS);
}

START_TEST(a_storm_over_jobs)
{
	static const char none[JOB_BYTES];
	uint32_t kills = storm_kills(1000);
	struct region r;
	struct storm s = { .region = &r,
		.workers = WORKERS,
		.processes = WORKERS + HELPERS,
		.live = process_live,
		.settle = process_settle };

	weather = mmap(NULL, sizeof(*weather), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(weather, MAP_FAILED);
	fixture_region(&r, WORKERS);
	storm_run(&s, kills, &weather->stop);
	ck_assert_uint_eq(jobs_count(&r), 0);
	for (uint32_t i = 0; i < JOBS_MAX; i++)
		ck_assert_mem_eq(job_at(&r, i)->texts, none, sizeof(none));
	printf("storm: %u kills, %ju answers, %ju failed, %ju forgotten\n",
	    kills, (uintmax_t)atomic_load(&weather->answered),
	    (uintmax_t)atomic_load(&weather->failed),
	    (uintmax_t)atomic_load(&weather->forgotten));
	ck_assert_uint_gt(atomic_load(&weather->answered), kills);
	ck_assert_uint_gt(atomic_load(&weather->forgotten), kills / 10);
	region_fini(&r);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("storm_jobs");

	tcase_set_timeout(tc, 600);
	tcase_add_test(tc, a_storm_over_jobs);
	return fixture_run(tc, "storm_jobs");
}
