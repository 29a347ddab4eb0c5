/*
 * conf_telemetry.h - the part of a configuration that says what is told of the
 * traffic, and where; see conf.h.
 */
#ifndef MASTER_CONF_TELEMETRY_H
#define MASTER_CONF_TELEMETRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "master/conf_place.h"
#include "shm/img_telemetry.h"

/* Of one worker; 0: nothing is recorded. */
struct conf_recorder {
	uint64_t ring, audit_ring; /* bytes */
};

/* Where a log goes: what its `path` says. */
struct conf_log_to {
	uint32_t to;      /* enum img_log_to */
	const char *path; /* as img_log.path; "": none is needed */
};

struct conf_log_when {
	struct conf_strings status, why, routes, services, methods;
	uint64_t slow_us; /* 0: however long it took */
	bool errors;
	/* Made of the words: */
	struct img_range *statuses;
	size_t status_count;
	uint64_t whys[2]; /* bit per reason */
	uint32_t method_bits;
};

struct conf_access_log {
	struct conf_place place;
	uint32_t *origins;
	const char *path;
	const char *format;   /* a word, in the order of enum img_log_format */
	const char *template; /* NULL: none */
	struct conf_log_when when;
	uint64_t sample; /* millionths */
	bool keep_errors;
	struct conf_strings query, headers, response_headers;
	const char *facility;
	/* Made of the words: */
	struct conf_log_to to;
	uint32_t format_index, facility_number;
};

struct conf_audit_log {
	struct conf_place place;
	uint32_t *origins;
	const char *path;
	struct conf_strings events;
	const char *when_full; /* a word */
	const char *key_file;  /* NULL: none */
	/* Made of the words: */
	struct conf_log_to to;
	uint32_t event_bits;
	const char *key_path; /* of key_file, as it can be opened; or NULL */
};

/* A header field that some log shows. */
struct conf_log_field {
	const char *name; /* lower case; "*": all */
	bool answer;      /* of the answer */
};

struct conf_mask {
	struct conf_strings headers, query, text;
	uint32_t bits; /* IMG_MASK_*, made of text */
};

struct conf_tracing {
	bool on;              /* the group was written */
	const char *endpoint; /* NULL: nothing is exported */
	const char *protocol; /* a word */
	uint64_t sample;      /* millionths */
	bool parent, errors;
	uint64_t slow_us; /* 0: no such rule */
	struct conf_strings propagate;
	const char *correlation_id; /* NULL: none */
	const char *service;
	struct conf_strings resource, headers;
	const char *ca; /* NULL: the system's */
	uint64_t timeout_us, interval_us, batch, queue;
	/* Made of the words: */
	uint32_t propagate_bits; /* IMG_TRACE_* */
	const char *ca_file;     /* NULL, or as it can be opened */
	uint32_t trust;          /* in conf.trusts, or IMG_NONE */
};

struct conf_telemetry {
	struct conf_recorder recorder;
	struct conf_access_log *access_logs;
	size_t access_count;
	struct conf_audit_log *audit_logs;
	size_t audit_count;
	struct conf_mask mask;
	struct conf_tracing tracing;
	uint64_t max_histograms;
	/* Made of the logs: what has to be recorded for them. */
	struct conf_log_field *fields;
	size_t field_count;
	bool query;
};

#endif
