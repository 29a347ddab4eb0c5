/*
 * ctl_record.h - a record of the recorder, for people and as JSON. What logs
 * mask is masked here too; of the query and of fields nothing is shown.
 */
#ifndef TOOLS_CTL_RECORD_H
#define TOOLS_CTL_RECORD_H

#include "common/base/json.h"
#include "shm/record.h"
#include "tools/ctl_table.h"
#include "tools/line.h"

/* Columns of a row, and what they are. */
#define CTL_RECORD_COLUMNS 10
extern const char *const ctl_record_heading[CTL_RECORD_COLUMNS];

/* With the masks of f. */
void ctl_record_row(
    struct ctl_table *t, const struct record_view *v, struct line_format *f);
void ctl_record_json(
    struct json *j, const struct record_view *v, struct line_format *f);

/* "unknown" for a number that stands for none. */
const char *ctl_record_why(unsigned why);

#endif
