/*
 * top_sections.c - the rows of a view, by what they are about.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tools/top_inside.h"

#define HANGS_US 1000000

static void
more_draw(struct canvas *c, uint32_t shown, uint32_t all)
{
	if (shown < all)
		line_put(c, DIM, "  and %u more", all - shown);
}

/* How many rows fit into `most` lines. */
static uint32_t
rows_of(uint32_t count, unsigned most)
{
	if (most < 3)
		return 0;
	return count <= most - 2 ? count : most - 3;
}

void
services_draw(struct canvas *c, const struct top_view *v, unsigned most)
{
	uint32_t n = rows_of(v->service_count, most);
	char name[TOP_NAME_MAX], usable[24];

	line_put(c, PLAIN, "%s", "");
	line_put(c, HEADING, "%-24s %8s %8s %8s %8s %8s %8s %7s %7s", "SERVICE",
	    "RATE/s", "p50", "p95", "p99", "4xx", "5xx", "ACTIVE", "USABLE");
	for (uint32_t i = 0; i < n; i++) {
		const struct top_service *s = &v->services[i];
		bool bad = s->flow.failed != 0 ||
		    (s->endpoints != 0 && s->usable == 0);
		struct flow_text f;

		flow_write(&s->flow, &f);
		(void)snprintf(
		    usable, sizeof(usable), "%u/%u", s->usable, s->endpoints);
		line_put(c, bad ? BAD : PLAIN,
		    "%-24s %8s %8s %8s %8s %8s %8s %7u %7s",
		    s->name.n != 0 ? name_text(s->name, 24, name) : "-", f.rate,
		    f.p50, f.p95, f.p99, f.refused, f.failed, s->active,
		    s->endpoints != 0 ? usable : "-");
	}
	more_draw(c, n, v->service_count);
}

void
endpoints_draw(struct canvas *c, const struct top_view *v, unsigned most)
{
	uint32_t n = rows_of(v->endpoint_count, most);
	char name[TOP_NAME_MAX], service[TOP_NAME_MAX];

	line_put(c, PLAIN, "%s", "");
	line_put(c, HEADING, "%-16s %-22s %-7s %8s %8s %8s %8s %7s", "SERVICE",
	    "ENDPOINT", "STATE", "RATE/s", "p50", "p99", "FAILED", "ACTIVE");
	for (uint32_t i = 0; i < n; i++) {
		const struct top_endpoint *e = &v->endpoints[i];
		struct flow_text f;

		flow_write(&e->flow, &f);
		line_put(c, !e->usable || e->flow.failed != 0 ? BAD : PLAIN,
		    "%-16s %-22s %-7s %8s %8s %8s %8s %7u",
		    name_text(e->service, 16, service),
		    name_text(e->name, 22, name), e->usable ? "usable" : "out",
		    f.rate, f.p50, f.p99, f.failed, e->active);
	}
	more_draw(c, n, v->endpoint_count);
}

void
reasons_draw(struct canvas *c, const struct top_view *v, unsigned most)
{
	uint32_t n = rows_of(v->reason_count, most);
	char rate[TOP_TEXT], status[8];

	if (v->reason_count == 0)
		return;
	line_put(c, PLAIN, "%s", "");
	line_put(c, HEADING, "%-24s %8s %8s  %s", "REASON", "RATE/s", "STATUS",
	    "FAULT");
	for (uint32_t i = 0; i < n; i++) {
		const struct top_reason *w = &v->reasons[i];
		bool ours = strcmp(w->fault, "gateway") == 0 ||
		    strcmp(w->fault, "upstream") == 0;

		(void)snprintf(status, sizeof(status), "%u", w->status);
		line_put(c, ours ? BAD : PLAIN, "%-24s %8s %8s  %s", w->word,
		    top_rate_text(w->rate, rate), w->status != 0 ? status : "-",
		    w->fault);
	}
	more_draw(c, n, v->reason_count);
}

void
breakers_draw(struct canvas *c, const struct top_view *v, unsigned most)
{
	uint32_t n = rows_of(v->breaker_count, most);
	char name[TOP_NAME_MAX], service[TOP_NAME_MAX], wait[TOP_TEXT];

	if (v->breaker_count == 0)
		return;
	line_put(c, PLAIN, "%s", "");
	line_put(c, HEADING, "%-24s %-24s %-10s %s", "BREAKER OF", "ENDPOINT",
	    "STATE", "FOR");
	for (uint32_t i = 0; i < n; i++) {
		const struct top_breaker *b = &v->breakers[i];

		line_put(c, BAD, "%-24s %-24s %-10s %s",
		    name_text(b->service, 24, service),
		    b->endpoint.n != 0 ? name_text(b->endpoint, 24, name)
				       : "(all of it)",
		    breaker_state_name(b->state),
		    b->wait_us != 0 ? top_age_text(b->wait_us / 1000000, wait)
				    : "-");
	}
	more_draw(c, n, v->breaker_count);
}

