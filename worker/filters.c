/*
 * filters.c - the filter order, from shm/filters.def.
 */
#include "worker/filters.h"

#include "worker/filter/acl.h"
#include "worker/filter/authenticate.h"
#include "worker/filter/authorize.h"
#include "worker/filter/cors.h"
#include "worker/filter/forwarded.h"
#include "worker/filter/grant.h"
#include "worker/filter/grant_limit.h"
#include "worker/filter/grpc_web.h"
#include "worker/filter/limit.h"
#include "worker/filter/respond.h"
#include "worker/filter/split.h"
#include "worker/filter/tell.h"
#include "worker/filter/trace.h"
#include "worker/filter/transform.h"
#include "worker/flow/security_headers.h"
#include "worker/flow/upgrade.h"
#include "worker/origin/forward.h"

const struct filter filters_all[IMG_FILTER_COUNT] = {
	[IMG_FILTER_FORWARDED] = { "forwarded", forwarded_request, NULL },
	[IMG_FILTER_TRACE] = { "trace", trace_request, trace_answer },
	[IMG_FILTER_ACL] = { "acl", acl_request, NULL },
	[IMG_FILTER_CORS] = { "cors", cors_request, cors_answer },
	[IMG_FILTER_LIMIT] = { "limit", limit_request, limit_answer },
	[IMG_FILTER_GRANT_LIMIT] = { "grant_limit", grant_limit_request, NULL },
	[IMG_FILTER_AUTHENTICATE] = { "authenticate", authenticate_request,
	    NULL },
	[IMG_FILTER_LATE_LIMIT] = { "late_limit", late_limit_request,
	    limit_answer },
	[IMG_FILTER_AUTHORIZE] = { "authorize", authorize_request, NULL },
	[IMG_FILTER_SPLIT] = { "split", split_request, NULL },
	[IMG_FILTER_FALLBACK] = { "fallback", forward_prepare, NULL },
	[IMG_FILTER_IDENTITY] = { "identity", tell_request, NULL },
	[IMG_FILTER_UPGRADE] = { "upgrade", upgrade_request, NULL },
	[IMG_FILTER_GRPC_WEB] = { "grpc_web", grpc_web_request,
	    grpc_web_answer },
	[IMG_FILTER_TRANSFORM] = { "transform", transform_request,
	    transform_answer },
	[IMG_FILTER_SECURITY_HEADERS] = { "security_headers", NULL,
	    security_headers_answer },
	[IMG_FILTER_GRANT] = { "grant", grant_request, NULL },
	[IMG_FILTER_RESPOND] = { "respond", respond_request, NULL },
	[IMG_FILTER_FORWARD] = { "forward", forward_request, NULL },
};

static const char *const filters_help[IMG_FILTER_COUNT] = {
#define FILTER(ID, name, help) [IMG_FILTER_##ID] = help,
#include "shm/filters.def"
};

void
filters_print(FILE *f)
{
	for (unsigned i = 0; i < IMG_FILTER_COUNT; i++)
		fprintf(f, "%u. %s: %s\n", i + 1, filters_all[i].name,
		    filters_help[i]);
}
