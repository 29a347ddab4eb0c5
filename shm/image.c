/*
 * image.c - what readers of the configuration image share: the look-up in its
 * tables, and the check that a mapped image can be walked safely.
 */
#include "shm/image.h"

#include "common/base/word.h"
#include "shm/image_inside.h"
#include "shm/vital.h"

const struct img_service *
image_service(const struct img_head *img, uint32_t slot)
{
	const struct img_service *s = img_at(img, img->services.off);

	for (uint32_t i = 0; i < img->services.count; i++)
		if (s[i].slot == slot)
			return &s[i];
	return NULL;
}

const struct img_listener *
image_listener(const struct img_head *img, const struct addr *a)
{
	const struct img_listener *all = img_at(img, img->listeners.off);

	for (uint32_t i = 0; i < img->listeners.count; i++)
		if (addr_eq(&all[i].addr, a))
			return &all[i];
	return NULL;
}

/* Of a short text no byte is looked at that is not in the slot. */
static inline bool
slot_is(const struct img_head *img, const struct img_slot *s, struct slice text)
{
	uint64_t first, want;
	uint32_t last, rest = 0;

	if (s->len != text.n)
		return false;
	if (text.n > IMG_SLOT_INSIDE)
		return slice_eq(img_slot_text(img, s), text);
	if (text.n < sizeof(want)) {
		want = htole64(word_few(text.p, text.n));
	} else {
		memcpy(&want, text.p, sizeof(want));
		rest = htole32((uint32_t)word_few(
		    text.p + sizeof(want), text.n - sizeof(want)));
	}
	memcpy(&first, s->text.inside, sizeof(first));
	memcpy(&last, s->text.inside + sizeof(first), sizeof(last));
	return first == want && last == rest;
}

const struct img_slot *
image_find(const struct img_head *img, struct img_span table,
    uint64_t text_hash, uint32_t owner, struct slice text,
    image_ahead_fn *ahead)
{
	const struct img_slot *slots = img_at(img, table.off);
	uint64_t hash = img_slot_hash(text_hash, owner);
	uint32_t at;

	if (table.count == 0)
		return NULL;
	/* The builder leaves empty slots in every table: this ends. */
	at = img_slot_start(hash, table.count);
	while (slots[at].len != IMG_NONE) {
		const struct img_slot *s = &slots[at];

		if (s->tag == (uint32_t)hash && s->owner == owner) {
			if (ahead != NULL)
				ahead(img, s);
			if (slot_is(img, s, text))
				return s;
		}
		if (++at == table.count)
			at = 0;
	}
	return NULL;
}

static bool
rules_check(const struct img_head *img, struct img_span span)
{
	const struct img_rule *rules = img_at(img, span.off);

	if (!span_inside(img, span, sizeof(*rules)))
		return false;
	for (uint32_t i = 0; i < span.count; i++)
		if (!str_inside(img, rules[i].name) ||
		    !ops_check(img, rules[i].value))
			return false;
	return true;
}

static bool
conditions_check(const struct img_head *img, struct img_span span)
{
	const struct img_condition *c = img_at(img, span.off);

	if (!span_inside(img, span, sizeof(*c)))
		return false;
	for (uint32_t i = 0; i < span.count; i++)
		if (c[i].kind >= COND_COUNT || !str_inside(img, c[i].name) ||
		    !str_inside(img, c[i].value))
			return false;
	return true;
}

static bool
route_check(const struct img_head *img, const struct img_route *r)
{
	return str_inside(img, r->name) &&
	    span_inside(img, (struct img_span){ r->timeouts, 1 },
		sizeof(struct img_timeouts)) &&
	    (r->service == IMG_NONE || r->service < img->services.count) &&
	    (r->respond == IMG_NONE || r->respond < img->responds.count) &&
	    index_check(r->cors, img->cors) &&
	    index_check(r->security, img->security) &&
	    r->class < IMG_CLASS_COUNT && strings_check(img, r->upgrades) &&
	    conditions_check(img, r->conditions) && image_split_check(img, r) &&
	    ops_check(img, r->rewrite) && rules_check(img, r->request_rules) &&
	    rules_check(img, r->response_rules);
}

