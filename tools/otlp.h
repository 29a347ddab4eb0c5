/*
 * otlp.h - the export of traces: records of sampled requests become spans,
 * spans batches, batches requests of OTLP over HTTP.
 *
 *	otlp_take -> the batch that grows -> batches that wait -> under way
 *	                 full, or old enough     ^                  |
 *	                                         +-- not taken now -+
 *
 * Nothing here waits: who cannot take spans only lets them pile up, as far as
 * tracing.queue goes; after that the new ones are lost, and counted.
 */
#ifndef TOOLS_OTLP_H
#define TOOLS_OTLP_H

#include <stdbool.h>

#include "common/net/loop.h"
#include "shm/image.h"
#include "shm/readers.h"
#include "shm/record.h"

struct otlp;

/*
 * `tell`, where it is counted, and the loop outlive it. `instance` is what this
 * gateway is called on its machine. It exports nothing before otlp_configure.
 * NULL with errno.
 */
struct otlp *
otlp_new(struct loop *loop, struct shm_readers *tell, struct slice instance);

/*
 * From now on as this image says, of which all is copied; what waits goes to
 * the new endpoint, or is lost where there is none.
 */
void otlp_configure(struct otlp *o, const struct img_head *img);

/* A record, of whatever kind; of those that are not sampled nothing is made. */
void otlp_take(struct otlp *o, const struct record_view *v);

/*
 * It is to end: what there is, and what still comes, is sent at once, and not
 * again. otlp_idle: all of it has been, or there is no time left.
 */
void otlp_stop(struct otlp *o);
bool otlp_idle(const struct otlp *o);

/* What still waits is lost, and counted. */
void otlp_free(struct otlp *o);

#endif
