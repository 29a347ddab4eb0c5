/*
 * fixture.h - a small region for the tests of shm, and images and endpoints to
 * put into it.
 */
#ifndef TESTS_UNIT_SHM_FIXTURE_H
#define TESTS_UNIT_SHM_FIXTURE_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/diag.h"
#include "common/base/hash.h"
#include "shm/epoch.h"
#include "shm/extent.h"
#include "shm/image.h"
#include "shm/recorder_layout.h"
#include "shm/region.h"
#include "shm/registry.h"

#define FIXTURE_IMAGES (64u << 20)
#define FIXTURE_RING (64u << 10)
#define FIXTURE_RECORDS RECORDER_RING_MIN
#define FIXTURE_SECRETS 4000 /* bytes of each image */

static inline void
fixture_region(struct region *r, uint32_t workers)
{
	struct geometry g;
	struct diag d;

	diag_init(&d);
	geometry_defaults(&g, workers);
	g.images_bytes = FIXTURE_IMAGES;
	g.ring_bytes = FIXTURE_RING;
	g.record_bytes = g.audit_bytes = FIXTURE_RECORDS;
	ck_assert(region_create(r, &g, &d));
	diag_fini(&d);
}

/* Word i of an image of this generation, behind its head. */
static inline uint64_t
fixture_word(uint64_t generation, uint64_t i)
{
	return hash_u64(generation << 32 | i);
}

static inline uint64_t
fixture_words(uint64_t bytes)
{
	return (bytes - sizeof(struct img_head)) / sizeof(uint64_t);
}

/* Builds and publishes an image of `bytes`; returns its slot, -1: no room. */
static inline int
fixture_publish(struct region *r, uint64_t bytes)
{
	uint64_t next = (atomic_load(&r->state->control.pub) >> 16) + 1;
	int slot = epoch_build(r, bytes, FIXTURE_SECRETS);

	if (slot < 0)
		return -1;
	uint64_t *secrets = (void *)epoch_build_secrets_at(r, slot);
	for (uint64_t i = 0; i < FIXTURE_SECRETS / 8; i++)
		secrets[i] = fixture_word(~next, i);
	struct img_head *h = (void *)epoch_build_at(r, slot);
	uint64_t *words = (void *)(h + 1);
	memset(h, 0, sizeof(*h));
	h->magic = IMG_MAGIC;
	h->bytes = bytes;
	memset(h->digest, (int)next, sizeof(h->digest));
	for (uint64_t i = 0; i < fixture_words(bytes); i++)
		words[i] = fixture_word(next, i);
	ck_assert_uint_eq(epoch_publish(r, slot), next);
	return slot;
}

/* True when the image is whole and of its own generation. */
static inline bool
fixture_image_whole(const struct img_head *h, uint64_t generation)
{
	const uint64_t *words = (const void *)(h + 1);

	if (h->magic != IMG_MAGIC || h->generation != generation)
		return false;
	for (uint64_t i = 0; i < fixture_words(h->bytes); i++)
		if (words[i] != fixture_word(generation, i))
			return false;
	return true;
}

/* True when the secrets are those of that generation. */
static inline bool
fixture_secrets_whole(
    const struct region *r, uint32_t slot, uint64_t generation)
{
	const uint64_t *words = (const void *)epoch_secrets(r, slot);

	for (uint64_t i = 0; i < FIXTURE_SECRETS / 8; i++)
		if (words[i] != fixture_word(~generation, i))
			return false;
	return true;
}

/* Endpoint 10.0.x.y:80 with a label of its own. */
static inline struct eset_want
fixture_want(uint32_t n, uint32_t weight)
{
	static char labels[1024][16];
	struct eset_want w = { .weight = weight };
	char *label = labels[n % 1024];

	snprintf(label, sizeof(labels[0]), "label-%u", n % 1024);
	w.label = slice_str(label);
	w.addr.ip[10] = w.addr.ip[11] = 0xff;
	w.addr.ip[12] = 10;
	w.addr.ip[14] = (uint8_t)(n >> 8);
	w.addr.ip[15] = (uint8_t)n;
	w.addr.port = 80;
	return w;
}

/* Bytes of memory that the images memfd really holds. */
static inline uint64_t
fixture_images_held(const struct region *r)
{
	struct stat st;

	ck_assert_int_eq(fstat(r->images_fd, &st), 0);
	return (uint64_t)st.st_blocks * 512;
}

/* The same of the secrets, but for their first page. */
static inline uint64_t
fixture_secrets_held(const struct region *r)
{
	struct stat st;

	ck_assert_int_eq(fstat(r->secrets_fd, &st), 0);
	return (uint64_t)st.st_blocks * 512 - SHM_PAGE;
}

/* Endpoint slots that are not free. */
static inline uint32_t
fixture_endpoints(const struct region *r)
{
	struct endpoint_info info;
	uint32_t n = 0;

	for (uint32_t i = 0; i < ENDPOINTS_MAX; i++)
		n += registry_endpoint_info(r, i, &info);
	return n;
}

static inline uint32_t
fixture_images(const struct region *r)
{
	struct epoch_info info;
	uint32_t n = 0;

	for (uint32_t i = 0; i < IMAGES_MAX; i++)
		n += epoch_info(r, i, &info);
	return n;
}

static inline int
fixture_run(TCase *tc, const char *name)
{
	Suite *suite = suite_create(name);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
