/*
 * conf_check_bans.c - the rules by which addresses are banned: what counts.
 */
#include "common/base/units.h"
#include "master/conf_check.h"
#include "master/conf_reason.h"
#include "master/conf_status.h"
#include "master/conf_suggest.h"
#include "master/conf_table.h"

#define BANS_RULES_MAX 64

/*
 * Whoever is banned is not banned for that; whoever is not let in at all cannot
 * do more; and without a good PROXY header it is not known who it was.
 */
static bool
counts_never(const char *word)
{
	return conf_word_among(
	    "banned banned_closed acl_closed bad_proxy_header", word);
}

static void
unknown_reason(struct diag *d, const struct conf_place *at, const char *word)
{
	struct conf_suggest near;
	char buf[96];

	conf_suggest_init(&near, word);
	for (size_t i = 0; i < conf_reason_count; i++)
		if (conf_reasons[i].client &&
		    !counts_never(conf_reasons[i].word))
			conf_suggest_offer(&near, conf_reasons[i].word);
	diag_error(d, at->file, at->line, "why: there is no reason \"%s\"%s",
	    word, conf_suggest_text(&near, buf, sizeof(buf)));
}

static void
check_reason(struct conf_ban *b, const char *word, const struct conf_place *at,
    struct diag *d)
{
	unsigned i = conf_reason_find(word);

	if (i == conf_reason_count)
		unknown_reason(d, at, word);
	else if (!conf_reasons[i].client)
		diag_error(d, at->file, at->line,
		    "why: \"%s\" is nothing that a client has done", word);
	else if (counts_never(word))
		diag_error(d, at->file, at->line,
		    "why: \"%s\" cannot be counted", word);
	else
		b->whys[i / 64] |= UINT64_C(1) << i % 64;
}

static void
check_statuses(struct conf *c, struct conf_ban *b, struct diag *d)
{
	const struct conf_strings *s = &b->status;
	const char *why;

	b->statuses = conf_statuses_new(c, s->count);
	for (size_t i = 0; i < s->count; i++)
		if (!conf_status_add(&b->statuses, s->items[i], &why))
			diag_error(d, s->places[i].file, s->places[i].line,
			    "status: \"%s\" %s", s->items[i], why);
	conf_check_twice(s, "status", d);
}

static void
check_times(const struct conf *c, const struct conf_ban *b, struct diag *d)
{
	bool given = conf_given(&conf_block_ban, b, "time");
	struct conf_place at =
	    conf_where(c, &conf_block_ban, b, given ? "time" : "max_time");
	char time[32], most[32];

	if (b->time_us > b->max_us)
		diag_error(d, at.file, at.line,
		    "bans: time (%s) is longer than max_time (%s)",
		    units_duration_text(b->time_us, time, sizeof(time)),
		    units_duration_text(b->max_us, most, sizeof(most)));
}

static void
check_rule(struct conf *c, size_t i, struct map *names, struct diag *d)
{
	struct conf_ban *b = &c->bans[i];
	size_t first;

	if (b->name != NULL && !conf_name_claim(names, b->name, i, &first))
		diag_error(d, b->place.file, b->place.line,
		    "bans: there is a rule \"%s\" already, at %s:%d", b->name,
		    c->bans[first].place.file, c->bans[first].place.line);
	if (b->name != NULL && conf_word_among("operator others", b->name))
		diag_error(d, b->place.file, b->place.line,
		    "bans: \"%s\" stands for bans that no rule made", b->name);
	if (b->status.count == 0 && b->why.count == 0)
		diag_error(d, b->place.file, b->place.line,
		    "a ban rule needs status, or why, or both");
	check_statuses(c, b, d);
	for (size_t k = 0; k < b->why.count; k++)
		check_reason(b, b->why.items[k], &b->why.places[k], d);
	conf_check_twice(&b->why, "why", d);
	check_times(c, b, d);
}

void
conf_check_bans(struct conf *c, struct diag *d)
{
	struct map names;

	map_init(&names);
	for (size_t i = 0; i < c->ban_count; i++)
		check_rule(c, i, &names, d);
	map_fini(&names);
	if (c->ban_count > BANS_RULES_MAX)
		diag_error(d, c->bans[BANS_RULES_MAX].place.file,
		    c->bans[BANS_RULES_MAX].place.line,
		    "bans: there are %zu rules, and %d are possible",
		    c->ban_count, BANS_RULES_MAX);
}
