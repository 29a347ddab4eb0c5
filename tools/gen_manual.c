/*
 * gen_manual.c - prints, as mdoc, the tables of the manual that the program
 * itself uses: options, reasons, filters. Runs at build time only.
 */
#include <stdio.h>
#include <string.h>

#include "master/conf_show.h"
#include "shm/image.h"
#include "worker/flow/why.h"

static const char *const faults[] = {
	[FAULT_NOBODY] = "nobody",
	[FAULT_CLIENT] = "client",
	[FAULT_UPSTREAM] = "upstream",
	[FAULT_GATEWAY] = "gateway",
};

/* "502 SVC_002, gRPC 14, upstream", or how a request without an answer ends. */
static void
reason_print(const struct why_info *w)
{
	printf(".It Cm %s\n", w->word);
	if (w->status != 0)
		printf("Status %u, code\n.Li %s ,\ngRPC %u (%s), fault: %s.\n",
		    w->status, w->code, (unsigned)w->grpc,
		    grpc_code_name(w->grpc), faults[w->fault]);
	printf("%s\n", w->help);
}

static void
reasons_print(void)
{
	printf(".Bl -tag -width Ds\n");
	for (unsigned i = 0; i < WHY_COUNT; i++)
		reason_print(&why_table[i]);
	printf(".El\n");
}

static void
filters_print_mdoc(void)
{
	printf(".Bl -enum\n");
#define FILTER(ID, name, help) printf(".It\n.Sy %s\n%s.\n", name, help);
#include "shm/filters.def"
	printf(".El\n");
}

int
main(int argc, char **argv)
{
	const char *what = argc == 2 ? argv[1] : "";

	if (strcmp(what, "options") == 0) {
		conf_options_mdoc(stdout);
	} else if (strcmp(what, "reasons") == 0) {
		reasons_print();
	} else if (strcmp(what, "filters") == 0) {
		filters_print_mdoc();
	} else {
		fprintf(stderr, "usage: gen-manual options|reasons|filters\n");
		return 2;
	}
	return fflush(stdout) == 0 ? 0 : 1;
}
