/*
 * audit_resume.c - see audit_resume.h.
 *
 * The state may be behind the file, by what was written just before a kill: the
 * lines from its offset on go on with its chain. If that file was moved
 * meanwhile, it is looked for in its folder.
 */
#include "tools/audit_resume.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/log.h"
#include "tools/audit_lines.h"

enum resumed { RESUMED_ALL, RESUMED_TORN, RESUMED_BAD, RESUMED_FAILED };

static void
state_take(struct audit_state *s, const struct audit_line *l)
{
	s->at.seq = l->seq;
	memcpy(s->at.hash, l->hash, AUDIT_HASH);
	if (l->prev != NULL)
		return;
	if (l->id.run == s->run && l->id.number > s->number[l->id.ring])
		s->number[l->id.ring] = l->id.number;
}

/* The line goes on with the chain. */
static bool
line_follows(const struct audit_file *f, const struct audit_line *l)
{
	char hash[AUDIT_HASH];

	return l->seq == f->known.at.seq + 1 &&
	    (l->prev == NULL ||
		memcmp(l->prev, f->known.at.hash, AUDIT_HASH) == 0) &&
	    audit_chain_hash(&f->chain, f->known.at.hash, l->body, hash) &&
	    memcmp(hash, l->hash, AUDIT_HASH) == 0;
}

/*
 * Takes the lines from f->known.offset on into the state, as long as they go on
 * with it (`trust`: whatever they say).
 */
static enum resumed
lines_resume(struct audit_file *f, int fd, bool trust)
{
	struct audit_lines lines;
	struct audit_line l;
	struct slice text;
	enum resumed how = RESUMED_ALL;
	enum audit_lines_got got;

	if (!audit_lines_init(&lines, fd, f->known.offset))
		return RESUMED_FAILED;
	while ((got = audit_lines_next(&lines, &text)) == AUDIT_LINES_ONE) {
		if (!audit_line_read(text, &l) ||
		    (!trust && !line_follows(f, &l))) {
			how = RESUMED_BAD;
			if (!trust)
				break;
			continue;
		}
		state_take(&f->known, &l);
		f->known.offset = lines.at;
	}
	if (got == AUDIT_LINES_TORN)
		how = how == RESUMED_ALL ? RESUMED_TORN : how;
	else if (got == AUDIT_LINES_LONG)
		how = RESUMED_BAD;
	else if (got == AUDIT_LINES_FAILED)
		how = RESUMED_FAILED;
	audit_lines_fini(&lines);
	return how;
}

/* ---- the file that was moved ---- */

static bool
is_moved(int dir, const char *name, const struct audit_state *s)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(st.st_mode) && (uint64_t)st.st_ino == s->ino &&
	    (uint64_t)st.st_dev == s->dev;
}

/* -1: it is not there any more. */
static int
moved_open(const struct audit_file *f)
{
	const char *slash = strrchr(f->path, '/');
	char *folder = slash != NULL
	    ? strndup(f->path, (size_t)(slash - f->path) + 1)
	    : strdup(".");
	DIR *dir = folder != NULL ? opendir(folder) : NULL;
	struct dirent *e;
	int fd = -1;

	while (dir != NULL && fd < 0 && (e = readdir(dir)) != NULL)
		if (is_moved(dirfd(dir), e->d_name, &f->known))
			fd = openat(dirfd(dir), e->d_name,
			    O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (dir != NULL)
		(void)closedir(dir);
	free(folder);
	return fd;
}

static void
moved_resume(struct audit_file *f)
{
	int fd = moved_open(f);
	enum resumed how;

	if (fd < 0) {
		log_warnx("%s: the file before it is gone from its folder; it "
			  "goes on behind line %" PRIu64,
		    f->path, f->known.at.seq);
		return;
	}
	how = lines_resume(f, fd, false);
	if (how == RESUMED_TORN)
		how = ftruncate(fd, (off_t)f->known.offset) == 0 ? RESUMED_ALL
								 : RESUMED_TORN;
	if (how != RESUMED_ALL)
		log_warnx("%s: the file before it does not end as it was "
			  "written",
		    f->path);
	(void)close(fd);
}

/* ---- the file itself ---- */

static bool
file_cut(struct audit_file *f)
{
	log_warnx("%s: its last line was not written whole: cut off", f->path);
	return ftruncate(f->fd, (off_t)f->known.offset) == 0;
}

/* Behind whatever is there, with a line that says where the chain stands. */
static bool
file_doubt(struct audit_file *f, uint64_t size)
{
	char last = '\n';

	log_errx("%s: it is not as it was written: penstocklog --verify says "
		 "where; it goes on behind line %" PRIu64,
	    f->path, f->known.at.seq);
	f->known.offset = size;
	f->begin = true;
	if (pread(f->fd, &last, 1, (off_t)size - 1) == 1 && last == '\n')
		return true;
	f->known.offset++;
	return write(f->fd, "\n", 1) == 1;
}

/* Nothing is known of it but what it says itself. */
static enum resumed
file_trust(struct audit_file *f)
{
	f->known.offset = 0;
	return lines_resume(f, f->fd, true);
}

static enum resumed
file_resume(struct audit_file *f, const struct stat *st)
{
	bool same = (uint64_t)st->st_ino == f->known.ino &&
	    (uint64_t)st->st_dev == f->known.dev;

	if (f->known.turn == 0)
		return file_trust(f);
	if (!same) {
		moved_resume(f);
		f->known.offset = 0;
	}
	if ((uint64_t)st->st_size < f->known.offset)
		return RESUMED_BAD;
	return lines_resume(f, f->fd, false);
}

bool
audit_resume(struct audit_file *f)
{
	struct stat st;
	enum resumed how;

	if (f->known.run != f->run)
		memset(f->known.number, 0, sizeof(f->known.number));
	f->known.run = f->run;
	if (fstat(f->fd, &st) != 0)
		return false;
	how = file_resume(f, &st);
	if (how == RESUMED_FAILED || (how == RESUMED_TORN && !file_cut(f)))
		return false;
	if (how == RESUMED_BAD && st.st_size == 0)
		f->known.offset = 0;
	else if (how == RESUMED_BAD && !file_doubt(f, (uint64_t)st.st_size))
		return false;
	f->begin |= f->known.offset == 0;
	f->known.dev = (uint64_t)st.st_dev;
	f->known.ino = (uint64_t)st.st_ino;
	return true;
}
