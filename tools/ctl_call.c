/*
 * ctl_call.c - see ctl_call.h.
 */
#include "tools/ctl_call.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/must.h"
#include "common/http/uri.h"
#include "tools/ctl_value.h"

bool
ctl_ask(const struct ctl_call *c, const struct ctl_request *q,
    struct ctl_said *said)
{
	struct ctl_answer answer = { 0 };
	bool ok = ctl_http(c->socket, q, &answer);

	*said =
	    (struct ctl_said){ .status = answer.status, .body = answer.body };
	if (ok)
		said->doc =
		    json_loadb(answer.body.p != NULL ? answer.body.p : "",
			answer.body.n, 0, NULL);
	return ok;
}

void
ctl_said_fini(struct ctl_said *said)
{
	json_decref(said->doc);
	text_fini(&said->body);
}

bool
ctl_accepted(const struct ctl_call *c, const struct ctl_said *said)
{
	const char *title = ctl_word(said->doc, "title");
	const char *detail = ctl_word(said->doc, "detail");

	if ((said->status == 200 || said->status == 201) && said->doc != NULL)
		return true;
	if (c->json && said->doc != NULL)
		printf("%.*s\n", SLICE_FMT(text_slice(&said->body)));
	(void)fprintf(stderr, "penstockctl: the gateway answered %d%s%s%s%s\n",
	    said->status, title[0] != '\0' ? " " : "", title,
	    detail[0] != '\0' ? ": " : "", detail);
	return false;
}

void
ctl_print(const struct ctl_call *c, const struct ctl_said *said,
    void (*show)(const json_t *doc))
{
	if (c->json)
		printf("%.*s\n", SLICE_FMT(text_slice(&said->body)));
	else
		show(said->doc);
}

const char *
ctl_given_value(const struct ctl_call *c, enum ctl_option o)
{
	for (size_t i = 0; i < c->given_count; i++)
		if (c->given[i].option == o)
			return c->given[i].value != NULL ? c->given[i].value
							 : "";
	return NULL;
}

/* It is in force, but a restart would forget it. */
static void
ctl_warn_unsaved(const json_t *doc)
{
	if (json_is_false(json_object_get(doc, "saved")))
		(void)fputs("penstockctl: in force, but state_dir could not be "
			    "written: see the log\n",
		    stderr);
}

enum ctl_exit
ctl_submit(const struct ctl_call *c, const char *method, struct slice path,
    json_t *doc, void (*show)(const json_t *doc))
{
	char *body = json_dumps(doc, JSON_COMPACT);
	const struct ctl_request q = { method, path, body != NULL ? body : "" };
	enum ctl_exit code = CTL_REFUSED;
	struct ctl_said said;

	if (ctl_ask(c, &q, &said) && ctl_accepted(c, &said)) {
		ctl_print(c, &said, show);
		ctl_warn_unsaved(said.doc);
		code = CTL_DONE;
	}
	ctl_said_fini(&said);
	free(body);
	json_decref(doc);
	return code;
}

enum ctl_exit
ctl_get(const struct ctl_call *c, struct slice path,
    void (*show)(const json_t *doc))
{
	const struct ctl_request q = { "GET", path, "" };
	enum ctl_exit code = CTL_REFUSED;
	struct ctl_said said;

	if (ctl_ask(c, &q, &said) && ctl_accepted(c, &said)) {
		ctl_print(c, &said, show);
		code = CTL_DONE;
	}
	ctl_said_fini(&said);
	return code;
}

void
ctl_path_add(struct text *path, struct slice segment)
{
	char *escaped = malloc(3 * segment.n + 1);

	MUST(escaped != NULL);
	text_add_char(path, '/');
	text_add(path,
	    slice_make(escaped, uri_encode(segment, false, false, escaped)));
	free(escaped);
}
