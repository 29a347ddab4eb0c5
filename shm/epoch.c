/*
 * epoch.c - protocol A. The W, M, R and K marks are the labels of
 * tests/model/publish.pml.
 *
 *	 worker                            master
 *	 W1 e = G                          M1 state[new] = READY
 *	 W2 epoch[w] = e                   M2 pub = new
 *	 W3 cur = pub                      M3 state[old] = RETIRED
 *	    reads cur, may pin it (W4)     M4 retire[old] = ++G
 *	 W5 epoch[w] = IDLE                R1 all epoch[w] >= retire[old]?
 *	                                   R2 then all pin[w][old] == 0?
 *	                                   R3 state[old] = FREE, R4 give pages
 *
 * A worker that loads pub before M2 has announced an epoch below retire[old],
 * because M4 comes after M2; one that announces a later epoch loads pub after
 * M2 and sees the new image. So once R1 holds, no new pin of old can arise, and
 * pins read after it are final. All of it is sequentially consistent but pins:
 * they are ordered by W5 (release) and R1.
 */
#include "shm/epoch.h"

#include <errno.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/must.h"
#include "shm/extent.h"
#include "shm/image.h"
#include "shm/step.h"

#define PUB_IMAGE_BITS 16
#define PUB_IMAGE_MASK ((UINT64_C(1) << PUB_IMAGE_BITS) - 1)

static struct shm_image *
image_at(const struct region *r, uint32_t slot)
{
	MUST(slot < IMAGES_MAX);
	return &r->state->images[slot];
}

static enum image_state
image_state(const struct region *r, uint32_t slot)
{
	return atomic_load(&image_at(r, slot)->state);
}

static void
image_set_state(const struct region *r, uint32_t slot, enum image_state s)
{
	atomic_store(&image_at(r, slot)->state, s);
}

static bool
image_is_current(const struct region *r, uint32_t slot)
{
	uint64_t cur = atomic_load(&r->state->control.pub);
	return cur != 0 && (cur & PUB_IMAGE_MASK) == slot;
}

/* ---- worker ---- */

const struct img_head *
epoch_image(const struct region *r, uint32_t slot)
{
	uint64_t at = atomic_load_explicit(
	    &image_at(r, slot)->offset, memory_order_relaxed);
	MUST(at <= r->images_bytes - sizeof(struct img_head));
	return (const struct img_head *)(r->images + at);
}

const char *
epoch_secrets(const struct region *r, uint32_t slot)
{
	const char *image = (const char *)epoch_image(r, slot);

	return r->secrets + (image - r->images);
}

void
epoch_enter(const struct region *r, uint32_t w, struct epoch_view *v)
{
	struct shm_control *c = &r->state->control;

	uint64_t e = atomic_load(&c->epoch); /* W1 */
	SHM_STEP("W2");
	atomic_store(&r->state->slots[w].epoch, e);
	uint64_t cur = atomic_load(&c->pub); /* W3 */

	if (v->image != NULL && cur >> PUB_IMAGE_BITS == v->generation)
		return;
	v->generation = cur >> PUB_IMAGE_BITS;
	v->slot = (uint32_t)(cur & PUB_IMAGE_MASK);
	v->image = cur != 0 ? epoch_image(r, v->slot) : NULL;
	v->secrets = cur != 0 ? epoch_secrets(r, v->slot) : NULL;
}

void
epoch_leave(const struct region *r, uint32_t w)
{
	SHM_STEP("W5");
	atomic_store_explicit(
	    &r->state->slots[w].epoch, EPOCH_IDLE, memory_order_release);
}

void
epoch_pin(const struct region *r, uint32_t w, uint32_t slot)
{
	MUST(slot < IMAGES_MAX);
	_Atomic uint32_t *pin = &r->state->pins[w].image[slot];

	SHM_STEP("W4");
	atomic_store_explicit(pin,
	    atomic_load_explicit(pin, memory_order_relaxed) + 1,
	    memory_order_relaxed);
}

void
epoch_unpin(const struct region *r, uint32_t w, uint32_t slot)
{
	MUST(slot < IMAGES_MAX);
	_Atomic uint32_t *pin = &r->state->pins[w].image[slot];
	uint32_t n = atomic_load_explicit(pin, memory_order_relaxed);

	MUST(n != 0);
	SHM_STEP("W6");
	atomic_store_explicit(pin, n - 1, memory_order_release);
}

