/*
 * problem.c - see problem.h. What a reason says is JSON already when this is
 * compiled; only a help with quotation marks has to be written as a detail is.
 */
#include "worker/flow/problem.h"

#include "common/base/json.h"

#define NOBODY_TEXT "nobody"
#define CLIENT_TEXT "client"
#define UPSTREAM_TEXT "upstream"
#define GATEWAY_TEXT "gateway"

#define OPENING(title, status)                                                 \
	"{\"type\":\"about:blank\",\"title\":\"" title "\",\"status\":" status \
	",\"detail\":"
#define INSTANCE ",\"instance\":"
#define MIDDLE(word, code, fault, title)                            \
	",\"error_code\":\"" code "\",\"message\":\"" title         \
	"\",\"error\":\"" word "\",\"details\":{\"fault\":\"" fault \
	"\"},\"request_id\":"
#define TEXT(literal)                        \
	{                                    \
		literal, sizeof(literal) - 1 \
	}

static const struct {
	struct slice opening; /* to the instance, with the help for a detail */
	size_t to_detail;     /* of it */
	struct slice middle;  /* from the instance to the id */
	bool plain;           /* the help needs no escapes */
} pieces[WHY_COUNT] = {
#define WHY(id, word, status, code, grpc, fault, title, help)          \
	[WHY_##id] = {                                                 \
		TEXT(OPENING(title, #status) "\"" help "\"" INSTANCE), \
		sizeof(OPENING(title, #status)) - 1,                   \
		TEXT(MIDDLE(word, code, fault##_TEXT, title)),         \
		!__builtin_strchr(help, '"'),                          \
	},
#include "worker/flow/why.def"
};

size_t
problem_text(struct env *e, char buf[PROBLEM_BYTES], enum why why,
    const char *detail, struct slice instance, struct slice id)
{
	struct slice opening = pieces[why].opening;
	struct text t;

	text_init_fixed(&t, buf, PROBLEM_BYTES);
	if (detail == NULL && pieces[why].plain) {
		text_add(&t, opening);
	} else {
		text_add(&t, slice_make(opening.p, pieces[why].to_detail));
		json_quote(&t,
		    slice_str(detail != NULL ? detail : why_table[why].help));
		text_add(&t, SLICE_LIT(INSTANCE));
	}
	json_quote(&t, instance);
	text_add(&t, pieces[why].middle);
	json_quote(&t, id);
	text_add(&t, SLICE_LIT(",\"timestamp\":\""));
	text_add(&t, env_stamp(e));
	text_add(&t, SLICE_LIT("\"}"));
	return t.n;
}
