/*
 * audit_kit.h - a region whose events go into audit logs in a folder of the
 * test, and how these are read again.
 */
#ifndef TESTS_UNIT_TOOLS_AUDIT_KIT_H
#define TESTS_UNIT_TOOLS_AUDIT_KIT_H

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "common/base/log.h"
#include "shm/audit.h"
#include "shm/readers.h"
#include "tests/unit/shm/fixture.h"
#include "tools/audit_lines.h"
#include "tools/audit_reader.h"
#include "tools/audit_verify.h"

#define KIT_LOGS 2
#define KIT_TEXT 256

struct audit_kit {
	char folder[64];
	char path[KIT_LOGS][128]; /* audit.log, other.log */
	struct region r;
	struct audit_reader reader;
	struct {
		struct img_head head;
		struct img_log log[KIT_LOGS];
		char text[KIT_LOGS][2][KIT_TEXT];
	} image;
	char said[16384]; /* by kit_verify */
};

static inline struct img_str
kit_text(struct audit_kit *k, int log, int which, const char *text)
{
	char *room = k->image.text[log][which];

	ck_assert_uint_lt(strlen(text), KIT_TEXT);
	memmove(room, text, strlen(text) + 1);
	return (struct img_str){ .off = (uint32_t)(room - (char *)&k->image),
		.len = (uint32_t)strlen(room) };
}

/* With so many of the logs; key may be NULL. */
static inline void
kit_logs(struct audit_kit *k, uint32_t count, const char *key)
{
	struct img_telemetry *t = &k->image.head.telemetry;

	t->audit = (struct img_audit){ .on = 1, .events = AUDIT_DEFAULT };
	t->audit_logs = (struct img_span){
		.off = (uint32_t)((char *)k->image.log - (char *)&k->image),
		.count = count
	};
	for (int i = 0; i < KIT_LOGS; i++)
		k->image.log[i] = (struct img_log){ .path = kit_text(
							k, i, 0, k->path[i]),
			.key_file = kit_text(k, i, 1, key != NULL ? key : ""),
			.events = AUDIT_DEFAULT };
}

static inline void
kit_init(struct audit_kit *k)
{
	memset(k, 0, sizeof(*k));
	(void)strcpy(k->folder, "/tmp/audit-kit.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(k->folder));
	(void)snprintf(k->path[0], 128, "%s/audit.log", k->folder);
	(void)snprintf(k->path[1], 128, "%s/other.log", k->folder);
	fixture_region(&k->r, 2);
	kit_logs(k, 1, NULL);
	audit_begin(&k->r, 0);
	audit_follow(&k->r, &k->image.head);
	log_set_level(LOG_LVL_CRITICAL);
}

static inline void
kit_start(struct audit_kit *k)
{
	ck_assert(audit_reader_init(&k->reader, &k->r));
	ck_assert(audit_reader_follow(&k->reader, &k->image.head));
}

static inline void
kit_stop(struct audit_kit *k)
{
	audit_reader_fini(&k->reader);
}

static inline void
kit_fini(struct audit_kit *k)
{
	char command[128];

	region_fini(&k->r);
	(void)snprintf(command, sizeof(command), "rm -rf %s", k->folder);
	ck_assert_int_eq(system(command), 0);
}

/* n events of ring `ring`, whose `count` goes on from *at. */
static inline void
kit_happen(struct audit_kit *k, uint32_t ring, uint64_t *at, uint64_t n)
{
	k->r.audit_ring = ring;
	for (; n != 0; n--) {
		const struct audit_note note = { .event = AUDIT_BANNED,
			.count = *at + 1,
			.text = { [AUDIT_OBJECT] = SLICE_LIT("10.0.0.1"),
			    [AUDIT_DETAIL] = SLICE_LIT("\"\n\xff") } };

		if (!audit_before(&k->r, &note))
			return;
		++*at;
	}
}

static inline void
kit_drain(struct audit_kit *k)
{
	enum audit_turn t;

	while ((t = audit_reader_turn(&k->reader)) == AUDIT_TURN_MORE)
		;
	ck_assert_int_eq(t, AUDIT_TURN_IDLE);
}

static inline bool
kit_verify_with(
    struct audit_kit *k, const char *const *paths, int n, const char *last)
{
	const char *key = k->image.text[0][1];
	struct audit_verify v = { .paths = paths,
		.count = n,
		.last = last,
		.key_file = *key != '\0' ? key : NULL };
	FILE *out = fmemopen(k->said, sizeof(k->said), "w");
	bool ok = audit_verify(&v, out);

	(void)fclose(out);
	return ok;
}

static inline bool
kit_verify(struct audit_kit *k, const char *path)
{
	return kit_verify_with(k, &path, 1, NULL);
}

/* Lines of ring 0 and the master's, whose numbers come without gaps; *next is
 * the next of each. */
static inline void
kit_count(const char *path, uint64_t next[AUDIT_READER_RINGS])
{
	int fd = open(path, O_RDONLY);
	struct audit_lines lines;
	struct audit_line l;
	struct slice text;

	ck_assert_int_ge(fd, 0);
	ck_assert(audit_lines_init(&lines, fd, 0));
	while (audit_lines_next(&lines, &text) == AUDIT_LINES_ONE) {
		ck_assert(audit_line_read(text, &l));
		if (l.prev != NULL)
			continue;
		ck_assert_uint_eq(l.id.number, next[l.id.ring] + 1);
		next[l.id.ring]++;
	}
	audit_lines_fini(&lines);
	(void)close(fd);
}

/* All of a file, to be freed. */
static inline char *
kit_read(const char *path, size_t *n)
{
	FILE *f = fopen(path, "r");
	char *p = malloc(1 << 20);

	ck_assert(f != NULL && p != NULL);
	*n = fread(p, 1, (1 << 20) - 1, f);
	p[*n] = '\0';
	(void)fclose(f);
	return p;
}

static inline void
kit_write(const char *path, const char *p, size_t n)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(p, 1, n, f), n);
	ck_assert_int_eq(fclose(f), 0);
}

#endif
