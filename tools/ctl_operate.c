/*
 * ctl_operate.c - see ctl_operate.h.
 */
#include "tools/ctl_operate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/clock.h"
#include "tools/ctl_endpoints.h"
#include "tools/ctl_value.h"

#define CTL_WEIGHT_MAX 1000
#define CTL_POLL_US 100000

/* ---- waiting ---- */

/* Requests that run on the endpoints of the document. */
static long long
running(const json_t *doc)
{
	long long n = 0;
	size_t i = 0;
	json_t *e;

	json_array_foreach(json_object_get(doc, "endpoints"), i, e) n +=
	    ctl_number(e, "active");
	return n;
}

/*
 * Asks until nothing runs there any more. The first look comes a moment after
 * the change: a request that was given the endpoint just before counts by then.
 */
static enum ctl_exit
wait_idle(const struct ctl_call *c, struct slice path, struct ctl_said *said)
{
	const struct timespec pause = { 0, CTL_POLL_US * 1000L };
	const struct ctl_request q = { "GET", path, "" };
	uint64_t end = clock_raw_us() + UINT64_C(1000000) * c->wait_s;

	for (;;) {
		(void)nanosleep(&pause, NULL);
		ctl_said_fini(said);
		if (!ctl_ask(c, &q, said) || !ctl_accepted(c, said))
			return CTL_REFUSED;
		if (running(said->doc) == 0)
			return CTL_DONE;
		if (clock_raw_us() < end)
			continue;
		(void)fprintf(stderr,
		    "penstockctl: %lld still running after %u s\n",
		    running(said->doc), c->wait_s);
		return CTL_REFUSED;
	}
}

/* ---- changing ---- */

static enum ctl_exit
change(const struct ctl_call *c, struct slice path, const char *body)
{
	const struct ctl_request q = { "PATCH", path, body };
	enum ctl_exit code = CTL_DONE;
	struct ctl_said said;

	if (!ctl_ask(c, &q, &said) || !ctl_accepted(c, &said)) {
		ctl_said_fini(&said);
		return CTL_REFUSED;
	}
	if (c->wait_s != 0)
		code = wait_idle(c, path, &said);
	if (said.status == 200 && said.doc != NULL)
		ctl_print(c, &said, ctl_endpoints_show);
	ctl_said_fini(&said);
	return code;
}

static enum ctl_exit
change_endpoint(const struct ctl_call *c, const char *body)
{
	struct text path = { 0 };
	enum ctl_exit code = CTL_MISUSE;

	if (ctl_endpoint_path(&path, c->args[0]))
		code = change(c, text_slice(&path), body);
	text_fini(&path);
	return code;
}

enum ctl_exit
ctl_state(const struct ctl_call *c)
{
	char body[64];

	(void)snprintf(body, sizeof(body), "{\"state\":\"%s\"}", c->command);
	return change_endpoint(c, body);
}

enum ctl_exit
ctl_weight(const struct ctl_call *c)
{
	const char *arg = c->args[1];
	char body[64], *end;
	long weight;

	if (strcmp(arg, "configured") == 0)
		return change_endpoint(c, "{\"weight\":null}");
	weight = strtol(arg, &end, 10);
	if (*arg == '\0' || *end != '\0' || weight < 1 ||
	    weight > CTL_WEIGHT_MAX) {
		(void)fprintf(stderr,
		    "penstockctl: \"%s\" is no weight: 1 to %d, or "
		    "configured\n",
		    arg, CTL_WEIGHT_MAX);
		return CTL_MISUSE;
	}
	(void)snprintf(body, sizeof(body), "{\"weight\":%ld}", weight);
	return change_endpoint(c, body);
}

/* It is text whatever was asked for. */
enum ctl_exit
ctl_export(const struct ctl_call *c)
{
	const struct ctl_request q = { "GET", SLICE_LIT("/v1/export"), "" };
	enum ctl_exit code = CTL_REFUSED;
	struct ctl_said said;

	if (ctl_ask(c, &q, &said) && said.status == 200) {
		printf("%.*s", SLICE_FMT(text_slice(&said.body)));
		code = CTL_DONE;
	} else if (said.status != 0)
		(void)ctl_accepted(c, &said);
	ctl_said_fini(&said);
	return code;
}
