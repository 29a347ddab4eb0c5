/*
 * parts.c - see parts.h.
 */
#include "worker/parts.h"

#include "common/jose/mac.h"
#include "shm/region.h"
#include "worker/filter/auth_cache.h"
#include "worker/filter/auth_question.h"
#include "worker/filter/basic_check.h"
#include "worker/filter/vouchers.h"
#include "worker/flow/contexts.h"
#include "worker/flow/guards.h"
#include "worker/flow/issued.h"
#include "worker/flow/keys.h"
#include "worker/flow/pipeline.h"
#include "worker/flow/refused.h"
#include "worker/flow/req.h"
#include "worker/flow/secure.h"
#include "worker/origin/balance.h"
#include "worker/origin/queue.h"

#define PARTS_AUTH_BYTES (32u << 20) /* of tokens that were verified */

bool
parts_init(struct env *e)
{
	e->counters = counters_block(e->region, e->slot);
	e->answering = pipeline_answering(e->filters);
	e->contexts = contexts_new();
	e->secure = secure_new(e);
	e->keys = keys_new(e);
	e->auth_cache = auth_cache_new(e, PARTS_AUTH_BYTES);
	e->auth_questions = auth_questions_new(e);
	e->guards = guards_new();
	e->vouchers = vouchers_new();
	e->debug_mac = mac_new(region_secrets(e->region)->debug_key);
	e->balance = balance_new(e);
	e->queues = queues_new(e);
	e->basic_checks = basic_checks_new(e);
	list_init(&e->errands);
	e->refused = refused_new();
	pool_init(&e->reqs, "requests", REQ_BYTES, 0);
	for (uint32_t i = 0; i < IMAGES_MAX; i++)
		list_init(&e->pinned[i]);
	return e->contexts != NULL && e->secure != NULL && e->balance != NULL &&
	    e->keys != NULL && e->auth_cache != NULL && e->guards != NULL &&
	    e->basic_checks != NULL && e->refused != NULL &&
	    e->auth_questions != NULL && e->vouchers != NULL &&
	    e->debug_mac != NULL && e->queues != NULL &&
	    permits_init(&e->permits, e->region, e->slot);
}

void
parts_fini(struct env *e)
{
	queues_free(e->queues);
	permits_fini(&e->permits);
	pool_fini(&e->reqs);
	basic_checks_free(e->basic_checks);
	balance_free(e->balance);
	refused_free(e->refused);
	guards_free(e->guards);
	vouchers_free(e->vouchers);
	mac_free(e->debug_mac);
	issued_fini(e);
	auth_questions_free(e->auth_questions);
	auth_cache_free(e->auth_cache);
	keys_free(e->keys);
	secure_free(e->secure);
	contexts_free(e->contexts);
}
