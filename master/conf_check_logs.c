/*
 * conf_check_logs.c - access_log and audit_log: what of the traffic is logged,
 * where, and how it looks.
 */
#include <string.h>

#include "common/base/must.h"
#include "common/http/http.h"
#include "master/conf_check.h"
#include "master/conf_log_fields.h"
#include "master/conf_log_to.h"
#include "master/conf_may.h"
#include "master/conf_reason.h"
#include "master/conf_source.h"
#include "master/conf_status.h"
#include "master/conf_suggest.h"
#include "master/conf_table.h"
#include "shm/audit.h"
#include "shm/log_template.h"
#include "shm/readers.h"

struct logs_check {
	struct conf *c;
	struct diag *d;
	struct map seen; /* where logs go */
};

#define COMPLAIN(lc, log, path, ...)                                  \
	do {                                                          \
		struct conf_place at_ = conf_where(                   \
		    (lc)->c, &conf_block_access_log, (log), (path));  \
		diag_error((lc)->d, at_.file, at_.line, __VA_ARGS__); \
	} while (0)

/* ---- which requests ---- */

static void
check_statuses(struct logs_check *lc, struct conf_log_when *w)
{
	struct conf_statuses all = conf_statuses_new(lc->c, w->status.count);
	const char *why;

	for (size_t i = 0; i < w->status.count; i++)
		if (!conf_status_add(&all, w->status.items[i], &why))
			diag_error(lc->d, w->status.places[i].file,
			    w->status.places[i].line, "when.status: \"%s\" %s",
			    w->status.items[i], why);
	conf_check_twice(&w->status, "when.status", lc->d);
	w->statuses = all.items;
	w->status_count = all.count;
}

static const char *
method_name(unsigned m)
{
	return m == METHOD_OTHER ? "other" : http_method_name(m).p;
}

static void
check_method(struct logs_check *lc, struct conf_log_when *w, size_t i)
{
	const char *name = w->methods.items[i];
	const struct conf_place *at = &w->methods.places[i];
	struct conf_suggest near;
	char buf[96];

	conf_suggest_init(&near, name);
	for (unsigned m = 0; m < METHOD_COUNT; m++) {
		if (strcmp(method_name(m), name) == 0) {
			w->method_bits |= UINT32_C(1) << m;
			return;
		}
		conf_suggest_offer(&near, method_name(m));
	}
	diag_error(lc->d, at->file, at->line,
	    "when.methods: there is no \"%s\" (what is not well known is "
	    "\"other\")%s",
	    name, conf_suggest_text(&near, buf, sizeof(buf)));
}

static const char *
route_name(const struct conf *c, size_t i)
{
	return c->routes[i].name;
}

static const char *
service_name(const struct conf *c, size_t i)
{
	return c->services[i].name;
}

/* Names that nothing has. */
static void
check_names(struct logs_check *lc, const struct conf_strings *names,
    const char *noun, const char *option, size_t count,
    const char *name_of(const struct conf *c, size_t i))
{
	for (size_t i = 0; i < names->count; i++) {
		const struct conf_place *at = &names->places[i];
		struct conf_suggest near;
		char buf[512];
		size_t k = 0;

		conf_suggest_init(&near, names->items[i]);
		for (; k < count; k++) {
			const char *name = name_of(lc->c, k);

			if (name != NULL && strcmp(name, names->items[i]) == 0)
				break;
			if (name != NULL)
				conf_suggest_offer(&near, name);
		}
		if (k == count)
			diag_error(lc->d, at->file, at->line,
			    "%s: there is no %s \"%s\"%s", option, noun,
			    names->items[i],
			    conf_suggest_text(&near, buf, sizeof(buf)));
	}
	conf_check_twice(names, option, lc->d);
}

