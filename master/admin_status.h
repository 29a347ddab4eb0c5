/*
 * admin_status.h - the JSON documents of the admin API.
 */
#ifndef MASTER_ADMIN_STATUS_H
#define MASTER_ADMIN_STATUS_H

#include "common/base/json.h"
#include "master/admin.h"

/* Each writes one whole document. */
void admin_status_write(struct admin *a, struct text *out);
void admin_workers_write(struct admin *a, struct text *out);
void admin_generations_write(struct admin *a, struct text *out);
void admin_listing_write(struct admin *a, struct text *out);

/* The lines of `said` as an array of strings. */
void admin_lines_write(struct json *j, const char *key, struct slice said);

/* "ok", "failed", "unchanged" or "none". */
struct slice admin_outcome_word(enum reload_outcome how);

#endif
