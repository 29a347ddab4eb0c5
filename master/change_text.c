/*
 * change_text.c - see change_text.h.
 */
#include "master/change_text.h"

#include <string.h>

#include "common/net/tls.h"
#include "master/grpc_health.h"

enum change_weight
change_weight(const struct change *c)
{
	switch (c->event) {
	case CHANGE_DOWN:
	case CHANGE_EJECTED:
	case CHANGE_POOR:
		return CHANGE_BAD;
	case CHANGE_ADDED:
		return c->cause == CAUSE_DNS ? CHANGE_NOTED : CHANGE_QUIET;
	case CHANGE_TRIAL:
		return CHANGE_QUIET;
	case CHANGE_UP:
	case CHANGE_RETURNED:
	case CHANGE_FAIR:
	case CHANGE_READY:
	case CHANGE_DRAIN:
	case CHANGE_MAINT:
	case CHANGE_WEIGHT:
	case CHANGE_EVENT_COUNT:
		break;
	}
	return CHANGE_NOTED;
}

void
cause_detail(struct text *out, enum change_cause cause, uint32_t detail)
{
	const char *error;

	if (detail == 0)
		return;
	switch (cause) {
	case CAUSE_PROBE_CONNECT:
	case CAUSE_CONNECT:
	case CAUSE_RESET:
		error = strerrordesc_np((int)detail);
		if (error != NULL)
			text_add(out, slice_str(error));
		else
			text_printf(out, "%u", detail);
		break;
	case CAUSE_PROBE_TLS:
		tls_fault_words(out, detail);
		break;
	case CAUSE_PROBE_GRPC:
		grpc_health_words(out, detail);
		break;
	case CAUSE_SCORE:
	case CAUSE_ERROR_RATE:
	case CAUSE_SLOW_RATE:
		text_printf(out, "%u.%u %%", detail / 10, detail % 10);
		break;
	case CAUSE_SLOW:
		text_printf(out, "%u ms", detail);
		break;
	case CAUSE_CONFIG:
	case CAUSE_OPERATOR:
	case CAUSE_DNS:
	case CAUSE_PROBE_OK:
	case CAUSE_PROBE_TIMEOUT:
	case CAUSE_PROBE_STATUS:
	case CAUSE_PROBE_BODY:
	case CAUSE_PROBE_BROKEN:
	case CAUSE_TIMEOUT:
	case CAUSE_BROKEN:
	case CAUSE_STATUS:
	case CAUSE_ANSWERED:
	case CAUSE_TIME:
	case CAUSE_TLS:
	case CAUSE_UNKNOWN:
	case CHANGE_CAUSE_COUNT:
		text_printf(out, "%u", detail);
		break;
	}
}

void
change_detail(struct text *out, const struct change *c)
{
	cause_detail(out, c->cause, c->detail);
}

void
change_text(struct text *out, const struct change *c)
{
	struct text detail;

	text_init(&detail);
	change_detail(&detail, c);
	text_printf(out, "%s: %s", change_event_name(c->event),
	    change_cause_name(c->cause));
	if (detail.n != 0)
		text_printf(out, " (%.*s)", SLICE_FMT(text_slice(&detail)));
	text_fini(&detail);
}
