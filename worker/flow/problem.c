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
	",\"detail\":\""
#define INSTANCE "\",\"instance\":\""
#define MIDDLE(word, code, fault, title)                            \
	"\",\"error_code\":\"" code "\",\"message\":\"" title       \
	"\",\"error\":\"" word "\",\"details\":{\"fault\":\"" fault \
	"\"},\"request_id\":\""
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
#define WHY(id, word, status, code, grpc, fault, title, help)  \
	[WHY_##id] = {                                         \
		TEXT(OPENING(title, #status) help INSTANCE),   \
		sizeof(OPENING(title, #status)) - 1,           \
		TEXT(MIDDLE(word, code, fault##_TEXT, title)), \
		!__builtin_strchr(help, '"'),                  \
	},
#include "worker/flow/why.def"
};

/* All of them together have room enough. */
#define INSTANCE_MAX 512u
#define DETAIL_MAX 384u
#define ID_MAX 128u
#define PREPARED_MAX 1280u
#define WHY(id, word, status, code, grpc, fault, title, help)          \
	_Static_assert(sizeof(OPENING(title, #status) help INSTANCE) + \
		    sizeof(MIDDLE(word, code, fault##_TEXT, title)) <= \
		PREPARED_MAX,                                          \
	    #id);
#include "worker/flow/why.def"
_Static_assert(JSON_CHAR_MAX *(INSTANCE_MAX + DETAIL_MAX + ID_MAX) +
	    PREPARED_MAX + WALL_TEXT_BYTES + 32 <=
	PROBLEM_BYTES,
    "of a problem");

/* Of any length: by one copy of the code, not one for each piece. */
static char *
put(char *to, struct slice s)
{
	return slice_put(to, s);
}

/* No more than `most` bytes of s, as they are within quotes. */
static char *
put_escaped(char *to, struct slice s, size_t most)
{
	if (s.n > most)
		s.n = most;
	return json_put(to, s);
}

/* From the beginning to the instance. */
static char *
put_opening(char *to, const struct problem *p)
{
	const char *detail = p->detail;
	struct slice opening = pieces[p->why].opening;

	if (detail == NULL && pieces[p->why].plain)
		return put(to, opening);
	to = put(to, slice_make(opening.p, pieces[p->why].to_detail));
	if (detail == NULL)
		detail = why_table[p->why].help;
	to = put_escaped(to, slice_str(detail), DETAIL_MAX);
	return put(to, SLICE_LIT(INSTANCE));
}

size_t
problem_text(struct env *e, char buf[PROBLEM_BYTES], const struct problem *p)
{
	char *to = put_opening(buf, p);

	to = put_escaped(to, p->instance, INSTANCE_MAX);
	to = put(to, pieces[p->why].middle);
	to = p->made ? slice_put(to, slice_make(p->id.p, ENV_ID_BYTES))
		     : put_escaped(to, p->id, ID_MAX);
	to = slice_put(to, SLICE_LIT("\",\"timestamp\":\""));
	to = slice_put(to, env_stamp(e));
	to = slice_put(to, SLICE_LIT("\"}"));
	return (size_t)(to - buf);
}
