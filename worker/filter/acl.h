/*
 * acl.h - the filter for routes that do not let every address in. That of all
 * clients is looked at before there is a route (worker/flow/admit.h).
 */
#ifndef WORKER_FILTER_ACL_H
#define WORKER_FILTER_ACL_H

#include "worker/flow/pipeline.h"

enum verdict acl_request(struct req *q);

#endif
