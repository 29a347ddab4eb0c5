/*
 * record_fuzz.c - any bytes as a record: what record_view takes lies within
 * them, all of it. And any bytes as a ring: whoever reads it comes to an end,
 * and gets nothing that is longer than a record.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "shm/recorder.h"
#include "shm/recorder_layout.h"

/* libFuzzer's entry point. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile unsigned seen;

/* A sanitizer looks over it. */
static void
touch(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		seen += (unsigned char)s.p[i];
}

static void
touch_request(const struct record_view *v)
{
	const struct record_request *q = v->request;

	for (int i = 0; i < RECORD_TEXTS; i++)
		touch(record_text(v, (enum record_text)i));
	for (uint32_t i = 0; i < q->attempts_kept; i++) {
		touch(slice_make(
		    (const char *)&v->attempts[i], sizeof(v->attempts[i])));
		touch(record_str(v, v->attempts[i].service));
	}
	for (uint32_t i = 0; i < q->steps; i++)
		touch(slice_make(
		    (const char *)&v->steps[i], sizeof(v->steps[i])));
	for (uint32_t i = 0; i < q->fields; i++) {
		touch(record_str(v, v->fields[i].name));
		touch(record_str(v, v->fields[i].value));
	}
}

static void
see(const void *bytes, size_t n)
{
	struct record_view v;

	if (record_view(&v, bytes, n) && v.request != NULL)
		touch_request(&v);
}

/* The length, which is right by chance only, is made right. */
static void
see_alone(const uint8_t *data, size_t size)
{
	size_t n = size / 8 * 8;
	struct record_head *copy = malloc(n + 8);

	MUST(copy != NULL);
	memcpy(copy, data, size);
	if (n >= sizeof(*copy))
		copy->bytes = (uint32_t)n;
	see(copy, n);
	free(copy);
}

/* ---- a ring ---- */

static struct region region;

static bool
ring_make(void)
{
	struct geometry g;
	struct diag d;

	diag_init(&d);
	geometry_defaults(&g, 1);
	g.images_bytes = 1u << 20;
	g.ring_bytes = 64u << 10;
	g.record_bytes = RECORDER_RING_MIN;
	g.audit_bytes = 0;
	MUST(region_create(&region, &g, &d));
	diag_fini(&d);
	return true;
}

/* Its head, then what it holds, again and again. */
static void
ring_fill(const uint8_t *data, size_t size)
{
	struct shm_recorder *head = &region.records->requests[0];
	size_t n = size < sizeof(*head) ? size : sizeof(*head);
	char *to = region.records->rings;

	memset((void *)head, 0, sizeof(*head));
	memcpy((void *)head, data, n);
	for (size_t at = 0; at < RECORDER_RING_MIN; at += size) {
		size_t left = RECORDER_RING_MIN - at;

		memcpy(to + at, data, size < left ? size : left);
	}
}

static void
ring_read(bool end)
{
	static _Alignas(8) char out[RECORD_MAX];
	struct recorder_cursor c;
	uint32_t records = 0, n;

	recorder_seek(&region, RECORDER_REQUESTS, 0, end, &c);
	while (
	    (n = recorder_next(&region, RECORDER_REQUESTS, 0, &c, out)) != 0) {
		MUST(n <= RECORD_MAX);
		MUST(++records <=
		    RECORDER_RING_MIN / sizeof(struct record_head));
		see(out, n);
	}
	(void)recorder_behind(&region, RECORDER_REQUESTS, 0, &c);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool made;

	if (size == 0 || size > RECORD_MAX)
		return 0;
	made = made || ring_make();
	see_alone(data, size);
	ring_fill(data, size);
	ring_read(false);
	ring_read(true);
	return 0;
}
