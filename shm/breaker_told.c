/*
 * breaker_told.c - the audit log hears of a transition from whoever made it.
 * Who is killed before that is in there himself.
 */
#include <stdio.h>

#include "shm/audit.h"
#include "shm/breaker_word.h"
#include "shm/registry.h"

#define HOW_BYTES 128

static void
note_name(const struct region *r, uint32_t breaker, struct audit_note *n)
{
	struct endpoint_info info = { .service = REGISTRY_NONE };

	if (breaker >= BREAKER_OF_SERVICE(0)) {
		n->text[AUDIT_SERVICE] =
		    registry_service_name(r, breaker - BREAKER_OF_SERVICE(0));
		return;
	}
	n->text[AUDIT_OBJECT] = registry_endpoint_text(r, breaker);
	if (registry_endpoint_info(r, breaker, &info))
		n->text[AUDIT_SERVICE] = registry_service_name(r, info.service);
}

void
breaker_told(
    const struct region *r, uint32_t breaker, const struct breaker_turn *turn)
{
	struct audit_note n = { .event = AUDIT_BREAKER, .count = turn->number };
	char how[HOW_BYTES];

	if (!audit_wants(r, AUDIT_BREAKER))
		return;
	(void)snprintf(how, sizeof(how), "%s -> %s: %s %u",
	    breaker_state_name(turn->from), breaker_state_name(turn->to),
	    change_cause_name(turn->cause), turn->detail);
	n.text[AUDIT_DETAIL] = slice_str(how);
	note_name(r, breaker, &n);
	audit_write(r, &n);
}