static void
check_when(struct logs_check *lc, struct conf_log_when *w)
{
	check_statuses(lc, w);
	conf_reasons_read(&w->why, "when.why", w->whys, lc->d);
	for (size_t i = 0; i < w->methods.count; i++)
		check_method(lc, w, i);
	conf_check_twice(&w->methods, "when.methods", lc->d);
	check_names(lc, &w->routes, "route", "when.routes", lc->c->route_count,
	    route_name);
	check_names(lc, &w->services, "service", "when.services",
	    lc->c->service_count, service_name);
}

/* ---- what of them ---- */

static void
check_template(struct logs_check *lc, const struct conf_access_log *l)
{
	bool wanted = l->format_index == IMG_LOG_TEMPLATE;
	struct slice left = slice_str(l->template != NULL ? l->template : "");
	struct log_part part;
	const char *why;

	if (wanted && l->template == NULL)
		COMPLAIN(
		    lc, l, "format", "format: \"template\" needs a template");
	if (!wanted && l->template != NULL)
		COMPLAIN(lc, l, "template",
		    "template: the format \"%s\" has none", l->format);
	while (log_template_next(&left, &part, &why))
		;
	if (why != NULL)
		COMPLAIN(lc, l, "template", "template: \"%s\" %s \"%.*s\"",
		    l->template, why, SLICE_FMT(part.text));
}

static void
check_stars(
    struct logs_check *lc, const struct conf_strings *names, const char *option)
{
	for (size_t i = 0; i < names->count; i++)
		if (names->count > 1 && strcmp(names->items[i], "*") == 0)
			diag_error(lc->d, names->places[i].file,
			    names->places[i].line,
			    "%s: \"*\" is all of them, and stands alone",
			    option);
	conf_check_twice(names, option, lc->d);
}

static void
check_fields(struct logs_check *lc, const struct conf_access_log *l,
    const struct conf_strings *names, const char *option)
{
	/* A template names what it shows by itself. */
	if (names->count != 0 && l->format_index != IMG_LOG_JSON)
		COMPLAIN(lc, l, option, "%s: the format \"%s\" shows none",
		    option, l->format);
	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->items[i], "*") != 0 &&
		    !http_is_token(slice_str(names->items[i])))
			diag_error(lc->d, names->places[i].file,
			    names->places[i].line,
			    "%s: \"%s\" is not the name of a header field",
			    option, names->items[i]);
	check_stars(lc, names, option);
}

static void
check_sample(struct logs_check *lc, const struct conf_access_log *l)
{
	if (l->sample == 0 && !l->keep_errors)
		COMPLAIN(lc, l, "sample",
		    "sample: nothing is ever logged, since it is 0 and "
		    "keep_errors is false");
}

static void
check_access_log(struct logs_check *lc, struct conf_access_log *l)
{
	struct conf_log_place place = { &conf_block_access_log, l, l->path,
		l->facility };

	l->format_index =
	    conf_word_index(&conf_block_access_log, "format", l->format);
	conf_log_to_read(
	    lc->c, &place, &lc->seen, &l->to, &l->facility_number, lc->d);
	check_when(lc, &l->when);
	check_template(lc, l);
	check_fields(lc, l, &l->headers, "headers");
	check_fields(lc, l, &l->response_headers, "response_headers");
	check_stars(lc, &l->query, "query");
	check_sample(lc, l);
}

/* ---- the audit log ---- */

static const struct {
	const char *word;
	uint32_t bit;
} events[] = {
#define AUDIT(ID, name, help) { name, AUDIT_BIT(AUDIT_##ID) },
#include "shm/audit.def"
};
#define EVENTS (sizeof(events) / sizeof(events[0]))

static void
check_event(struct logs_check *lc, struct conf_audit_log *l, size_t i)
{
	const struct conf_place *at = &l->events.places[i];
	struct conf_suggest near;
	char buf[96];

	conf_suggest_init(&near, l->events.items[i]);
	for (size_t k = 0; k < EVENTS; k++) {
		if (strcmp(events[k].word, l->events.items[i]) == 0) {
			l->event_bits |= events[k].bit;
			return;
		}
		conf_suggest_offer(&near, events[k].word);
	}
	diag_error(lc->d, at->file, at->line,
	    "events: there is no event \"%s\"%s", l->events.items[i],
	    conf_suggest_text(&near, buf, sizeof(buf)));
}

