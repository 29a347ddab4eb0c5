/*
 * build_acl.h - who is let in, and who is not any more, compiled.
 */
#ifndef MASTER_BUILD_ACL_H
#define MASTER_BUILD_ACL_H

#include "master/build_image.h"
#include "master/conf.h"

/* In img_protect.acls, or IMG_NONE. */
static inline uint32_t
build_acl_index(const struct conf_acl *acl)
{
	return acl->number != 0 ? acl->number - 1 : IMG_NONE;
}

/* Writes the lists, each once, and which of them holds for every client. */
void build_acls(struct image *im, const struct conf *c);

/* Writes the rules by which addresses are banned. */
void build_bans(struct image *im, const struct conf *c);

#endif
