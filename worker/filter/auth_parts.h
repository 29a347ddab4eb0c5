/*
 * auth_parts.h - what an identity is made of, from the claims of a token or the
 * entry of a holder, checked so that an upstream can be told.
 */
#ifndef WORKER_FILTER_AUTH_PARTS_H
#define WORKER_FILTER_AUTH_PARTS_H

#include "common/base/arena.h"
#include "common/base/json_read.h"
#include "shm/image.h"
#include "worker/flow/identity.h"

/*
 * parts->claim from the claims that `a` names, parts->claims from all of them.
 * Each is a string; roles and permissions may also be a list of strings, which
 * is joined by ",", and "scope" is one whose elements are parted by blanks (RFC
 * 8693 4.2). Anything else is false: another type, an empty string, what
 * auth_parts_fit does not take, a comma within an element. What is not there,
 * null, or an empty list stays empty. Texts are in `all`, or in the arena where
 * they have to be written: false, too, when that has failed.
 */
bool auth_parts_claims(const struct img_head *img, const struct img_auth *a,
    const struct json_members *all, struct arena *arena,
    struct identity_parts *parts);

/*
 * parts->claim, expires_s and token_id (its name) from a holder, whose texts
 * are offsets from `base`: the image, or a block of holders.h. False: one of
 * them cannot be told.
 */
bool auth_parts_holder(
    const void *base, const struct img_holder *h, struct identity_parts *parts);

/*
 * May be told as it is: UTF-8 without control characters, not empty, no blank
 * at an end, where it would be lost on the way.
 */
bool auth_parts_fit(struct slice value);

#endif
