/*
 * region_copy.h - the region as it is, for a process that runs a worker's code
 * without being one: what it writes stays its own (copy on write, by pages),
 * what the gateway writes it sees, until it has written there itself.
 */
#ifndef SHM_REGION_COPY_H
#define SHM_REGION_COPY_H

#include "shm/region.h"

/*
 * From descriptors as region_attach takes them, which stay the caller's. Vault,
 * records and readers are new and empty, and so are secrets that are not given.
 * False with a complaint.
 */
bool
region_copy(struct region *r, const struct region_fds *fds, struct diag *d);
/* Instead of region_fini. */
void region_copy_fini(struct region *r);

/* What was written to the state is forgotten: it is as the gateway has it now.
 */
void region_copy_renew(struct region *r);

/* The slot of a worker that the gateway does not have. */
uint32_t region_copy_slot(const struct region *r);

/*
 * Once the process has entered an epoch: the current image and its secrets stay
 * as they are, even if the gateway gives their room to others. False: it has
 * been replaced meanwhile; once more.
 */
bool region_copy_hold(struct region *r, uint32_t image_slot);

#endif
