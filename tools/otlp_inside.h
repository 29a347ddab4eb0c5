/*
 * otlp_inside.h - an export at work, for its rooms:
 *
 *	otlp.c           what comes in: spans, batches, the bound
 *	otlp_settings.c  what the image says, copied
 *	otlp_send.c      what goes out
 */
#ifndef TOOLS_OTLP_INSIDE_H
#define TOOLS_OTLP_INSIDE_H

#include "common/base/arena.h"
#include "common/base/map.h"
#include "common/net/fetch_multi.h"
#include "tools/otlp.h"
#include "tools/otlp_encoding.h"

#define OTLP_RESOURCE_MAX 64
#define OTLP_FLYING_MAX 4          /* batches under way */
#define OTLP_AGE_MAX_US 300000000u /* older ones are not tried again */
#define OTLP_ANSWER_MAX 65536

struct otlp_settings {
	struct arena arena;                   /* of all texts */
	const struct otlp_encoding *encoding; /* NULL: nothing is exported */
	const char *endpoint;
	const char *ca_file;  /* NULL: the system's */
	const char **headers; /* fields for it, "Name: value" */
	uint32_t header_count;
	struct otlp_attr attr[OTLP_RESOURCE_MAX];
	struct otlp_resource resource;
	uint64_t timeout_us, interval_us, queue_bytes;
	uint32_t batch;
	struct map paths; /* of routes, by their names */
};

/* Spans that are sent together. */
struct otlp_batch {
	struct list link;
	struct otlp *otlp;
	const struct otlp_encoding *encoding;
	struct mono made;
	uint32_t spans;
	void *easy, *fields; /* libcurl's; NULL: it waits */
	struct text answer;
	size_t bytes;
	char body[];
};

struct otlp {
	struct loop *loop;
	struct shm_readers *tell;
	struct slice instance; /* malloc'd */
	struct otlp_settings settings;
	struct otlp_known known;
	struct otlp_span span; /* the one at work */
	/* The batch that grows: spans as its encoding has them. */
	struct text growing;
	uint32_t growing_spans;
	struct timer ripe; /* when it is sent, however small */
	/* Sealed ones: those that wait, and those under way. */
	struct list waiting, flying;
	uint32_t flying_count;
	uint64_t bytes; /* of both */
	struct fetch_multi multi;
	struct timer again; /* when the next one may be tried */
	uint64_t delay_us;  /* 0: the last one was taken, or refused for good */
	uint64_t randoms;
	bool failing;           /* it was not; said in the log, with these: */
	unsigned failed_status; /* of the answer; 0: none */
	int failed_result;      /* libcurl's */
	uint64_t lost_since;    /* spans, since then */
	bool stopping;
	struct mono stop_due;
};

/* ---- otlp_settings.c ---- */

void otlp_settings_init(struct otlp_settings *s);
void otlp_settings_fini(struct otlp_settings *s);
/* In place of what they were. */
void otlp_settings_copy(
    struct otlp_settings *s, const struct img_head *img, struct slice instance);

/* ---- otlp.c ---- */

void otlp_lose(struct otlp *o, uint64_t spans);
void otlp_batch_free(struct otlp_batch *b);

/* ---- otlp_send.c ---- */

bool otlp_send_init(struct otlp *o);
void otlp_send_fini(struct otlp *o);
/* Sends as many of those that wait as may be. */
void otlp_send(struct otlp *o);
/* The same, to a receiver that may be another one: it has not failed yet. */
void otlp_send_anew(struct otlp *o);

#endif
