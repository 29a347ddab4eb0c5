/*
 * respond.h - routes that answer by themselves.
 */
#ifndef WORKER_FILTER_RESPOND_H
#define WORKER_FILTER_RESPOND_H

#include "worker/flow/pipeline.h"

enum verdict respond_request(struct req *q);

#endif
