/*
 * grpc_web.h - browsers speak gRPC-Web: their requests become gRPC, and the
 * answers gRPC-Web. Other requests, and answers that are not gRPC, pass as they
 * are. A call that fails before any message has its grpc-status in its head,
 * where such clients look, too.
 */
#ifndef WORKER_FILTER_GRPC_WEB_H
#define WORKER_FILTER_GRPC_WEB_H

#include "worker/flow/pipeline.h"

enum verdict grpc_web_request(struct req *q);
void grpc_web_answer(struct req *q, struct head *h);

#endif
