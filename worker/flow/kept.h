/*
 * kept.h - the fields of an answer that some log shows: what they say is there
 * only while the answer's head is passed on.
 */
#ifndef WORKER_FLOW_KEPT_H
#define WORKER_FLOW_KEPT_H

#include "worker/flow/req.h"

#define KEPT_BYTES 512u /* of a value */

/*
 * Copies them from the final head: q->kept. Nothing where no log wants any; of
 * what has no place in a record, no more than shows that it was there.
 */
void kept_take(struct req *q, const struct head *h);

/*
 * The field of h that a log wants, with `f` as what was found before, or NULL:
 * the first. NULL: there is no other one. "*" stands for all.
 */
const struct field *kept_next(const struct head *h, const struct img_head *img,
    const struct img_record_field *want, const struct field *f);

#endif
