/*
 * served_kit.h - a published configuration with certificates of its own: a.pem
 * of a listener, c.pem of a service, ca.pem, and two ticket keys.
 */
#ifndef TESTS_UNIT_MASTER_SERVED_KIT_H
#define TESTS_UNIT_MASTER_SERVED_KIT_H

#include "tests/unit/master/gate_kit.h"
#include "tests/unit/master/pem_kit.h"

#define SERVED(more)                                                         \
	"listeners = ( { address = \"127.0.0.1:443\"; tls = { certificates " \
	"= ( { certificate = \"a.pem\"; key = \"a.key\"; } ); " more         \
	"}; } );\n"

#define SERVED_SERVICE                                                \
	"services = { be = { tls = { ca = \"ca.pem\"; certificate = " \
	"\"c.pem\"; key = \"c.key\"; }; endpoints = ( { address = "   \
	"\"127.0.0.1:81\"; } ); }; };\n" ROUTE

static struct pem_folder folder;

static inline void
served_files_make(void)
{
	struct pem ca =
	    pem_make(&(struct pem_want){ .cn = "CA", .ca = true, .days = 400 });
	struct pem p;
	char keys[80];

	pem_folder_make(&folder);
	pem_add_cert(&folder, "ca.pem", &ca);
	p = pem_put(&folder, "a",
	    &(struct pem_want){
		.cn = "a", .names = "DNS:a.example", .by = &ca, .days = 30 },
	    NULL);
	pem_free(&p);
	p = pem_put(&folder, "c",
	    &(struct pem_want){ .cn = "c\"",
		.by = &ca,
		.from_days = -9,
		.days = -3,
		.client = true },
	    NULL);
	pem_free(&p);
	memset(keys, 1, sizeof(keys));
	pem_put_text(&folder, "t1", keys, sizeof(keys));
	memset(keys, 2, sizeof(keys));
	pem_put_text(&folder, "t2", keys, sizeof(keys));
	pem_free(&ca);
}

static inline void
served_files_drop(void)
{
	pem_folder_drop(&folder);
}

/* As a reload does. */
static inline void
served_publish_text(const char *text)
{
	struct conf_try t;
	int slot;

	pem_try(&folder, &t, text);
	ck_assert(t.ok);
	slot = epoch_build(region, t.c.image_bytes, t.c.secret_bytes);
	ck_assert_int_ge(slot, 0);
	memcpy(epoch_build_at(region, slot), t.c.image, t.c.image_bytes);
	if (t.c.secret_bytes != 0)
		memcpy(epoch_build_secrets_at(region, slot), t.c.secrets,
		    t.c.secret_bytes);
	(void)epoch_publish(region, slot);
	conf_try_fini(&t);
}

#endif
