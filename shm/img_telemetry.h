/*
 * img_telemetry.h - the part of the configuration image that says what is told
 * of the traffic, and where: access logs, the audit log, traces.
 *
 * Workers read what concerns the recording alone; all else is penstocklog's,
 * which copies the image when it changes.
 */
#ifndef SHM_IMG_TELEMETRY_H
#define SHM_IMG_TELEMETRY_H

#include "shm/img_ref.h"

/* ---- what is logged, and how ---- */

enum img_log_to {
	IMG_LOG_FILE,   /* `path`: absolute */
	IMG_LOG_STDOUT, /* "stdout": the gateway's own */
	IMG_LOG_SYSLOG, /* `path`: a socket of the machine, or HOST:PORT (UDP)
			 */
	IMG_LOG_JOURNAL /* journald's own protocol */
};

enum img_log_format {
	IMG_LOG_JSON,
	IMG_LOG_COMBINED,
	IMG_LOG_COMMON,
	IMG_LOG_DEV,
	IMG_LOG_TEMPLATE
};

/* Text that is made unreadable wherever it stands in a logged value. */
#define IMG_MASK_EMAIL 1u
#define IMG_MASK_CARD 2u        /* numbers that pass Luhn's test */
#define IMG_MASK_NATIONAL_ID 4u /* US SSN, UK NINO, ... see the manual */
#define IMG_MASK_IBAN 8u

/* What is never shown as long as a configuration does not say otherwise: values
 * of header fields and of parameters of the query; with blanks between. */
#define IMG_MASK_HEADERS                                                    \
	"Authorization Proxy-Authorization Cookie Set-Cookie X-Api-Key "    \
	"Api-Key X-Auth-Token X-Access-Token X-Csrf-Token X-Xsrf-Token "    \
	"X-Amz-Security-Token X-Vault-Token Penstock-Debug "                \
	"X-Goog-Api-Key X-Authorization X-Forwarded-Authorization "         \
	"X-Original-Authorization X-Forwarded-Access-Token X-Auth-Key "     \
	"X-Session-Token X-Refresh-Token X-Id-Token X-Jwt-Assertion "       \
	"X-Amzn-Oidc-Data X-Amzn-Oidc-Accesstoken Private-Token Job-Token " \
	"X-Gitlab-Token Ocp-Apim-Subscription-Key"
#define IMG_MASK_QUERY                                                       \
	"token access_token refresh_token id_token jwt code api_key apikey " \
	"key secret client_secret client_assertion password passwd pwd "     \
	"signature sig auth session sid jsessionid otp X-Amz-Signature "     \
	"X-Amz-Security-Token"

/* All that are given must hold. Lists: one of them. */
struct img_log_when {
	struct img_span statuses;         /* struct img_range */
	uint64_t whys[2];                 /* bit per enum why; 0, 0: any */
	struct img_span routes, services; /* struct img_str: names */
	uint32_t methods;                 /* bit per enum http_method; 0: any */
	uint32_t errors;  /* 1: those with a reason that is a fault */
	uint64_t slow_us; /* at least so long; 0: any */
};

/* An entry of access_log, or of audit_log. */
struct img_log {
	uint64_t id;     /* of what it is and where it goes: the same in every
			    generation (readers.h) */
	uint32_t to;     /* enum img_log_to */
	uint32_t format; /* enum img_log_format */
	struct img_str path;
	struct img_str template; /* TEMPLATE: its source, checked */
	uint32_t facility;       /* SYSLOG: number; severity is by the status */
	uint32_t sample;         /* of 2^32; UINT32_MAX: all */
	uint32_t keep_errors; /* 1: what failed, or was slow, is not sampled */
	struct img_log_when when;
	/* Names whose values are shown; one "*": all. */
	struct img_span query;            /* struct img_str */
	struct img_span headers;          /* struct img_str: of the request */
	struct img_span response_headers; /* struct img_str */
	/* Of an audit log: bit per enum audit_event; the file with the key of
	 * its chain, len 0: none. */
	uint32_t events;
	struct img_str key_file;
};

/* ---- what a record holds beside its fixed part ---- */

/* A field that some log wants, of requests or of answers, and that no record
 * has by itself; each once, and at most RECORD_FIELDS_MAX. */
struct img_record_field {
	uint32_t id;         /* enum field_id */
	uint32_t answer;     /* 1: of the answer */
	struct img_str name; /* lower case; "*": all that there is room for */
};

/* ---- tracing ---- */

#define IMG_TRACE_W3C 1u      /* traceparent, tracestate */
#define IMG_TRACE_B3 2u       /* b3: one field */
#define IMG_TRACE_B3_MULTI 4u /* X-B3-TraceId, ... */

struct img_tracing {
	uint32_t on;        /* 1: there is a group `tracing` */
	uint32_t propagate; /* IMG_TRACE_*: what is read, in this order, and
			       what is written */
	uint32_t sample;    /* of 2^32: of requests without a parent; all ones:
			       all */
	uint32_t parent;    /* 1: a trusted parent decides for its children */
	uint32_t errors;    /* 1: what failed is always exported, */
	uint64_t slow_us;   /* and what took so long; 0: no such rule */
	/* of the field that a correlation id is in; name len 0: none */
	uint32_t correlation_id;
	struct img_str correlation;
	/* The export; endpoint len 0: none. */
	struct img_str endpoint;  /* http or https, with the path */
	uint32_t json;            /* 0: protobuf */
	struct img_span headers;  /* struct img_str: "Name: value" */
	struct img_str service;   /* service.name */
	struct img_span resource; /* struct img_str: "key=value" */
	struct img_str ca_file;
	uint64_t timeout_us, interval_us; /* of one export; between two */
	uint64_t queue_bytes;             /* of what waits for the receiver */
	uint32_t batch;                   /* spans of one export */
};

/* ---- audit ---- */

/* Of all audit logs together; all 0: there is none. */
struct img_audit {
	uint32_t on;     /* 1: there is an audit_log */
	uint32_t refuse; /* 1: when it is full, requests are refused */
	uint32_t events; /* bit per enum audit_event (shm/audit.def) */
};

struct img_telemetry {
	struct img_span access_logs; /* struct img_log */
	struct img_span audit_logs;  /* struct img_log, JSON */
	struct img_audit audit;
	struct img_tracing tracing;
	/* Of all logs: */
	struct img_span fields;       /* struct img_record_field */
	uint32_t query;               /* 1: the query is recorded */
	uint32_t mask;                /* IMG_MASK_* */
	struct img_span mask_headers; /* struct img_str: never shown */
	struct img_span mask_query;   /* struct img_str */
	uint32_t max_histograms;      /* routes with one of their own */
};

#endif
