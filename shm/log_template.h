/*
 * log_template.h - templates of log lines, "{client} {status} {header:Host}":
 * what they consist of. Checked by the loader, followed by penstocklog.
 */
#ifndef SHM_LOG_TEMPLATE_H
#define SHM_LOG_TEMPLATE_H

#include <stdbool.h>

#include "common/base/slice.h"

enum log_field {
#define LOG_FIELD(ID, name, type, unit, help) LOG_##ID,
#include "shm/log_fields.def"
	LOG_FIELD_COUNT
};

extern const char *const log_field_names[LOG_FIELD_COUNT];

/* LOG_FIELD_COUNT: there is none of this name. */
enum log_field log_field_find(struct slice name);

enum log_part_kind {
	LOG_PART_LITERAL,
	LOG_PART_FIELD,
	LOG_PART_HEADER,          /* {header:NAME} */
	LOG_PART_RESPONSE_HEADER, /* {response_header:NAME} */
	LOG_PART_QUERY            /* {query:NAME}: the value of that name */
};

struct log_part {
	enum log_part_kind kind;
	enum log_field field; /* of a FIELD */
	struct slice text;    /* LITERAL: itself; else what is in the braces,
				 behind a colon if there is one */
};

/*
 * Takes the next part off the beginning of a template. False: that was all
 * (*why is NULL), or it is wrong there: *why is a half sentence ("has the
 * unknown name") and part->text what it is about, in the template.
 */
bool
log_template_next(struct slice *left, struct log_part *part, const char **why);

#endif