static bool
route_more_check(const struct img_head *img, const struct img_route_more *r)
{
	return str_inside(img, r->path) && strings_check(img, r->hosts) &&
	    strings_check(img, r->other_methods) &&
	    image_lines_check(img, r->lines);
}

static bool
routes_check(const struct img_head *img)
{
	const struct img_route *routes = img_at(img, img->routes.off);
	const struct img_route_more *more = img_at(img, img->routes_more.off);
	const struct img_respond *responds = img_at(img, img->responds.off);

	if (!span_inside(img, img->routes, sizeof(*routes)) ||
	    !span_inside(img, img->routes_more, sizeof(*more)) ||
	    img->routes_more.count != img->routes.count ||
	    !span_inside(img, img->responds, sizeof(*responds)))
		return false;
	for (uint32_t i = 0; i < img->routes.count; i++)
		if (!route_check(img, &routes[i]) ||
		    !route_more_check(img, &more[i]))
			return false;
	for (uint32_t i = 0; i < img->responds.count; i++)
		if (!str_inside(img, responds[i].content_type) ||
		    !ops_check(img, responds[i].body))
			return false;
	return true;
}

static bool
endpoints_check(const struct img_head *img, struct img_span span)
{
	const struct img_endpoint *e = img_at(img, span.off);

	if (!span_inside(img, span, sizeof(*e)))
		return false;
	for (uint32_t i = 0; i < span.count; i++)
		if (e[i].kind > IMG_ENDPOINT_SRV || e[i].weight == 0 ||
		    e[i].admin >= ADMIN_COUNT || !str_inside(img, e[i].host) ||
		    !str_inside(img, e[i].zone) || !str_inside(img, e[i].label))
			return false;
	return true;
}

static bool
health_check_check(const struct img_head *img, const struct img_health_check *c)
{
	const struct img_probe_header *h = img_at(img, c->headers.off);

	if (c->type > IMG_CHECK_GRPC || c->port > UINT16_MAX ||
	    !str_inside(img, c->path) || !str_inside(img, c->host) ||
	    !str_inside(img, c->body) || !str_inside(img, c->grpc) ||
	    !span_inside(img, c->expect, sizeof(struct img_range)) ||
	    !span_inside(img, c->headers, sizeof(*h)))
		return false;
	for (uint32_t i = 0; i < c->headers.count; i++)
		if (!str_inside(img, h[i].name) || !str_inside(img, h[i].value))
			return false;
	return true;
}

static bool
depends_check(const struct img_head *img, struct img_span span)
{
	const uint32_t *services = img_at(img, span.off);

	if (!span_inside(img, span, sizeof(*services)))
		return false;
	for (uint32_t i = 0; i < span.count; i++)
		if (services[i] >= img->services.count)
			return false;
	return true;
}

/* Nobody waits for ever, nor for what has no bound. */
static bool
queue_check(const struct img_service *s)
{
	return s->queue.length == 0 ||
	    (s->max_connections != 0 && s->queue.timeout_us != 0);
}

static bool
fallback_check(const struct img_head *img, const struct img_fallback *f)
{
	return index_check(f->service, img->services) &&
	    index_check(f->respond, img->responds) &&
	    span_inside(img, f->statuses, sizeof(struct img_range));
}

static bool
service_check(const struct img_head *img, const struct img_service *s)
{
	return str_inside(img, s->name) && str_inside(img, s->host) &&
	    str_inside(img, s->hash_name) && s->balance < IMG_BALANCE_COUNT &&
	    s->class < IMG_CLASS_COUNT && index_check(s->tls, img->tls_outs) &&
	    endpoints_check(img, s->endpoints) &&
	    health_check_check(img, &s->check) &&
	    span_inside(img, s->retry.statuses, sizeof(struct img_range)) &&
	    span_inside(img, s->breaker.statuses, sizeof(struct img_range)) &&
	    depends_check(img, s->depends) && queue_check(s) &&
	    fallback_check(img, &s->fallback);
}

static bool
services_check(const struct img_head *img)
{
	const struct img_service *s = img_at(img, img->services.off);

	if (!span_inside(img, img->services, sizeof(*s)))
		return false;
	for (uint32_t i = 0; i < img->services.count; i++)
		if (!service_check(img, &s[i]))
			return false;
	return true;
}

