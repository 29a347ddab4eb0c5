/*
 * conf_log_to.c - see conf_log_to.h.
 */
#include "master/conf_log_to.h"

#include <string.h>

#include "common/http/authority.h"
#include "master/conf_may.h"
#include "master/conf_suggest.h"
#include "master/conf_table.h"

/* By their numbers: RFC 5424 6.2.1. */
static const char *const facilities[] = { "kern", "user", "mail", "daemon",
	"auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
	"ntp", "audit", "alert", "clock", "local0", "local1", "local2",
	"local3", "local4", "local5", "local6", "local7" };
#define FACILITIES (sizeof(facilities) / sizeof(facilities[0]))

#define COMPLAIN(c, place, option, d, ...)                                   \
	do {                                                                 \
		struct conf_place at_ =                                      \
		    conf_where((c), (place)->block, (place)->log, (option)); \
		diag_error((d), at_.file, at_.line, __VA_ARGS__);            \
	} while (0)

static uint32_t
facility_read(
    const struct conf *c, const struct conf_log_place *place, struct diag *d)
{
	struct conf_suggest near;
	char buf[96];
	uint32_t i = 0;

	while (i < FACILITIES && strcmp(facilities[i], place->facility) != 0)
		i++;
	if (i < FACILITIES)
		return i;
	conf_suggest_init(&near, place->facility);
	for (i = 0; i < FACILITIES; i++)
		conf_suggest_offer(&near, facilities[i]);
	COMPLAIN(c, place, "facility", d, "facility: syslog has no \"%s\"%s",
	    place->facility, conf_suggest_text(&near, buf, sizeof(buf)));
	return 0;
}

/* NULL, or what is wrong with what stands behind "syslog:". */
static const char *
syslog_fault(const char *address)
{
	struct authority a;

	if (address[0] == '/')
		return strlen(address) > 107
		    ? "is a longer path than a socket can have"
		    : NULL;
	if (!authority_parse(slice_str(address), &a) || a.port == 0)
		return "is neither \"syslog:\" with the path of a socket nor "
		       "one such as \"syslog:127.0.0.1:514\"";
	return NULL;
}

static void
unknown_path(
    const struct conf *c, const struct conf_log_place *place, struct diag *d)
{
	struct conf_suggest near;
	char buf[96];

	conf_suggest_init(&near, place->path);
	conf_suggest_offer(&near, "stdout");
	conf_suggest_offer(&near, "journal");
	conf_suggest_offer(&near, "syslog:/dev/log");
	COMPLAIN(c, place, "path", d,
	    "path: \"%s\" is neither an absolute path nor \"stdout\", "
	    "\"journal\" or \"syslog:...\"%s",
	    place->path, conf_suggest_text(&near, buf, sizeof(buf)));
}

/* Sets `to`; false: complained. */
static bool
target_read(struct conf *c, const struct conf_log_place *place,
    struct conf_log_to *to, struct diag *d)
{
	const char *path = place->path, *fault = NULL;

	*to = (struct conf_log_to){ IMG_LOG_FILE, "" };
	if (path[0] == '/') {
		to->path = path;
		fault = c->no_files ? NULL : conf_may_write(c, path);
	} else if (strcmp(path, "stdout") == 0) {
		to->to = IMG_LOG_STDOUT;
	} else if (strcmp(path, "journal") == 0) {
		to->to = IMG_LOG_JOURNAL;
	} else if (strncmp(path, "syslog:", 7) == 0) {
		to->to = IMG_LOG_SYSLOG;
		to->path = path + 7;
		fault = syslog_fault(to->path);
	} else {
		unknown_path(c, place, d);
		return false;
	}
	if (fault != NULL)
		COMPLAIN(c, place, "path", d, "path: \"%s\" %s", path, fault);
	return fault == NULL;
}

/* A file has one writer; two logs of a kind in one place are one too many. */
static void
claim(struct conf *c, const struct conf_log_place *place, struct map *seen,
    const struct conf_log_to *to, struct diag *d)
{
	const char *noun = to->to == IMG_LOG_FILE ? "" : place->block->noun;
	struct conf_place at = conf_where(c, place->block, place->log, "path");
	struct slice key = arena_printf(&c->arena, "%s %s", noun, place->path);
	struct map_entry *e;
	struct conf_place *first;
	bool added;

	e = map_put(seen, key, &added);
	if (added) {
		first = arena_alloc(&c->arena, sizeof(*first));
		*first = at;
		e->value.ptr = first;
		return;
	}
	first = e->value.ptr;
	diag_error(d, at.file, at.line,
	    "path: \"%s\" has a log already, at %s:%d", place->path,
	    first->file, first->line);
}

void
conf_log_to_read(struct conf *c, const struct conf_log_place *place,
    struct map *seen, struct conf_log_to *to, uint32_t *facility,
    struct diag *d)
{
	*facility = facility_read(c, place, d);
	if (place->path != NULL) {
		if (target_read(c, place, to, d))
			claim(c, place, seen, to, d);
	} else if (!conf_given(place->block, place->log, "path")) {
		COMPLAIN(c, place, "path", d, "an %s needs a path",
		    place->block->noun);
	}
}
