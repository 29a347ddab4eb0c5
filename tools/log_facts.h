/*
 * log_facts.h - what of a request stands beside its line, where a log has room
 * for it: syslog's structured data, fields of the journal. Nothing of it is a
 * client's own text, so that there is nothing to mask.
 */
#ifndef TOOLS_LOG_FACTS_H
#define TOOLS_LOG_FACTS_H

#include "shm/record.h"

enum log_fact {
	LOG_FACT_ROUTE,
	LOG_FACT_SERVICE,
	LOG_FACT_REQUEST_ID,
	LOG_FACT_TRACE_ID,
	LOG_FACT_METHOD,
	LOG_FACT_STATUS,
	LOG_FACT_WHY,
	LOG_FACT_DURATION_MS,
	LOG_FACTS
};

struct log_facts {
	struct slice value[LOG_FACTS]; /* empty: not there */
	char status[8], duration[24], trace[33];
};

/* Into *f and the record. */
void log_facts_of(struct log_facts *f, const struct record_view *v);

/* As in a JSON line: "request_id". */
const char *log_facts_name(int field);

#endif