uint64_t
epoch_expire_below(const struct region *r)
{
	return atomic_load_explicit(
	    &r->state->control.expire_below, memory_order_relaxed);
}

/* ---- master ---- */

int
epoch_build(struct region *r, uint64_t bytes, uint64_t secret_bytes)
{
	MUST(bytes >= sizeof(struct img_head));
	uint32_t slot = 0;
	while (slot < IMAGES_MAX && image_state(r, slot) != IMAGE_FREE)
		slot++;
	if (slot == IMAGES_MAX)
		return -1;

	uint64_t at = extent_take(r,
	    bytes > secret_bytes ? bytes : secret_bytes, EXTENT_IMAGE | slot);
	if (at == 0)
		return -1;
	if (!extent_take_secrets(r, at, secret_bytes)) {
		int saved = errno;

		extent_give(r, at);
		errno = saved;
		return -1;
	}
	struct shm_image *i = image_at(r, slot);
	SHM_STEP("build_fill");
	atomic_store_explicit(&i->offset, at, memory_order_relaxed);
	atomic_store_explicit(&i->bytes, bytes, memory_order_relaxed);
	atomic_store_explicit(&i->generation, 0, memory_order_relaxed);
	atomic_store_explicit(&i->retire, 0, memory_order_relaxed);
	SHM_STEP("build_state");
	image_set_state(r, slot, IMAGE_BUILDING);
	return (int)slot;
}

char *
epoch_build_at(struct region *r, int slot)
{
	MUST(image_state(r, (uint32_t)slot) == IMAGE_BUILDING);
	return r->images +
	    atomic_load_explicit(
		&image_at(r, (uint32_t)slot)->offset, memory_order_relaxed);
}

char *
epoch_build_secrets_at(struct region *r, int slot)
{
	return r->secrets + (epoch_build_at(r, slot) - r->images);
}

/* The slot before its pages: recovery gives pages back that no slot names. */
static void
image_free(struct region *r, uint32_t slot)
{
	uint64_t at = atomic_load(&image_at(r, slot)->offset);

	SHM_STEP("R3");
	image_set_state(r, slot, IMAGE_FREE);
	SHM_STEP("R4");
	extent_give(r, at);
}

void
epoch_abandon(struct region *r, int slot)
{
	MUST(image_state(r, (uint32_t)slot) == IMAGE_BUILDING);
	image_free(r, (uint32_t)slot);
}

uint64_t
epoch_stamp(struct region *r)
{
	SHM_STEP("M4_epoch");
	return atomic_fetch_add(&r->state->control.epoch, 1) + 1;
}

static void
image_retire(struct region *r, uint32_t slot)
{
	SHM_STEP("M3");
	image_set_state(r, slot, IMAGE_RETIRED);
	uint64_t stamp = epoch_stamp(r);
	SHM_STEP("M4");
	atomic_store(&image_at(r, slot)->retire, stamp);
}

uint64_t
epoch_publish(struct region *r, int slot)
{
	struct shm_control *c = &r->state->control;
	uint32_t new = (uint32_t)slot;
	struct img_head *head =
	    (struct img_head *)(void *)epoch_build_at(r, slot);
	struct shm_image *i = image_at(r, new);
	uint64_t old = atomic_load(&c->pub);
	uint64_t generation = (old >> PUB_IMAGE_BITS) + 1;

	SHM_STEP("M1_fill");
	head->generation = generation;
	memcpy(i->digest, head->digest, sizeof(i->digest));
	atomic_store_explicit(&i->generation, generation, memory_order_relaxed);
	atomic_store_explicit(
	    &i->published_us, clock_now().us, memory_order_relaxed);
	SHM_STEP("M1");
	image_set_state(r, new, IMAGE_READY);
	SHM_STEP("M2");
	atomic_store(&c->pub, generation << PUB_IMAGE_BITS | new);
	if (old != 0)
		image_retire(r, (uint32_t)(old & PUB_IMAGE_MASK));
	return generation;
}

uint64_t
epoch_horizon(const struct region *r)
{
	uint64_t least = EPOCH_IDLE;

	SHM_STEP("R1");
	for (uint32_t w = 0; w < r->state->header.workers; w++) {
		uint64_t e = atomic_load(&r->state->slots[w].epoch);

		if (e < least)
			least = e;
	}
	return least;
}

