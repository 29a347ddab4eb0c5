/*
 * word.h - a shared word that one process alone writes: it grows without an
 * instruction that is locked, and whoever reads it finds all of it.
 */
#ifndef SHM_WORD_H
#define SHM_WORD_H

#include <stdatomic.h>
#include <stdint.h>

/* By its writer. */
static inline void
word_add(_Atomic uint64_t *word, uint64_t by)
{
	atomic_store_explicit(word,
	    atomic_load_explicit(word, memory_order_relaxed) + by,
	    memory_order_relaxed);
}

#endif
