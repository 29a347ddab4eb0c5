/*
 * ctl_top.c - see ctl_top.h. After it has attached, nobody is asked anything:
 * what it shows is in shared memory, and stays there when processes hang.
 */
#include "tools/ctl_top.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/units.h"
#include "tools/attach.h"
#include "tools/line.h"
#include "tools/top_draw.h"
#include "tools/top_term.h"

#define INTERVAL_US 1000000
#define INTERVAL_MIN_US 100000
#define INTERVAL_MAX_US UINT64_C(3600000000)
#define FIRST_US 300000 /* nobody likes to look at nothing */

struct top {
	struct region r;
	uint64_t interval_us;
	struct top_sample before, now;
	struct top_view view;
	struct top_screen screen;
	struct top_name names[READERS_LOGS_MAX];
	uint64_t named; /* the generation that names are of; 0: none */
};

/* ---- names of logs ---- */

static void
name_add(struct top *t, const struct img_head *img, const struct img_log *l,
    const char *kind)
{
	static const char *const to[] = { [IMG_LOG_FILE] = "",
		[IMG_LOG_STDOUT] = "stdout",
		[IMG_LOG_SYSLOG] = "syslog:",
		[IMG_LOG_JOURNAL] = "journal" };
	struct slice path = img_slice(img, l->path);
	struct top_name *n = &t->names[t->screen.name_count++];

	n->id = l->id;
	(void)snprintf(n->text, sizeof(n->text), "%s %s%.*s", kind, to[l->to],
	    SLICE_FMT(path));
}

/* Of the configuration that is in force, when that is another one. */
static void
names_read(struct top *t)
{
	struct attached a;
	const struct img_log *access, *audit;
	const struct img_telemetry *from;

	if (t->named == t->now.generation || !attach_image(&t->r, &a))
		return;
	t->named = t->now.generation;
	t->screen.name_count = 0;
	from = &a.image->telemetry;
	access = img_at(a.image, from->access_logs.off);
	audit = img_at(a.image, from->audit_logs.off);
	for (uint32_t i = 0; i < from->access_logs.count; i++)
		name_add(t, a.image, &access[i], "access");
	for (uint32_t i = 0; i < from->audit_logs.count &&
	     t->screen.name_count < READERS_LOGS_MAX;
	     i++)
		name_add(t, a.image, &audit[i], "audit");
	attached_free(&a);
}

/* ---- reading ---- */

/* One more reading, and what came since the one before. */
static void
top_read(struct top *t)
{
	top_sample_fini(&t->before);
	t->before = t->now;
	top_sample_take(&t->now, &t->r);
	names_read(t);
	top_view_fini(&t->view);
	top_view_make(&t->view, &t->r, &t->before, &t->now, t->screen.order);
}

static bool
top_attach(struct top *t, const char *socket)
{
	struct diag d;
	char line[1024];
	bool ok;

	diag_init(&d);
	ok = attach_region(&t->r, socket, 0, &d);
	for (size_t i = 0; i < d.count; i++) {
		(void)diag_format(&d, i, line, sizeof(line));
		(void)fprintf(stderr, "penstockctl: %s\n", line);
	}
	diag_fini(&d);
	if (ok)
		top_sample_take(&t->now, &t->r);
	return ok;
}

static void
top_fini(struct top *t)
{
	top_view_fini(&t->view);
	top_sample_fini(&t->before);
	top_sample_fini(&t->now);
	region_fini(&t->r);
}

/* ---- once ---- */

static void
interval_wait(uint64_t us)
{
	struct timespec left = { (time_t)(us / 1000000),
		(long)(us % 1000000) * 1000 };

	while (nanosleep(&left, &left) != 0 && errno == EINTR)
		;
}

static enum ctl_exit
top_once(struct top *t, bool json)
{
	struct text out = { 0 };

	interval_wait(t->interval_us);
	top_read(t);
	if (json)
		top_json(&t->screen, &t->view, &out);
	else
		top_draw(&t->screen, &t->view, &out);
	(void)fwrite(out.p, 1, out.n, stdout);
	text_fini(&out);
	return CTL_DONE;
}

/* ---- on the screen ---- */

static void
top_show(struct top *t)
{
	struct text out = { 0 };

	top_term_size(&t->screen.columns, &t->screen.rows);
	top_draw(&t->screen, &t->view, &out);
	top_term_show(&out);
	text_fini(&out);
}

/* False: that was the last one. */
static bool
top_obey(struct top *t, int key)
{
	if (key == TOP_KEY_END || key == 'q' || key == 'Q')
		return false;
	if (key >= '1' && key < '1' + TOP_PAGES)
		t->screen.page = (enum top_page)(key - '1');
	else if (key == ' ')
		t->screen.paused = !t->screen.paused;
	else if (key == 'o') {
		t->screen.order = (t->screen.order + 1) % TOP_ORDERS;
		top_view_sort(&t->view, t->screen.order);
	}
	return true;
}

static void
top_run(struct top *t, struct top_term *term)
{
	uint64_t first = t->interval_us < FIRST_US ? t->interval_us : FIRST_US;
	uint64_t due = clock_raw_us() + first;
	int key = TOP_KEY_NONE;

	/* Nothing has happened yet. */
	top_view_make(&t->view, &t->r, &t->now, &t->now, t->screen.order);
	do {
		uint64_t now = clock_raw_us();

		if (now >= due && !t->screen.paused)
			top_read(t);
		if (now >= due)
			due = now + t->interval_us;
		top_show(t);
		key = top_term_key(term, due - now);
	} while (top_obey(t, key));
}

static enum ctl_exit
top_live(struct top *t)
{
	struct top_term term;

	t->screen.terminal = true;
	t->screen.colours = line_colours(STDOUT_FILENO);
	if (!top_term_begin(&term)) {
		(void)fprintf(
		    stderr, "penstockctl: the terminal: %s\n", strerror(errno));
		return CTL_REFUSED;
	}
	top_run(t, &term);
	top_term_end(&term);
	return CTL_DONE;
}

/* ---- the command ---- */

/* "2s", "500ms"; false with a sentence. */
static bool
interval_read(const struct ctl_call *c, uint64_t *us)
{
	const char *text = ctl_given_value(c, CTL_INTERVAL), *why = NULL;

	*us = INTERVAL_US;
	if (text == NULL || units_duration(text, us, &why)) {
		if (*us >= INTERVAL_MIN_US && *us <= INTERVAL_MAX_US)
			return true;
		why = "is not from 100ms to 1h";
	}
	(void)fprintf(
	    stderr, "penstockctl: --interval: \"%s\" %s\n", text, why);
	return false;
}

enum ctl_exit
ctl_top(const struct ctl_call *c)
{
	bool once = c->json || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO);
	struct top *t;
	enum ctl_exit e;

	for (size_t i = 0; i < c->given_count; i++)
		once |= c->given[i].option == CTL_ONCE;
	t = calloc(1, sizeof(*t));
	if (t == NULL || !interval_read(c, &t->interval_us)) {
		free(t);
		return CTL_MISUSE;
	}
	t->screen.names = t->names;
	if (!top_attach(t, c->socket)) {
		free(t);
		return CTL_REFUSED;
	}
	e = once ? top_once(t, c->json) : top_live(t);
	top_fini(t);
	free(t);
	return e;
}
