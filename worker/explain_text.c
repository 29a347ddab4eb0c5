/*
 * explain_text.c - an explanation for people.
 */
#include "worker/explain_state.h"

#include <inttypes.h>
#include <stdio.h>

const char *
explain_verdict_name(enum explain_verdict v)
{
	static const char *const names[] = { [EXPLAIN_ON] = "on",
		[EXPLAIN_DONE] = "done",
		[EXPLAIN_UNKNOWN] = "unknown" };

	return names[v];
}

const char *
explain_outcome_name(enum explain_outcome o)
{
	static const char *const names[] = { [EXPLAIN_NOTHING] = "nothing",
		[EXPLAIN_ANSWER] = "answer",
		[EXPLAIN_FORWARD] = "forward",
		[EXPLAIN_OPEN] = "unknown",
		[EXPLAIN_CLOSED] = "closed" };

	return names[o];
}

static void
text_place(const struct explain_place *p, struct text *out)
{
	if (p->line != 0)
		text_printf(out, "  (%.*s:%u)", SLICE_FMT(p->file), p->line);
}

static void
text_step(uint32_t number, const struct explain_step *s, struct text *out)
{
	char us[32] = "";

	if (s->ns != 0)
		(void)snprintf(us, sizeof(us), "%" PRIu64 ".%u us",
		    s->ns / 1000, (unsigned)(s->ns / 100 % 10));
	text_printf(out, "%2u  %-17s %-8s %10s", number, s->name,
	    explain_verdict_name(s->verdict), us);
	text_place(&s->place, out);
	text_add_char(out, '\n');
	if (s->said.n != 0)
		text_printf(out, "      %s%s%.*s\n",
		    s->why != WHY_OK ? why_table[s->why].word : "",
		    s->why != WHY_OK ? ": " : "", SLICE_FMT(s->said));
	for (const struct explain_detail *d = s->details; d != NULL;
	     d = d->next) {
		text_printf(out, "      %s %.*s", d->key, SLICE_FMT(d->value));
		text_place(&d->place, out);
		text_add_char(out, '\n');
	}
}

static void
text_head(const struct head *h, struct text *out)
{
	for (uint32_t i = 0; i < h->count; i++)
		text_printf(out, "      %.*s: %.*s\n",
		    SLICE_FMT(h->fields[i].name),
		    SLICE_FMT(h->fields[i].value));
}

static void
text_members(const struct explained *x, struct text *out)
{
	for (const struct explain_member *m = x->members; m != NULL;
	     m = m->next)
		text_printf(out, "      %.*s weight %u%s%s%s%s%s\n",
		    SLICE_FMT(m->addr), m->weight, m->backup ? " backup" : "",
		    m->chosen ? " chosen" : "", m->bar != NULL ? " (" : "",
		    m->bar != NULL ? m->bar : "", m->bar != NULL ? ")" : "");
}

static void
text_forward(const struct explained *x, struct text *out)
{
	text_printf(out, "forward to service %.*s: %.*s\n",
	    SLICE_FMT(x->service), SLICE_FMT(x->policy));
	text_members(x, out);
	text_printf(out, "    %.*s %.*s\n", SLICE_FMT(x->head.method_text),
	    SLICE_FMT(x->head.target));
	text_head(&x->head, out);
}

static void
text_outcome(const struct explained *x, struct text *out)
{
	switch (x->outcome) {
	case EXPLAIN_ANSWER:
		text_printf(out, "answer %u", x->status);
		if (x->why != WHY_OK)
			text_printf(out, " %s: %.*s", why_table[x->why].word,
			    SLICE_FMT(x->said));
		text_add_char(out, '\n');
		text_head(&x->head, out);
		break;
	case EXPLAIN_FORWARD:
		text_forward(x, out);
		break;
	case EXPLAIN_OPEN:
		text_printf(out, "unknown: %.*s\n", SLICE_FMT(x->said));
		break;
	case EXPLAIN_CLOSED:
	case EXPLAIN_NOTHING:
		text_printf(out, "the connection is closed%s%s: %.*s\n",
		    x->why != WHY_OK ? ", " : "",
		    x->why != WHY_OK ? why_table[x->why].word : "",
		    SLICE_FMT(x->said));
		break;
	}
}

void
explain_text(const struct explained *x, struct text *out)
{
	text_printf(out, "%.*s %.*s, generation %" PRIu64 "\n\n",
	    SLICE_FMT(x->ask->method), SLICE_FMT(x->ask->url), x->generation);
	for (uint32_t i = 0; i < x->count; i++)
		text_step(i + 1, &x->steps[i], out);
	text_add_char(out, '\n');
	text_outcome(x, out);
}