static bool
identities_check(const struct img_head *img)
{
	const struct img_identity *id = img_at(img, img->identities.off);

	if (!span_inside(img, img->identities, sizeof(*id)))
		return false;
	for (uint32_t i = 0; i < img->identities.count; i++)
		if (!secret_inside(img, id[i].chain) ||
		    !secret_inside(img, id[i].key) ||
		    !secret_inside(img, id[i].staple) ||
		    !str_inside(img, id[i].file) ||
		    !str_inside(img, id[i].subject) ||
		    !str_inside(img, id[i].issuer) ||
		    !str_inside(img, id[i].key_type) ||
		    !strings_check(img, id[i].names))
			return false;
	return true;
}

static bool
trusts_check(const struct img_head *img)
{
	const struct img_trust *t = img_at(img, img->trusts.off);

	if (!span_inside(img, img->trusts, sizeof(*t)))
		return false;
	for (uint32_t i = 0; i < img->trusts.count; i++)
		if (!secret_inside(img, t[i].cas) ||
		    !secret_inside(img, t[i].crls) ||
		    !str_inside(img, t[i].file))
			return false;
	return true;
}

/* A listener's: which certificates for whom. */
static bool
choices_check(const struct img_head *img, const struct img_tls *t)
{
	const uint32_t *first = img_at(img, t->identities.off);
	const struct img_sni *names = img_at(img, t->names.off);

	if (!span_inside(img, t->identities, sizeof(*first)) ||
	    !span_inside(img, t->names, sizeof(*names)) ||
	    t->identities.count == 0)
		return false;
	for (uint32_t i = 0; i < t->identities.count; i++)
		if (first[i] >= img->identities.count)
			return false;
	for (uint32_t i = 0; i < t->names.count; i++)
		if (!str_inside(img, names[i].name) ||
		    names[i].identity >= img->identities.count)
			return false;
	return true;
}

static bool
tls_check(const struct img_head *img)
{
	const struct img_tls *t = img_at(img, img->tls.off);
	const struct img_tls_out *out = img_at(img, img->tls_outs.off);

	if (!span_inside(img, img->tls, sizeof(*t)) ||
	    !span_inside(img, img->tls_outs, sizeof(*out)))
		return false;
	for (uint32_t i = 0; i < img->tls.count; i++)
		if (t[i].verify > IMG_VERIFY_REQUIRE ||
		    !index_check(t[i].trust, img->trusts) ||
		    !choices_check(img, &t[i]))
			return false;
	for (uint32_t i = 0; i < img->tls_outs.count; i++)
		if (!index_check(out[i].trust, img->trusts) ||
		    !index_check(out[i].identity, img->identities) ||
		    !str_inside(img, out[i].server_name))
			return false;
	return true;
}

static bool
listeners_check(const struct img_head *img)
{
	const struct img_listener *l = img_at(img, img->listeners.off);

	if (!span_inside(img, img->listeners, sizeof(*l)))
		return false;
	for (uint32_t i = 0; i < img->listeners.count; i++)
		if (!index_check(l[i].tls, img->tls))
			return false;
	return true;
}

static bool
term_check(const struct img_head *img, struct img_term t)
{
	const uint32_t *lists = img_at(img, img->router.lists.off);

	if (t.count <= 1)
		return t.count == 0 || t.first < img->routes.count;
	if ((uint64_t)t.first + t.count > img->router.lists.count)
		return false;
	for (uint32_t i = 0; i < t.count; i++)
		if (lists[t.first + i] >= img->routes.count)
			return false;
	return true;
}

/* False too when no slot is empty: a search would not end. */
static bool
table_check(const struct img_head *img, struct img_span span)
{
	const struct img_slot *slots = img_at(img, span.off);
	bool empty = span.count == 0;

	if (!span_inside(img, span, sizeof(*slots)))
		return false;
	for (uint32_t i = 0; i < span.count; i++) {
		const struct img_slot *s = &slots[i];

		if (s->len == IMG_NONE)
			empty = true;
		else if (s->len > IMG_SLOT_INSIDE &&
		    !str_inside(img, (struct img_str){ s->text.off, s->len }))
			return false;
	}
	return empty;
}

