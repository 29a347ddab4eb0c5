/*
 * log_kit.h - a region with records, an image with access logs in a folder of
 * the test, and what reads the one into the other.
 */
#ifndef TESTS_UNIT_TOOLS_LOG_KIT_H
#define TESTS_UNIT_TOOLS_LOG_KIT_H

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "common/base/log.h"
#include "shm/readers.h"
#include "tests/unit/record_kit.h"
#include "tests/unit/shm/fixture.h"
#include "tools/log_access.h"
#include "tools/log_feed.h"

#define KIT_LOGS 3
#define KIT_TEXT 128
#define KIT_WORKERS 2

struct log_kit {
	char folder[32];
	struct region r;
	struct loop loop;
	struct log_feed feed;
	struct log_access access;
	struct record_kit record;
	uint64_t asked; /* paths are /1, /2, ... */
	struct {
		struct img_head head;
		struct img_log log[KIT_LOGS];
		char text[KIT_LOGS][2][KIT_TEXT];
	} image;
	char said[1 << 17]; /* by kit_read */
};

static inline struct img_str
kit_text(struct log_kit *k, int log, int which, const char *text)
{
	char *room = k->image.text[log][which];

	(void)snprintf(room, KIT_TEXT, "%s", text);
	return (struct img_str){ .off = (uint32_t)(room - (char *)&k->image),
		.len = (uint32_t)strlen(room) };
}

/* A file of the folder; valid until the next one. */
static inline const char *
kit_path(const struct log_kit *k, const char *name)
{
	static char path[KIT_TEXT];

	(void)snprintf(path, sizeof(path), "%s/%s", k->folder, name);
	return path;
}

/* Log i of the image writes paths of requests to `path`. */
static inline void
kit_log(struct log_kit *k, int i, enum img_log_to to, const char *path)
{
	k->image.log[i] =
	    (struct img_log){ .id = hash_bytes((struct hash_key){ 1, 2 }, path,
					strlen(path)) |
			1,
		    .to = to,
		    .format = IMG_LOG_TEMPLATE,
		    .path = kit_text(k, i, 0, path),
		    .template = kit_text(k, i, 1, "{path}"),
		    .facility = 16,
		    .sample = UINT32_MAX };
}

static inline void
kit_follow(struct log_kit *k, uint32_t count)
{
	k->image.head.telemetry.access_logs = (struct img_span){
		.off = (uint32_t)((char *)k->image.log - (char *)&k->image),
		.count = count
	};
	log_access_follow(&k->access, &k->image.head);
}

/* Whoever reads; a second time: a successor of one that was killed. */
static inline void
kit_start(struct log_kit *k)
{
	ck_assert(loop_init(&k->loop));
	log_feed_init(&k->feed, &k->r, false);
	(void)log_feed_resume(&k->feed, k->r.readers);
	log_access_init(&k->access, &k->loop, k->r.readers);
}

static inline void
kit_init(struct log_kit *k)
{
	memset(k, 0, sizeof(*k));
	(void)strcpy(k->folder, "/tmp/log-kit.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(k->folder));
	fixture_region(&k->r, KIT_WORKERS);
	record_kit_init(&k->record);
	log_set_level(LOG_LVL_CRITICAL);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
	kit_start(k);
}

static inline void
kit_stop(struct log_kit *k)
{
	log_access_fini(&k->access);
	log_feed_fini(&k->feed);
	loop_fini(&k->loop);
}

static inline void
kit_fini(struct log_kit *k)
{
	char command[64];

	region_fini(&k->r);
	(void)snprintf(command, sizeof(command), "rm -rf %s", k->folder);
	ck_assert_int_eq(system(command), 0);
}

/* The next requests of worker w. */
static inline void
kit_ask(struct log_kit *k, uint32_t w, int n)
{
	char path[24];
	void *to;

	for (; n > 0; n--) {
		(void)snprintf(path, sizeof(path), "/%llu",
		    (unsigned long long)++k->asked);
		k->record.text[RECORD_PATH] = slice_str(path);
		record_kit_make(&k->record);
		to = recorder_begin(&k->r, RECORDER_REQUESTS, w);
		ck_assert_ptr_nonnull(to);
		memcpy(to, k->record.bytes, k->record.view.head->bytes);
		recorder_commit(&k->r, RECORDER_REQUESTS, w);
	}
}

static inline void
kit_take(void *ctx, const struct record_view *v)
{
	log_access_take(&((struct log_kit *)ctx)->access, v);
}

/* All that there is into the logs; without a mark. */
static inline void
kit_write(struct log_kit *k)
{
	(void)clock_update();
	while (log_feed_turn(&k->feed, kit_take, k) != 0)
		log_access_flush(&k->access);
	log_access_flush(&k->access);
}

static inline void
kit_mark(struct log_kit *k)
{
	struct shm_readers *r = k->r.readers;
	struct shm_reader_mark *m = &r->mark[(atomic_load(&r->marks) + 1) % 2];

	log_feed_mark(&k->feed, m);
	log_access_mark(&k->access, m);
}

static inline void
kit_turn(struct log_kit *k)
{
	kit_write(k);
	kit_mark(k);
}

static inline const char *
kit_read(struct log_kit *k, const char *name)
{
	int fd = open(kit_path(k, name), O_RDONLY);
	ssize_t n = fd >= 0 ? read(fd, k->said, sizeof(k->said) - 1) : 0;

	ck_assert_int_ge(n, 0);
	k->said[n] = '\0';
	if (fd >= 0)
		(void)close(fd);
	return k->said;
}

/* The file has these paths, from..to, one a line. */
static inline void
kit_has(struct log_kit *k, const char *name, uint64_t from, uint64_t to)
{
	const char *p = kit_read(k, name);
	char *end;

	for (uint64_t n = from; n <= to; n++) {
		ck_assert_msg(*p == '/' && strtoull(p + 1, &end, 10) == n,
		    "%s: not /%llu: %.80s", name, (unsigned long long)n, p);
		ck_assert_int_eq(*end, '\n');
		p = end + 1;
	}
	ck_assert_str_eq(p, "");
}

#endif
