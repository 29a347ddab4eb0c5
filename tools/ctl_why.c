/*
 * ctl_why.c - see ctl_why.h.
 */
#include "tools/ctl_why.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "tools/ctl_table.h"
#include "tools/reason.h"

#define WHY_COLUMNS 72

/* The text in lines, each behind `indent`. */
static void
why_wrap(const char *text, const char *indent)
{
	size_t column = 0;

	for (const char *at = text; *at != '\0'; at += *at == ' ') {
		size_t n = strcspn(at, " ");

		if (at == text || column + 1 + n > WHY_COLUMNS) {
			printf("%s%s", at == text ? "" : "\n", indent);
			column = n;
		} else {
			(void)putchar(' ');
			column += 1 + n;
		}
		printf("%.*s", (int)n, at);
		at += n;
	}
	(void)putchar('\n');
}

static void
why_show(const struct reason *r)
{
	printf("%s\n", r->word);
	if (r->status != 0)
		printf("  %u %s, code %s, gRPC %u %s, fault: %s\n", r->status,
		    r->title, r->code, r->grpc, r->grpc_name, r->fault);
	else
		printf(
		    "  no answer of the gateway's own; fault: %s\n", r->fault);
	(void)putchar('\n');
	why_wrap(r->help, "  ");
	(void)putchar('\n');
	why_wrap(r->advice, "  ");
}

static json_t *
why_json(const struct reason *r)
{
	json_t *o = json_pack("{s:s, s:i, s:s, s:i, s:s, s:s, s:s, s:s, s:s}",
	    "why", r->word, "status", (int)r->status, "code", r->code, "grpc",
	    (int)r->grpc, "grpc_name", r->grpc_name, "fault", r->fault, "title",
	    r->title, "help", r->help, "advice", r->advice);

	MUST(o != NULL);
	return o;
}

/* One line each; by status, so that what is asked for is found at once. */
static void
why_list(const size_t *order, size_t count)
{
	static const char *const heading[] = { "STATUS", "REASON", "CODE",
		"FAULT" };
	struct ctl_table t;

	ctl_table_init(&t, 4, heading);
	for (size_t i = 0; i < count; i++) {
		const struct reason *r = &reasons[order[i]];

		if (r->status != 0)
			ctl_table_add(&t, "%u", r->status);
		else
			ctl_table_add(&t, "-");
		ctl_table_add(&t, "%s", r->word);
		ctl_table_add(&t, "%s", r->code[0] != '\0' ? r->code : "-");
		ctl_table_add(&t, "%s", r->fault);
	}
	ctl_table_print(&t, stdout);
	ctl_table_fini(&t);
}

static void
why_print(const struct ctl_call *c, const size_t *order, size_t count)
{
	json_t *all;

	if (!c->json && c->args[0] == NULL) {
		why_list(order, count);
		return;
	}
	all = json_array();
	for (size_t i = 0; i < count; i++) {
		if (c->json) {
			MUST(json_array_append_new(
				 all, why_json(&reasons[order[i]])) == 0);
			continue;
		}
		if (i != 0)
			(void)putchar('\n');
		why_show(&reasons[order[i]]);
	}
	if (c->json)
		(void)(json_dumpf(all, stdout, JSON_INDENT(2)) == 0 &&
		    putchar('\n'));
	json_decref(all);
}

enum ctl_exit
ctl_why(const struct ctl_call *c)
{
	size_t *order = calloc(reason_count, sizeof(*order)), count = 0;

	MUST(order != NULL);
	reason_sort(order);
	for (size_t i = 0; i < reason_count; i++)
		if (c->args[0] == NULL ||
		    reason_is(&reasons[order[i]], c->args[0]))
			order[count++] = order[i];
	if (count != 0)
		why_print(c, order, count);
	else
		(void)fprintf(stderr,
		    "penstockctl: no reason has the word, status or code "
		    "\"%s\"; `penstockctl why` lists all\n",
		    c->args[0]);
	free(order);
	return count != 0 ? CTL_DONE : CTL_REFUSED;
}