/* A child stands behind its parent: a descent ends. */
static bool
edge_check(const struct img_head *img, const struct img_slot *s)
{
	if (s->a == IMG_LEAF_END || s->a == IMG_LEAF_REST)
		return s->b < img->routes.count;
	return s->a < img->router.nodes.count && s->a > s->owner &&
	    index_check(s->b, img->routes);
}

/* What the slots of the three tables lead to. */
static bool
slots_check(const struct img_head *img)
{
	const struct img_router *r = &img->router;
	const struct img_slot *hosts = img_at(img, r->hosts.off);
	const struct img_slot *paths = img_at(img, r->paths.off);
	const struct img_slot *edges = img_at(img, r->edges.off);

	for (uint32_t i = 0; i < r->hosts.count; i++)
		if (hosts[i].len != IMG_NONE &&
		    (!index_check(hosts[i].a, r->groups) ||
			!index_check(hosts[i].b, r->groups)))
			return false;
	for (uint32_t i = 0; i < r->paths.count; i++)
		if (paths[i].len != IMG_NONE &&
		    !term_check(
			img, (struct img_term){ paths[i].a, paths[i].b }))
			return false;
	for (uint32_t i = 0; i < r->edges.count; i++)
		if (edges[i].len != IMG_NONE && !edge_check(img, &edges[i]))
			return false;
	return true;
}

static bool
nodes_check(const struct img_head *img)
{
	const struct img_node *n = img_at(img, img->router.nodes.off);

	for (uint32_t i = 0; i < img->router.nodes.count; i++)
		if (!index_check(n[i].param, img->router.nodes) ||
		    n[i].param <= i || !term_check(img, n[i].end) ||
		    !term_check(img, n[i].rest))
			return false;
	return true;
}

static bool
regexes_check(const struct img_head *img, struct img_span span)
{
	const struct img_regex *x = img_at(img, span.off);

	if (!span_inside(img, span, sizeof(*x)))
		return false;
	for (uint32_t i = 0; i < span.count; i++)
		if (!str_inside(img, x[i].text) || !term_check(img, x[i].term))
			return false;
	return true;
}

static bool
groups_check(const struct img_head *img)
{
	const struct img_group *g = img_at(img, img->router.groups.off);

	if (img->router.groups.count == 0)
		return false;
	for (uint32_t i = 0; i < img->router.groups.count; i++)
		if (!index_check(g[i].root, img->router.nodes) ||
		    !regexes_check(img, g[i].regexes))
			return false;
	return true;
}

static bool
router_check(const struct img_head *img)
{
	const struct img_router *r = &img->router;

	return span_inside(img, r->nodes, sizeof(struct img_node)) &&
	    span_inside(img, r->groups, sizeof(struct img_group)) &&
	    span_inside(img, r->lists, sizeof(uint32_t)) &&
	    table_check(img, r->hosts) && table_check(img, r->paths) &&
	    table_check(img, r->edges) && slots_check(img) &&
	    nodes_check(img) && groups_check(img) &&
	    regexes_check(img, r->regexes);
}

bool
image_check(const struct img_head *img, uint64_t bytes)
{
	if (bytes < sizeof(*img) || img->magic != IMG_MAGIC ||
	    img->bytes > bytes || img->bytes < sizeof(*img))
		return false;
	return str_inside(img, img->environment) &&
	    str_inside(img, img->zone) &&
	    span_inside(img, img->resolver.servers, sizeof(struct addr)) &&
	    span_inside(img, img->trusted, sizeof(struct addr_range)) &&
	    secret_inside(img, img->ticket_keys) &&
	    secret_inside(img, img->admin_token) && identities_check(img) &&
	    trusts_check(img) && tls_check(img) && listeners_check(img) &&
	    services_check(img) && image_cors_check(img) &&
	    image_security_check(img) && routes_check(img) &&
	    image_access_check(img) && image_limits_check(img) &&
	    image_acl_check(img) && image_telemetry_check(img) &&
	    image_places_check(img) && router_check(img);
}
