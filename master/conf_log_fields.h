/*
 * conf_log_fields.h - what has to be recorded of requests, for the logs that
 * there are.
 */
#ifndef MASTER_CONF_LOG_FIELDS_H
#define MASTER_CONF_LOG_FIELDS_H

#include "common/base/diag.h"
#include "master/conf.h"

/*
 * Makes telemetry.fields and telemetry.query of logs that have been checked.
 * Complains about more fields than a record has room for.
 */
void conf_log_fields(struct conf *c, struct diag *d);

#endif