void
limits_draw(struct canvas *c, const struct top_view *v, unsigned most)
{
	uint32_t n = rows_of(v->limit_count, most);
	char name[TOP_NAME_MAX], rate[TOP_TEXT];

	if (v->limit_count == 0)
		return;
	line_put(c, PLAIN, "%s", "");
	line_put(c, HEADING, "%-24s %8s", "LIMIT", "REFUSED/s");
	for (uint32_t i = 0; i < n; i++)
		line_put(c, PLAIN, "%-24s %9s",
		    name_text(v->limits[i].name, 24, name),
		    top_rate_text(v->limits[i].rate, rate));
	more_draw(c, n, v->limit_count);
}

/* A state, or for how long it was not heard of. */
static bool
worker_state(const struct top_worker *w, char buf[24])
{
	char age[TOP_TEXT];
	bool lives =
	    w->slot.state == SLOT_READY || w->slot.state == SLOT_DRAINING;
	bool hangs = lives && w->beat_age_us > HANGS_US;

	if (hangs)
		(void)snprintf(buf, 24, "hangs %s",
		    top_age_text(w->beat_age_us / 1000000, age));
	else
		(void)snprintf(buf, 24, "%s",
		    slot_state_name((enum slot_state)w->slot.state));
	return lives && !hangs;
}

void
workers_draw(struct canvas *c, const struct top_view *v, unsigned most)
{
	uint32_t n = rows_of(v->worker_count, most);
	char state[24], rate[TOP_TEXT], lag[TOP_TEXT];

	line_put(c, PLAIN, "%s", "");
	line_put(c, HEADING, "%-6s %8s %-12s %8s %8s %11s %8s %8s", "WORKER",
	    "PID", "STATE", "RESTARTS", "RATE/s", "CONNECTIONS", "LAG",
	    "PRESSURE");
	for (uint32_t i = 0; i < n; i++) {
		const struct top_worker *w = &v->workers[i];
		bool good = worker_state(w, state);

		line_put(c, good ? PLAIN : BAD,
		    "%-6u %8d %-12s %8u %8s %11" PRIu64 " %8s %8u", i,
		    (int)w->slot.pid, state, w->slot.restarts,
		    top_rate_text(w->rate, rate), w->connections,
		    w->slot.lag_us != 0 ? top_time_text(w->slot.lag_us, lag)
					: "-",
		    w->slot.pressure);
	}
	more_draw(c, n, v->worker_count);
}

static void
log_draw(struct canvas *c, const struct top_log *l)
{
	char id[24], lines[TOP_TEXT], bytes[TOP_TEXT], lost[TOP_TEXT];
	char name[TOP_NAME_MAX];

	line_put(c, l->lost != 0 || l->error != 0 ? BAD : PLAIN,
	    "%-36s %8s %8s %8s %8" PRIu64 "  %s",
	    name_text(slice_str(top_log_name(c->s, l->id, id)), 36, name),
	    top_rate_text(l->lines, lines), top_rate_text(l->bytes, bytes),
	    top_rate_text(l->lost, lost), l->lost_so_far,
	    l->error != 0 ? strerror(l->error) : "");
}

void
logs_draw(struct canvas *c, const struct top_view *v, unsigned most)
{
	uint32_t n = rows_of(v->log_count, most > 1 ? most - 1 : 0);
	char records[TOP_TEXT], lost[TOP_TEXT], spans[TOP_TEXT];
	char spans_lost[TOP_TEXT];

	if (!v->reader && v->log_count == 0)
		return;
	line_put(c, PLAIN, "%s", "");
	line_put(c, HEADING, "%-36s %8s %8s %8s %8s", "LOG", "LINES/s",
	    "BYTES/s", "LOST/s", "LOST");
	line_put(c, v->records_lost != 0 || !v->reader ? BAD : DIM,
	    "%srecords %s/s, %s/s lost; spans %s/s, %s/s lost",
	    v->reader ? "" : "nobody reads: ",
	    top_rate_text(v->records, records),
	    top_rate_text(v->records_lost, lost),
	    top_rate_text(v->spans, spans),
	    top_rate_text(v->spans_lost, spans_lost));
	for (uint32_t i = 0; i < n; i++)
		log_draw(c, &v->logs[i]);
	more_draw(c, n, v->log_count);
}
