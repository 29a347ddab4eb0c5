/*
 * record_speed.c - what a worker pays for the record of a request: nanoseconds
 * of one process, the best of some rounds, for a ring that its caches hold and
 * for one that they do not; with and without many attempts and fields.
 */
#include <stdio.h>
#include <time.h>

#include "common/base/must.h"
#include "shm/image.h"
#include "shm/record.h"
#include "shm/recorder_layout.h"
#include "shm/registry.h"
#include "worker/watch/record.h"

#define ROUNDS 15
#define RECORDS 100000

static struct {
	struct img_head head;
	struct img_record_field any;
	char star[8];
} image = { .star = "*" };
static struct field fields[] = {
	{ SLICE_LIT("Host"), SLICE_LIT("api.example"), FIELD_HOST },
	{ SLICE_LIT("User-Agent"),
	    SLICE_LIT("Mozilla/5.0 (X11; Linux x86_64; rv:109.0) "
		      "Gecko/20100101 Firefox/115.0"),
	    FIELD_USER_AGENT },
	{ SLICE_LIT("Accept"), SLICE_LIT("*/*"), FIELD_ACCEPT },
};
static struct req_try tries[RECORD_ATTEMPTS_MAX];
static struct env env;

static double
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static struct req
request(struct region *r)
{
	struct req q = { .env = &env,
		.status = 200,
		.generation = 1,
		.grpc_status = -1,
		.passed = 18,
		.ran = 0x3ff,
		.attempts = 1,
		.tries = &tries[0],
		.request_id = SLICE_LIT("0123456789abcdef0123456789abcdef"),
		.began = clock_now() };

	q.plan.row = registry_route(r, SLICE_LIT("/api/users/:id"));
	q.plan.name = registry_route_named(r, q.plan.row);
	q.plan.service = registry_service(r, SLICE_LIT("users"));
	q.head = (struct head){ .method_text = SLICE_LIT("GET"),
		.version = HTTP_1_1,
		.target = SLICE_LIT("/api/users/1234567?page=2"),
		.host = SLICE_LIT("api.example"),
		.count = sizeof(fields) / sizeof(fields[0]),
		.fields = fields };
	for (uint32_t i = 0; i < q.head.count; i++)
		q.head.present |= UINT64_C(1) << fields[i].id;
	return q;
}

static void
measure(const char *what, const struct req *q)
{
	double best = 1e18;

	for (int round = 0; round < ROUNDS; round++) {
		double ns, began = now_ns();

		for (int i = 0; i < RECORDS; i++)
			record_request(q);
		ns = (now_ns() - began) / RECORDS;
		best = ns < best ? ns : best;
	}
	printf("%-36s %6.1f ns\n", what, best);
}

static void
region_make(struct region *r, uint32_t bytes)
{
	struct geometry g;
	struct diag d;

	diag_init(&d);
	geometry_defaults(&g, 1);
	g.images_bytes = 1u << 20;
	g.record_bytes = bytes;
	MUST(region_create(r, &g, &d));
	diag_fini(&d);
	(void)clock_update();
	env = (struct env){ .region = r };
	env.view.image = &image.head;
}

/* Of all that can be many, as much as a record has. */
static void
make_much(struct req *q)
{
	for (int i = 1; i < RECORD_ATTEMPTS_MAX; i++)
		tries[i].before = &tries[i - 1];
	q->tries = &tries[RECORD_ATTEMPTS_MAX - 1];
	image.any.name = (struct img_str){ offsetof(typeof(image), star), 1 };
	image.head.telemetry.query = 1;
	image.head.telemetry.fields =
	    (struct img_span){ offsetof(typeof(image), any), 1 };
}

int
main(void)
{
	struct region r;
	struct req q;

	region_make(&r, 0);
	q = request(&r);
	measure("no ring", &q);
	region_fini(&r);
	region_make(&r, RECORDER_RING_MIN);
	q = request(&r);
	measure("a ring of 256 KB", &q);
	region_fini(&r);
	region_make(&r, 4u << 20);
	q = request(&r);
	measure("a ring of 4 MB", &q);
	make_much(&q);
	measure("the same, 8 attempts and all fields", &q);
	region_fini(&r);
	return 0;
}
