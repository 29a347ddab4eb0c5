/*
 * ctl_record.c - see ctl_record.h: rows for people. ctl_record_json.c has the
 * rest.
 */
#include "tools/ctl_record.h"

#include "common/base/clock.h"
#include "common/base/text.h"

#define CELL_MAX 64

const char *const ctl_record_heading[CTL_RECORD_COLUMNS] = { "AT", "WORKER",
	"CLIENT", "METHOD", "TARGET", "STATUS", "WHY", "MS", "ROUTE", "CALLS" };

const char *
ctl_record_why(unsigned why)
{
	static const char *const words[] = {
#define WHY(id, word, status, code, grpc, fault, title, help) word,
#include "worker/flow/why.def"
	};

	return why < sizeof(words) / sizeof(words[0]) ? words[why] : "unknown";
}

/* What a client has sent is not to act on the terminal. */
static void
add_text(struct text *t, struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		text_add_char(t, c > ' ' && c < 0x7f ? s.p[i] : '?');
	}
}

/* One text behind another, not longer than a cell is wide. */
static void
add_cell(struct ctl_table *table, const struct record_view *v,
    struct line_format *f, enum record_text a, enum record_text b)
{
	struct text t = { 0 };

	add_text(&t, line_shown(f, v, a));
	add_text(&t, line_shown(f, v, b));
	if (t.n == 0)
		ctl_table_add(table, "-");
	else if (t.n > CELL_MAX)
		ctl_table_add(table, "%.*s...", CELL_MAX - 3, t.p);
	else
		ctl_table_add(table, "%.*s", (int)t.n, t.p);
	text_fini(&t);
}

/* "10.0.0.1:80 502 reset 12.3 ms" */
static void
add_call(
    struct text *t, const struct record_view *v, const struct record_attempt *a)
{
	char addr[ADDR_TEXT_MAX];

	(void)addr_text(&a->addr, addr);
	text_printf(t, "%s%s", t->n != 0 ? ", " : "", addr);
	if (a->service.len != 0) {
		text_add(t, SLICE_LIT(" of "));
		add_text(t, record_str(v, a->service));
	}
	if ((a->flags & RECORD_BARRED) != 0) {
		text_add(t, SLICE_LIT(" barred"));
		return;
	}
	if (a->status != 0)
		text_printf(t, " %u", a->status);
	if (a->why != 0)
		text_printf(t, " %s", ctl_record_why(a->why));
	text_printf(
	    t, " %u.%u ms", a->total_us / 1000, a->total_us % 1000 / 100);
}

static void
add_calls(struct ctl_table *table, const struct record_view *v)
{
	struct text t = { 0 };

	for (uint32_t i = 0; i < v->request->attempts_kept; i++)
		add_call(&t, v, &v->attempts[i]);
	ctl_table_add(
	    table, "%.*s", t.n != 0 ? (int)t.n : 1, t.n != 0 ? t.p : "-");
	text_fini(&t);
}

void
ctl_record_row(
    struct ctl_table *t, const struct record_view *v, struct line_format *f)
{
	const struct record_request *q = v->request;
	char when[WALL_TEXT_BYTES], client[ADDR_TEXT_MAX];

	wall_text((struct wall){ q->head.wall_us }, when);
	(void)addr_ip_text(&q->client, client);
	ctl_table_add(t, "%s", when);
	ctl_table_add(t, "%u", q->worker);
	ctl_table_add(t, "%s", client);
	add_cell(t, v, f, RECORD_METHOD, RECORD_TEXTS);
	add_cell(t, v, f, RECORD_HOST, RECORD_PATH);
	if (q->status != 0)
		ctl_table_add(t, "%u%s", q->status,
		    (q->flags & RECORD_CUT) != 0 ? " cut" : "");
	else
		ctl_table_add(t, "-");
	ctl_table_add(t, "%s", ctl_record_why(q->why));
	ctl_table_add(t, "%llu.%llu", (unsigned long long)q->duration_us / 1000,
	    (unsigned long long)q->duration_us % 1000 / 100);
	add_cell(t, v, f, RECORD_ROUTE, RECORD_TEXTS);
	add_calls(t, v);
}
