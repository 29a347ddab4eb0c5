/*
 * audit_file.h - one audit log: its file, the chain in it, and what is known of
 * it beside it.
 *
 *	write    lines appended, on the disk      -> PATH.state -> true
 *	killed   what is in the file behind what PATH.state knows, was written
 *	torn     a last line without its end is cut off
 *	moved    the new file begins with the last hash of the old one
 *
 * All of a batch is written for good, or nothing of it: what did not fit is
 * taken back.
 */
#ifndef TOOLS_AUDIT_FILE_H
#define TOOLS_AUDIT_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "tools/audit_state.h"

/* Records of audit rings, one behind the other, each behind its ring. */
struct audit_batch {
	struct text bytes; /* struct audit_batch_head, then the record */
};
struct audit_batch_head {
	uint32_t ring, spare;
};

void audit_batch_add(
    struct audit_batch *b, uint32_t ring, const struct record_audit *a);

struct audit_file {
	char *path, *key_file; /* key_file NULL: none */
	uint32_t events;       /* bits of those that it has */
	uint64_t run;          /* as in struct audit_id */
	struct audit_chain chain;
	int fd, state_fd;         /* -1: not open */
	struct audit_state known; /* of the file, which is not longer */
	bool begin;               /* a line that begins a file is due */
	struct text out;
	int error;             /* errno now; 0: all is well */
	const char *doing;     /* what failed */
	uint64_t lines, bytes; /* written by this process */
};

/* Opens nothing yet. The chain is of the key at each opening. */
void audit_file_init(struct audit_file *f, struct slice path,
    struct slice key_file, uint32_t events, uint64_t run);
void audit_file_fini(struct audit_file *f);

/*
 * Writes those events of a batch that it has to have and has not yet. True:
 * they are on the disk. False: nothing is, f->error and f->doing say why; the
 * same batch is to come again.
 */
bool audit_file_write(struct audit_file *f, const struct audit_batch *b);

/* Opens it, or opens it anew, as it may have been moved. False: as above; the
 * next batch tries again. */
bool audit_file_reopen(struct audit_file *f);

#endif