static uint32_t
image_pins(const struct region *r, uint32_t slot)
{
	uint32_t sum = 0;

	for (uint32_t w = 0; w < r->state->header.workers; w++)
		sum += atomic_load_explicit(
		    &r->state->pins[w].image[slot], memory_order_acquire);
	return sum;
}

/* So that at most GENERATIONS_MAX of the n generations stay. */
static uint64_t
expiry_mark(uint64_t *generations, uint32_t n)
{
	if (n <= GENERATIONS_MAX)
		return 0;
	for (uint32_t i = 1; i < n; i++) {
		uint64_t g = generations[i];
		uint32_t k = i;

		for (; k > 0 && generations[k - 1] > g; k--)
			generations[k] = generations[k - 1];
		generations[k] = g;
	}
	return generations[n - GENERATIONS_MAX];
}

uint32_t
epoch_reclaim(struct region *r)
{
	uint64_t left[IMAGES_MAX];
	uint32_t n = 0;
	uint64_t horizon = epoch_horizon(r); /* R1: before any pin is read */

	for (uint32_t slot = 0; slot < IMAGES_MAX; slot++) {
		if (image_state(r, slot) != IMAGE_RETIRED)
			continue;
		if (atomic_load(&image_at(r, slot)->retire) <= horizon &&
		    image_pins(r, slot) == 0) /* R2 */
			image_free(r, slot);
		else
			left[n++] =
			    atomic_load_explicit(&image_at(r, slot)->generation,
				memory_order_relaxed);
	}
	SHM_STEP("expire");
	atomic_store_explicit(&r->state->control.expire_below,
	    expiry_mark(left, n), memory_order_relaxed);
	return n;
}

/* ---- recovery ---- */

/* An image's extent is in use when its slot is, and names it. */
static bool
extent_has_image(void *ctx, uint64_t offset, uint32_t owner)
{
	const struct region *r = ctx;
	uint32_t slot = owner & EXTENT_WHICH;

	if ((owner & EXTENT_IMAGE) == 0)
		return true;
	return slot < IMAGES_MAX && image_state(r, slot) != IMAGE_FREE &&
	    atomic_load(&image_at(r, slot)->offset) == offset;
}

void
epoch_recover_master(struct region *r)
{
	extent_map_drop(r);
	for (uint32_t slot = 0; slot < IMAGES_MAX; slot++) {
		switch (image_state(r, slot)) {
		case IMAGE_FREE:
			break;
		case IMAGE_BUILDING:
			SHM_STEP("K1");
			image_set_state(r, slot, IMAGE_FREE);
			break;
		case IMAGE_READY:
		case IMAGE_RETIRED:
			if (!image_is_current(r, slot))
				image_retire(r, slot); /* K2, K3 */
			break;
		}
	}
	extent_sweep(r, extent_has_image, r); /* K4 */
}

void
epoch_recover_worker(struct region *r, uint32_t w)
{
	for (uint32_t slot = 0; slot < IMAGES_MAX; slot++) {
		SHM_STEP("worker_pins");
		atomic_store_explicit(
		    &r->state->pins[w].image[slot], 0, memory_order_release);
	}
	SHM_STEP("worker_idle");
	atomic_store(&r->state->slots[w].epoch, EPOCH_IDLE);
}

/* ---- status ---- */

bool
epoch_digest(const struct region *r, uint8_t digest[32])
{
	uint64_t cur = atomic_load(&r->state->control.pub);

	if (cur == 0)
		return false;
	memcpy(digest, image_at(r, (uint32_t)(cur & PUB_IMAGE_MASK))->digest,
	    sizeof(r->state->images[0].digest));
	return true;
}

bool
epoch_info(const struct region *r, uint32_t slot, struct epoch_info *i)
{
	struct shm_image *m = image_at(r, slot);

	i->state = image_state(r, slot);
	i->generation =
	    atomic_load_explicit(&m->generation, memory_order_relaxed);
	i->bytes = atomic_load_explicit(&m->bytes, memory_order_relaxed);
	i->published_us =
	    atomic_load_explicit(&m->published_us, memory_order_relaxed);
	i->pins = image_pins(r, slot);
	return i->state != IMAGE_FREE;
}
