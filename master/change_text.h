/*
 * change_text.h - a change of an endpoint in words, for the log and for people.
 */
#ifndef MASTER_CHANGE_TEXT_H
#define MASTER_CHANGE_TEXT_H

#include "common/base/text.h"
#include "shm/vital.h"

/* How much a change matters to who reads the log. */
enum change_weight { CHANGE_QUIET, CHANGE_NOTED, CHANGE_BAD };
enum change_weight change_weight(const struct change *c);

/* "down: probe_connect (Connection refused)". */
void change_text(struct text *out, const struct change *c);

/* What the detail means, "Connection refused" or "503"; nothing without one. */
void change_detail(struct text *out, const struct change *c);
void cause_detail(struct text *out, enum change_cause cause, uint32_t detail);

#endif
