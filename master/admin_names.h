/*
 * admin_names.h - what the admin API and the metrics say of the names that
 * endpoints are resolved from.
 */
#ifndef MASTER_ADMIN_NAMES_H
#define MASTER_ADMIN_NAMES_H

#include "common/base/text.h"
#include "master/prom.h"
#include "master/resolve.h"

/* A JSON document: every name, what it stands for and how that went. */
void admin_names_write(struct resolver *names, struct text *out);

/* Metrics: names by state, resolutions by outcome. */
void admin_names_prom(struct resolver *names, struct prom *p);

#endif
