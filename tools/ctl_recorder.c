/*
 * ctl_recorder.c - see ctl_recorder.h.
 */
#include "tools/ctl_recorder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shm/recorder.h"
#include "tools/attach.h"
#include "tools/ctl_record.h"

#define COUNT_DEFAULT 20
#define COUNT_MAX 100000

/* Copies of the youngest records of a worker; the next one takes `at`. */
struct lately {
	struct record_head **records; /* NULL: none yet */
	uint32_t room, at;
};

static void
lately_free(struct lately *l)
{
	for (uint32_t i = 0; l->records != NULL && i < l->room; i++)
		free(l->records[i]);
	free(l->records);
}

static void
lately_add(struct lately *l, const void *bytes, uint32_t n)
{
	struct record_head *copy = malloc(n);

	if (copy == NULL)
		return;
	memcpy(copy, bytes, n);
	free(l->records[l->at]);
	l->records[l->at] = copy;
	l->at = (l->at + 1) % l->room;
}

/* What the worker has written, from the oldest on that is left. */
static void
lately_read(struct lately *l, const struct region *r, uint32_t w)
{
	_Alignas(8) static char bytes[RECORD_MAX];
	struct recorder_cursor c;
	struct record_view v;
	uint32_t n;

	recorder_seek(r, RECORDER_REQUESTS, w, false, &c);
	while ((n = recorder_next(r, RECORDER_REQUESTS, w, &c, bytes)) != 0)
		if (record_view(&v, bytes, n) && v.request != NULL)
			lately_add(l, bytes, n);
}

/* ---- what is asked for ---- */

struct asked {
	uint32_t count;
	uint32_t worker; /* UINT32_MAX: all */
};

/* False with a sentence on stderr. */
static bool
number_given(const struct ctl_call *c, enum ctl_option o, uint64_t least,
    uint64_t most, uint32_t *to)
{
	const char *text = ctl_given_value(c, o);
	char *end = NULL;
	unsigned long n;

	if (text == NULL)
		return true;
	n = strtoul(text, &end, 10);
	if (text[0] >= '0' && text[0] <= '9' && *end == '\0' && n >= least &&
	    n <= most) {
		*to = (uint32_t)n;
		return true;
	}
	(void)fprintf(stderr,
	    "penstockctl: --%s takes a number, %llu to %llu\n",
	    ctl_option_name(o), (unsigned long long)least,
	    (unsigned long long)most);
	return false;
}

/* ---- showing ---- */

/* By time, and those of one worker as they were written. */
static int
record_order(const void *a, const void *b)
{
	const struct record_head *x = *(struct record_head *const *)a;
	const struct record_head *y = *(struct record_head *const *)b;

	if (x->wall_us != y->wall_us)
		return x->wall_us < y->wall_us ? -1 : 1;
	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

static void
show_json(struct record_head *const *records, size_t n, struct line_format *f)
{
	struct record_view v;
	struct text t = { 0 };
	struct json j;

	json_init(&j, &t);
	json_object_begin(&j, NULL);
	json_array_begin(&j, "records");
	for (size_t i = 0; i < n; i++)
		if (record_view(&v, records[i], records[i]->bytes))
			ctl_record_json(&j, &v, f);
	json_array_end(&j);
	json_object_end(&j);
	(void)printf("%.*s\n", (int)t.n, t.p);
	text_fini(&t);
}

static void
show_table(struct record_head *const *records, size_t n, struct line_format *f)
{
	struct record_view v;
	struct ctl_table t;

	ctl_table_init(&t, CTL_RECORD_COLUMNS, ctl_record_heading);
	for (size_t i = 0; i < n; i++)
		if (record_view(&v, records[i], records[i]->bytes))
			ctl_record_row(&t, &v, f);
	ctl_table_print(&t, stdout);
	ctl_table_fini(&t);
}

/* Those of all workers that were asked for: sorted, the last `count` of them.
 */
static void
show(const struct ctl_call *c, const struct asked *a, struct lately *of,
    uint32_t workers, struct line_format *f)
{
	struct record_head **all =
	    calloc((size_t)workers * a->count, sizeof(struct record_head *));
	size_t n = 0, from;

	for (uint32_t w = 0; all != NULL && w < workers; w++)
		for (uint32_t i = 0; i < of[w].room; i++)
			if (of[w].records[i] != NULL)
				all[n++] = of[w].records[i];
	if (n != 0)
		qsort(all, n, sizeof(struct record_head *), record_order);
	from = n > a->count ? n - a->count : 0;
	if (all != NULL && c->json)
		show_json(all + from, n - from, f);
	else if (all != NULL)
		show_table(all + from, n - from, f);
	free(all);
}

/* With the masks of now. */
static struct line_format *
format_of(const struct region *r)
{
	struct attached a;
	bool there = attach_image(r, &a);
	struct line_format *f = line_format_new(there ? a.image : NULL);

	if (there)
		attached_free(&a);
	return f;
}

static void
show_region(
    const struct ctl_call *c, const struct asked *a, const struct region *r)
{
	uint32_t workers = r->workers;
	struct lately of[WORKERS_MAX] = { 0 };
	struct line_format *f = format_of(r);

	for (uint32_t w = 0; w < workers; w++) {
		if (a->worker != UINT32_MAX && a->worker != w)
			continue;
		of[w].records = calloc(a->count, sizeof(struct record_head *));
		if (of[w].records == NULL)
			continue;
		of[w].room = a->count;
		lately_read(&of[w], r, w);
	}
	show(c, a, of, workers, f);
	line_format_free(f);
	for (uint32_t w = 0; w < workers; w++)
		lately_free(&of[w]);
}

enum ctl_exit
ctl_recorder(const struct ctl_call *c)
{
	struct asked a = { COUNT_DEFAULT, UINT32_MAX };
	enum ctl_exit code = CTL_REFUSED;
	char said[512];
	struct region r;
	struct diag d;

	if (!number_given(c, CTL_COUNT, 1, COUNT_MAX, &a.count) ||
	    !number_given(c, CTL_WORKER, 0, WORKERS_MAX - 1, &a.worker))
		return CTL_MISUSE;
	diag_init(&d);
	if (attach_region(&r, c->socket, 0, &d)) {
		if (r.record_bytes == 0)
			(void)fputs("penstockctl: nothing is recorded "
				    "(recorder.ring is 0)\n",
			    stderr);
		else
			code = CTL_DONE;
		if (code == CTL_DONE)
			show_region(c, &a, &r);
		region_fini(&r);
	} else if (diag_format(&d, 0, said, sizeof(said)) > 0) {
		(void)fprintf(stderr, "penstockctl: %s\n", said);
	}
	diag_fini(&d);
	return code;
}
