/*
 * admin_certs.h - what the admin API and the metrics say of certificates: which
 * there are, who uses them, and how long they are good.
 */
#ifndef MASTER_ADMIN_CERTS_H
#define MASTER_ADMIN_CERTS_H

#include "common/base/text.h"
#include "master/prom.h"
#include "shm/image.h"

/* A JSON document. img may be NULL: nothing is published. */
void admin_certs_write(const struct img_head *img, struct text *out);

/* Metrics: when each file expires. */
void admin_certs_prom(const struct img_head *img, struct prom *p);

#endif
