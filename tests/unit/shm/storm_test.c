/*
 * storm_test.c - three workers and a master at full speed, under random kills.
 * Workers check all that they may read; a wrong byte is freed too early. In the
 * end everything can be reclaimed; what cannot was lost.
 *
 * STORM_KILLS: how many (300).
 */
#include <sys/mman.h>

#include "tests/unit/shm/storm.h"

#define WORKERS 3
#define MASTER WORKERS
#define SERVICES 3
#define KEYSETS 2
#define KEYSET_BYTES 3000
#define ADDRESSES 40
#define PINS_MAX 6
#define USES_MAX 6

/* Shared with the test: how the storm goes. */
struct weather {
	_Atomic uint32_t stop;
	_Atomic uint64_t turns, publishes; /* not lost, only to be seen */
};
static struct weather *weather;

/* ---- a worker ---- */

struct held {
	uint32_t slot;
	uint64_t generation;
};

struct used {
	struct endpoint_handle handle;
	bool pooled;
};

struct life {
	const struct region *r;
	uint32_t w;
	struct held pins[PINS_MAX];
	struct used uses[USES_MAX];
	uint32_t pin_count, use_count;
};

/* Some of its words, never the same. */
static void
held_check(const struct img_head *h, uint64_t generation, const char *what)
{
	const uint64_t *words = (const void *)(h + 1);

	if (h->magic != IMG_MAGIC || h->generation != generation ||
	    h->bytes < sizeof(*h) + 64 || h->bytes > 1 << 20)
		wrong(what);
	for (int i = 0; i < 8; i++) {
		uint32_t at = random_below((uint32_t)fixture_words(h->bytes));

		if (words[at] != fixture_word(generation, at))
			wrong(what);
	}
}

static void
use_begin(struct life *l, struct endpoint_handle h)
{
	if (l->use_count == USES_MAX)
		return;
	registry_active_add(l->r, l->w, h.index, 1);
	l->uses[l->use_count++] = (struct used){ h, false };
}

/* The connection moves between active and pooled, or ends. */
static void
use_change(struct life *l)
{
	if (l->use_count == 0)
		return;
	struct used *u = &l->uses[random_below(l->use_count)];
	uint32_t i = u->handle.index;

	if (!registry_endpoint_alive(l->r, u->handle))
		wrong("an endpoint in use was freed");
	if (random_below(3) != 0) {
		if (u->pooled) {
			registry_active_add(l->r, l->w, i, 1);
			registry_pooled_add(l->r, l->w, i, -1);
		} else {
			registry_pooled_add(l->r, l->w, i, 1);
			registry_active_add(l->r, l->w, i, -1);
		}
		u->pooled = !u->pooled;
		return;
	}
	if (u->pooled)
		registry_pooled_add(l->r, l->w, i, -1);
	else
		registry_active_add(l->r, l->w, i, -1);
	*u = l->uses[--l->use_count];
}

static void
set_check(struct life *l, const struct eset *set, uint32_t service)
{
	uint32_t weights = 0;

	if (set == NULL)
		return;
	if (set->count == 0 || set->count > ADDRESSES)
		wrong("a set has a wrong count");
	for (uint32_t i = 0; i < set->count; i++) {
		const struct eset_member *m = &set->members[i];
		struct shm_endpoint *e =
		    &l->r->state->endpoints[m->handle.index % ENDPOINTS_MAX];

		weights += m->weight;
		if (!registry_endpoint_alive(l->r, m->handle) ||
		    atomic_load(&e->service) != service ||
		    memcmp(&e->addr, &m->addr, sizeof(m->addr)) != 0)
			wrong("a member of a set is not what it was");
	}
	if (weights != set->total_weight)
		wrong("the weights of a set");
	use_begin(l, set->members[random_below(set->count)].handle);
}

static void
pin_change(struct life *l, const struct epoch_view *v)
{
	if (l->pin_count < PINS_MAX && random_below(3) == 0) {
		epoch_pin(l->r, l->w, v->slot);
		l->pins[l->pin_count++] =
		    (struct held){ v->slot, v->generation };
	}
	if (l->pin_count == 0)
		return;
	struct held *h = &l->pins[random_below(l->pin_count)];
	held_check(epoch_image(l->r, h->slot), h->generation,
	    "a pinned image was freed");
	if (random_below(3) == 0) {
		epoch_unpin(l->r, l->w, h->slot);
		*h = l->pins[--l->pin_count];
	}
}

/* All of one kind, and of the version that it says. */
static void
keyset_check(struct slice s, uint64_t version)
{
	if (version == 0)
		return;
	if (s.n != KEYSET_BYTES || memcmp(s.p, s.p + 1, s.n - 1) != 0)
		wrong("a key set was freed");
}

static void
worker_turn(struct life *l)
{
	struct epoch_view v;
	uint32_t service = random_below(SERVICES);
	uint64_t version;

	epoch_enter(l->r, l->w, &v);
	const struct eset *set = registry_set(l->r, service);
	struct slice keys = keysets_read(l->r, random_below(KEYSETS), &version);
	if (random_below(8) == 0)
		nanosleep(&(struct timespec){ 0, 50000 }, NULL);
	if (v.image != NULL) {
		held_check(v.image, v.generation, "an image was freed");
		pin_change(l, &v);
	}
	set_check(l, set, service);
	keyset_check(keys, version);
	use_change(l);
	epoch_leave(l->r, l->w);
	atomic_fetch_add(&weather->turns, 1);
}

