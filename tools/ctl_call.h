/*
 * ctl_call.h - one run of a command: what it was given, and how it asks the
 * gateway.
 */
#ifndef TOOLS_CTL_CALL_H
#define TOOLS_CTL_CALL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "tools/ctl_http.h"
#include "tools/ctl_option.h"

#define CTL_ARGS_MAX 3

enum ctl_exit { CTL_DONE = 0, CTL_REFUSED = 1, CTL_MISUSE = 2 };

struct ctl_call {
	const char *socket;
	bool json;
	unsigned wait_s; /* 0: does not wait */
	const char *command;
	const char *args[CTL_ARGS_MAX]; /* NULL: not given */
	struct ctl_given given[CTL_GIVEN_MAX];
	size_t given_count;
	char *const *rest; /* for another program; ends with NULL */
};

typedef enum ctl_exit ctl_run_fn(const struct ctl_call *c);

/* What the gateway answered. */
struct ctl_said {
	int status;
	struct text body;
	json_t *doc; /* NULL: it is no JSON */
};

/*
 * Asks. To be freed by ctl_said_fini in any case. False, with a sentence on
 * stderr, when the gateway cannot be reached.
 */
bool ctl_ask(const struct ctl_call *c, const struct ctl_request *q,
    struct ctl_said *said);
void ctl_said_fini(struct ctl_said *said);

/*
 * True when the answer is a document with status 200 or 201; else the refusal
 * is said on stderr, or with -j printed.
 */
bool ctl_accepted(const struct ctl_call *c, const struct ctl_said *said);

/* The document for people, or as JSON. */
void ctl_print(const struct ctl_call *c, const struct ctl_said *said,
    void (*show)(const json_t *doc));

/* The value of an option; NULL: it was not given. */
const char *ctl_given_value(const struct ctl_call *c, enum ctl_option o);

/* Sends a document, which is freed, and prints the answer. */
enum ctl_exit ctl_submit(const struct ctl_call *c, const char *method,
    struct slice path, json_t *doc, void (*show)(const json_t *doc));

/* GET, and print. */
enum ctl_exit ctl_get(const struct ctl_call *c, struct slice path,
    void (*show)(const json_t *doc));

/* Appends "/" and the segment, escaped. */
void ctl_path_add(struct text *path, struct slice segment);

#endif