/* penstocklog reads it, without anybody's help. */
static void
check_key(struct logs_check *lc, struct conf_audit_log *l)
{
	struct conf_source key;
	const char *fault;
	size_t n = 0, bytes;
	char *p;

	if (l->key_file == NULL)
		return;
	key = conf_source_make(lc->c, lc->d,
	    conf_where(lc->c, &conf_block_audit_log, l, "key_file"), "key_file",
	    l->key_file);
	l->key_path = conf_source_absolute(&key);
	p = conf_source_read(&key, &n);
	if (p == NULL)
		return;
	bytes = n != 0 && p[n - 1] == '\n' ? n - 1 : n;
	fault = conf_may_read(lc->c, key.path);
	if (fault != NULL)
		conf_source_error(&key, "%s", fault);
	else if (bytes < AUDIT_KEY_MIN || bytes > AUDIT_KEY_MAX)
		conf_source_error(&key,
		    "has %zu bytes, and a key has %d to %d (without the end "
		    "of line)",
		    bytes, AUDIT_KEY_MIN, AUDIT_KEY_MAX);
	conf_source_wipe(p, n);
}

/* What its lines are chained to has to stay, and so has what is beside it. */
static void
check_audit_path(struct logs_check *lc, const struct conf_audit_log *l)
{
	struct conf_place at =
	    conf_where(lc->c, &conf_block_audit_log, l, "path");
	struct slice state;
	const char *fault;

	if (l->path == NULL)
		return;
	if (l->to.to != IMG_LOG_FILE) {
		diag_error(lc->d, at.file, at.line,
		    "path: \"%s\" is no file, which an audit log has to be",
		    l->path);
		return;
	}
	state = arena_printf(&lc->c->arena, "%s.state%c", l->to.path, 0);
	fault = lc->c->no_files || state.p == NULL
	    ? NULL
	    : conf_may_write(lc->c, state.p);
	if (fault != NULL)
		diag_error(
		    lc->d, at.file, at.line, "path: \"%s\" %s", state.p, fault);
}

static void
check_audit_log(struct logs_check *lc, struct conf_audit_log *l)
{
	struct conf_log_place place = { &conf_block_audit_log, l, l->path,
		"auth" };
	size_t errors = lc->d->errors;
	uint32_t facility;

	conf_log_to_read(lc->c, &place, &lc->seen, &l->to, &facility, lc->d);
	if (lc->d->errors == errors)
		check_audit_path(lc, l);
	for (size_t i = 0; i < l->events.count; i++)
		check_event(lc, l, i);
	conf_check_twice(&l->events, "events", lc->d);
	check_key(lc, l);
	if (l->events.count == 0)
		l->event_bits = AUDIT_DEFAULT;
}

/* ---- all of them ---- */

static void
check_count(struct logs_check *lc)
{
	const struct conf_telemetry *t = &lc->c->telemetry;
	struct conf_place at;

	if (t->access_count + t->audit_count <= READERS_LOGS_MAX)
		return;
	at = t->audit_count != 0 ? t->audit_logs[t->audit_count - 1].place
				 : t->access_logs[t->access_count - 1].place;
	diag_error(lc->d, at.file, at.line,
	    "there are %zu logs, and %d are possible",
	    t->access_count + t->audit_count, READERS_LOGS_MAX);
}

void
conf_check_logs(struct conf *c, struct diag *d)
{
	struct conf_telemetry *t = &c->telemetry;
	struct logs_check lc = { .c = c, .d = d };

	map_init(&lc.seen);
	for (size_t i = 0; i < t->access_count; i++)
		check_access_log(&lc, &t->access_logs[i]);
	for (size_t i = 0; i < t->audit_count; i++)
		check_audit_log(&lc, &t->audit_logs[i]);
	check_count(&lc);
	conf_log_fields(c, d);
	map_fini(&lc.seen);
}
