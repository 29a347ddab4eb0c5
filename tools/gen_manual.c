/*
 * gen_manual.c - prints, as mdoc, the tables of the manual that the program
 * itself uses: options, reasons, filters, what logs have. Runs at build time
 * only.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "master/conf_show.h"
#include "master/metrics.h"
#include "shm/image.h"
#include "tools/reason.h"

/* What is to be typed, up to the next "`", and punctuation behind it. */
static const char *
typed_print(const char *p)
{
	printf(".Ql ");
	for (; *p != '`'; p++)
		if (*p == '"')
			printf("\\(dq");
		else
			putchar(*p);
	if (p[1] != '\0' && strchr(".,;:)", p[1]) != NULL)
		printf(" %c", *++p);
	putchar('\n');
	return p + (p[1] == ' ');
}

/* Sentences, of which each begins a line. */
static void
text_print(const char *text)
{
	bool begun = false; /* a line is */

	for (const char *p = text; *p != '\0'; p++) {
		bool typed = *p == '`';
		bool ends = *p == ' ' && p[-1] == '.';

		if ((typed || ends) && begun)
			putchar('\n');
		if (typed)
			p = typed_print(p + 1);
		else if (!ends)
			putchar(*p);
		begun = !typed && !ends;
	}
	if (begun)
		putchar('\n');
}

static void
reason_print(const struct reason *r)
{
	printf(".Ss %s\n", r->word);
	if (r->status != 0)
		printf("Status %u, %s; code\n.Li %s ;\ngRPC %u, %s; fault: "
		       "%s.\n",
		    r->status, r->title, r->code, r->grpc, r->grpc_name,
		    r->fault);
	else
		printf("No answer of its own; fault: %s.\n", r->fault);
	printf(".Pp\n");
	text_print(r->help);
	printf(".Pp\n");
	text_print(r->advice);
}

/* "503: no_endpoint, breaker_open, ..." */
static void
index_print(const size_t *order)
{
	printf(".Bl -tag -width Ds\n");
	for (size_t i = 0; i < reason_count; i++) {
		const struct reason *r = &reasons[order[i]];
		bool first =
		    i == 0 || reasons[order[i - 1]].status != r->status;
		bool last = i + 1 == reason_count ||
		    reasons[order[i + 1]].status != r->status;

		if (first && r->status != 0)
			printf(".It %u\n", r->status);
		else if (first)
			printf(".It none\n");
		printf(".Sx %s%s\n", r->word, last ? "" : " ,");
	}
	printf(".El\n");
}

static void
by_status_print(void)
{
	size_t *order = calloc(reason_count, sizeof(*order));

	if (order == NULL)
		return;
	reason_sort(order);
	index_print(order);
	for (size_t i = 0; i < reason_count; i++)
		reason_print(&reasons[order[i]]);
	free(order);
}

static void
filters_print_mdoc(void)
{
	printf(".Bl -enum\n");
#define FILTER(ID, name, help) printf(".It\n.Sy %s\n%s.\n", name, help);
#include "shm/filters.def"
	printf(".El\n");
}

/* Half a sentence as a whole one; a sentence begins a line. */
static void
item_print(const char *name, const char *help)
{
	bool small = help[0] >= 'a' && help[0] <= 'z';

	printf(".It Li %s\n%c", name, small ? help[0] & ~0x20 : help[0]);
	for (help++; *help != '\0'; help++)
		putchar(*help == ' ' && help[-1] == '.' ? '\n' : *help);
	printf(".\n");
}

/* The name, with the type and the unit behind it. */
static void
log_field_print(
    const char *name, const char *type, const char *unit, const char *help)
{
	bool text = strcmp(type, "NUMBER") != 0 && strcmp(type, "DECIMAL") != 0;
	char head[128];

	snprintf(head, sizeof(head), "%s Pq %s%s%s", name,
	    text ? "text" : "number", *unit != '\0' ? ", " : "", unit);
	item_print(head, help);
}

static void
log_fields_print(void)
{
	printf(".Bl -tag -width Ds\n");
#define LOG_FIELD(ID, name, type, unit, help) \
	log_field_print(name, #type, unit, help);
#include "shm/log_fields.def"
	printf(".El\n");
}

static void
audit_events_print(void)
{
	printf(".Bl -tag -width Ds\n");
#define AUDIT(ID, name, help) item_print(name, help);
#include "shm/audit.def"
	printf(".El\n");
}

static void
metric_print(void *ctx, const struct metric_info *i)
{
	const char *help = i->help;

	(void)ctx;
	printf(".It Li penstock_%.*s", SLICE_FMT(i->name));
	if (i->labels.n != 0)
		printf("{%.*s}", SLICE_FMT(i->labels));
	printf("\n.Pq %s\n", metric_type_word(i->type));
	for (; *help != '\0'; help++)
		putchar(*help == ' ' && help[-1] == '.' ? '\n' : *help);
	putchar('\n');
}

static void
metrics_print(void)
{
	printf(".Bl -tag -width Ds\n");
	metrics_each(metric_print, NULL);
	printf(".El\n");
}

/* For tests: what alerts and dashboards may name. */
static void
metric_name_print(void *ctx, const struct metric_info *i)
{
	(void)ctx;
	printf("penstock_%.*s %s %.*s\n", SLICE_FMT(i->name),
	    metric_type_word(i->type), SLICE_FMT(i->labels));
}

int
main(int argc, char **argv)
{
	const char *what = argc == 2 ? argv[1] : "";

	if (strcmp(what, "options") == 0) {
		conf_options_mdoc(stdout);
	} else if (strcmp(what, "reasons") == 0) {
		by_status_print();
	} else if (strcmp(what, "filters") == 0) {
		filters_print_mdoc();
	} else if (strcmp(what, "log_fields") == 0) {
		log_fields_print();
	} else if (strcmp(what, "audit_events") == 0) {
		audit_events_print();
	} else if (strcmp(what, "metrics") == 0) {
		metrics_print();
	} else if (strcmp(what, "metric-names") == 0) {
		metrics_each(metric_name_print, NULL);
	} else {
		fprintf(stderr,
		    "usage: gen-manual options|reasons|filters|log_fields|"
		    "audit_events|metrics|metric-names\n");
		return 2;
	}
	return fflush(stdout) == 0 ? 0 : 1;
}