static void
worker_live(struct region *r, uint32_t w)
{
	struct life l = { .r = r, .w = w };

	if (!region_protect_images(r))
		wrong("protecting the images");
	while (atomic_load(&weather->stop) == 0)
		worker_turn(&l);
	shm_step_hook = NULL;
	while (l.pin_count != 0)
		epoch_unpin(r, w, l.pins[--l.pin_count].slot);
	while (l.use_count != 0)
		use_change(&l);
}

/* ---- the master ---- */

static void
set_publish(struct region *r)
{
	struct eset_want want[ADDRESSES];
	uint32_t count = random_below(6);

	for (uint32_t i = 0; i < count; i++)
		want[i] =
		    fixture_want(random_below(ADDRESSES), 1 + random_below(9));
	registry_publish_set(r, random_below(SERVICES), want, count);
}

static void
keyset_publish(struct region *r)
{
	static char bytes[KEYSET_BYTES];

	memset(bytes, (int)random_below(250), sizeof(bytes));
	(void)keysets_publish(
	    r, random_below(KEYSETS), slice_make(bytes, sizeof(bytes)));
}

static void
master_live(struct region *r)
{
	char name[16];

	epoch_recover_master(r);
	registry_recover_master(r);
	keysets_recover_master(r);
	for (uint32_t i = 0; i < SERVICES; i++) {
		int n = snprintf(name, sizeof(name), "service-%u", i);

		if (registry_service(r, slice_make(name, (size_t)n)) != i)
			wrong("a service is not in its place");
	}
	while (atomic_load(&weather->stop) == 0) {
		if (epoch_reclaim(r) < IMAGES_MAX - 2 &&
		    fixture_publish(r,
			sizeof(struct img_head) + 64 + random_below(60000)) >=
			0)
			atomic_fetch_add(&weather->publishes, 1);
		set_publish(r);
		set_publish(r);
		keyset_publish(r);
		registry_reclaim(r);
		(void)keysets_reclaim(r);
	}
}

/* ---- the keeper: this test ---- */

static void
process_live(struct region *r, uint32_t who)
{
	if (who == MASTER)
		master_live(r);
	else
		worker_live(r, who);
}

static void
process_settle(struct region *r, uint32_t who, int status)
{
	if (who != MASTER)
		slot_settle(r, who, status);
}

static void
nothing_is_lost(struct region *r)
{
	uint32_t sets = 0, endpoints = 0;
	uint64_t image_bytes = 0;

	epoch_recover_master(r);
	registry_recover_master(r);
	keysets_recover_master(r);
	ck_assert(!keysets_reclaim(r));
	ck_assert_uint_eq(epoch_reclaim(r), 0);
	registry_reclaim(r);
	ck_assert_uint_eq(fixture_images(r), 1);
	for (uint32_t i = 0; i < IMAGES_MAX; i++) {
		struct epoch_info info;

		if (epoch_info(r, i, &info)) {
			ck_assert(fixture_image_whole(
			    epoch_image(r, i), info.generation));
			image_bytes =
			    (info.bytes + SHM_PAGE - 1) / SHM_PAGE * SHM_PAGE;
		}
	}
	for (uint32_t i = 0; i < SERVICES; i++) {
		const struct eset *set = registry_set(r, i);

		sets += set != NULL;
		endpoints += set != NULL ? set->count : 0;
	}
	for (uint32_t i = 0; i < KEYSETS; i++)
		sets += keysets_version(r, i) != 0;
	ck_assert_uint_eq(extent_used(r), image_bytes + sets * SHM_PAGE);
	ck_assert_uint_eq(fixture_images_held(r), extent_used(r));
	ck_assert_uint_eq(fixture_endpoints(r), endpoints);
}

START_TEST(a_storm_of_kills)
{
	struct region r;
	uint32_t kills = storm_kills(300);
	struct storm s = { .region = &r,
		.workers = WORKERS,
		.processes = WORKERS + 1,
		.live = process_live,
		.settle = process_settle };

	weather = mmap(NULL, sizeof(*weather), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(weather, MAP_FAILED);
	fixture_region(&r, WORKERS);
	storm_run(&s, kills, &weather->stop);
	nothing_is_lost(&r);
	printf("storm: %u kills, %ju turns, %ju generations\n", kills,
	    (uintmax_t)atomic_load(&weather->turns),
	    (uintmax_t)atomic_load(&weather->publishes));
	ck_assert_uint_gt(atomic_load(&weather->turns), kills);
	ck_assert_uint_gt(atomic_load(&weather->publishes), kills / 10);
	region_fini(&r);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("storm");

	tcase_set_timeout(tc, 600);
	tcase_add_test(tc, a_storm_of_kills);
	return fixture_run(tc, "storm");
}
