/*
 * keyed.pml - the keyed table: one set, whose places are claimed, freed and
 * claimed again by workers that take and drop permits, with kills at every
 * store. The labels are those of shm/keyed.c. Permits are atomic here: they are
 * protocol B, which permits.pml is about.
 *
 * Checked: never more than MAX hold permits of one key; no key has two places
 * that are LIVE or LEAVING; a place that is held keeps its key.
 *
 * Workers 0 and 1 want key 1, the others key 2, so that places change hands.
 * Two workers could take one place from each other for ever, each between K1
 * and T of the other: a place is claimed and marked VERSIONS times, then they
 * give up. Memory is sequentially consistent; versions are whole.
 *
 * -DMUTATION=n breaks one rule; each must be found (run.sh):
 *	1 L2 without looking at the count      2 L1 empties the place at once
 *	3 no V                                 4 K3 looks at no other place
 *	5 a higher PENDING is left alone       6 a lower PENDING is left alone
 *	7 LEAVING elsewhere is not LIVE
 */
#ifndef MUTATION
#define MUTATION 0
#endif
#ifndef WORKERS
#define WORKERS 3
#endif
#ifndef WAYS
#define WAYS 2
#endif
#ifndef OPS
#define OPS 1           /* of each worker */
#endif
#ifndef KILLS
#define KILLS 0         /* of worker 0 */
#endif
#ifndef VERSIONS
#define VERSIONS 3
#endif
#define MAX 1
#define NONE 15

/* A place's word: {version, key, state}. */
#define EMPTY 0
#define PENDING 1
#define LIVE 2
#define LEAVING 3
#define STATE(o) ((o) & 3)
#define KEY(o) (((o) >> 2) & 3)
#define WITH(o, state) ((o) - STATE(o) + (state))
#define NEXT(o, key, state) ((((o) >> 4) + 1) << 4 | (key) << 2 | (state))
#define OLD(o) ((o) >> 4 >= VERSIONS)
#define IS_OF(o, key) (KEY(o) == (key) && STATE(o) != EMPTY)
#define IS_SOLE(o, key) (KEY(o) == (key) && STATE(o) >= LIVE)

short word[WAYS];
byte count[WAYS];
byte inside[3]; /* by key */

#define UNIQUE(key) (IS_SOLE(word[0], key) + IS_SOLE(word[1], key) + \
	(WAYS > 2 && IS_SOLE(word[WAYS - 1], key)) <= 1)

/* What may happen instead of a store. */
#define KILLED atomic { kills > 0 -> kills--; goto killed }

#define SWAP(place, from, to) \
	if \
	:: KILLED \
	:: atomic { \
		if \
		:: word[place] == (from) -> word[place] = to; \
			assert(UNIQUE(1) && UNIQUE(2)); \
		:: else \
		fi } \
	fi

/* Uses o, p, j, to. */
#define SETTLE(place) \
	o = word[place]; \
	if \
	:: STATE(o) == LEAVING -> \
		if \
		:: MUTATION != 1 && count[place] != 0 -> to = LIVE \
		:: else -> to = EMPTY \
		fi; \
		SWAP(place, o, WITH(o, to)) \
	:: STATE(o) == PENDING -> \
		to = LIVE; j = 0; \
		do \
		:: j < WAYS && (j == place || MUTATION == 4) -> j++ \
		:: j < WAYS && j != place && MUTATION != 4 -> \
			p = word[j]; \
			if \
			:: !IS_OF(p, KEY(o)) -> j++ \
			:: IS_OF(p, KEY(o)) && MUTATION == 7 && \
			    STATE(p) == LEAVING -> j++ \
			:: IS_OF(p, KEY(o)) && MUTATION == 6 && \
			    STATE(p) == PENDING && j < place -> j++ \
			:: IS_OF(p, KEY(o)) && MUTATION == 5 && \
			    STATE(p) == PENDING && j > place -> j++ \
			:: IS_OF(p, KEY(o)) && STATE(p) == PENDING && \
			    j > place && MUTATION != 5 -> \
				SWAP(j, p, WITH(p, EMPTY)) \
			:: else -> to = EMPTY; break \
			fi \
		:: j == WAYS -> break \
		od; \
		SWAP(place, o, WITH(o, to)) \
	:: else \
	fi

proctype worker(byte w)
{
	byte ops, i, j, to;
	byte key = (w < 2 -> 1 : 2);
	byte kills = (w == 0 -> KILLS : 0);
	byte place = NONE; /* whose permit it has */
	bool in;           /* it has seen V */
	short o, p;

idle:
	atomic {
		i = 0; j = 0; to = 0; o = 0; p = 0;
		if
		:: ops == OPS -> goto ended
		:: ops < OPS -> ops++
		fi
	};
again:
	/* set_find */
	atomic { i = 0; j = 0; to = 0; o = 0; p = 0 };
	do
	:: i < WAYS && IS_OF(word[i], key) -> goto found
	:: i < WAYS && !IS_OF(word[i], key) -> i++
	:: i == WAYS -> break
	od;
	/* set_claim */
	i = 0;
	do
	:: i < WAYS && STATE(word[i]) != EMPTY -> i++
	:: atomic { i < WAYS && STATE(word[i]) == EMPTY -> o = word[i] };
		if
		:: OLD(o) -> goto idle
		:: else
		fi;
K1:		SWAP(i, o, NEXT(o, key, PENDING));
		goto again
	:: i == WAYS -> break
	od;
	/* set_make_room */
	i = 0;
	do
	:: i < WAYS ->
		SETTLE(i);
		o = word[i];
		if
		:: STATE(o) == EMPTY -> goto again
		:: STATE(o) == LIVE && OLD(o) -> goto idle
		:: STATE(o) == LIVE && !OLD(o) && count[i] == 0 ->
#if MUTATION == 2
L1:			SWAP(i, o, WITH(o, EMPTY));
#else
L1:			SWAP(i, o, NEXT(o, KEY(o), LEAVING));
			SETTLE(i);
#endif
			goto again
		:: else -> i++
		fi
	:: i == WAYS -> goto idle /* uncounted */
	od;

found:
	if
	:: KILLED
	:: atomic { count[i] < MAX -> count[i]++; place = i }
	:: atomic { count[i] >= MAX -> place = NONE }
	fi;
	SETTLE(i);
	if
	:: atomic { (IS_OF(word[i], key) && STATE(word[i]) == LIVE) ||
	    MUTATION == 3 ->
		if
		:: place == NONE -> goto idle /* refused */
		:: else -> in = true; inside[key]++;
			assert(inside[key] <= MAX)
		fi }
	:: else ->
		if
		:: KILLED
		:: atomic { place != NONE -> count[i]--; place = NONE;
			goto again }
		:: place == NONE -> goto again
		fi
	fi;
	/* It holds a permit. */
	assert(MUTATION >= 3 || KEY(word[i]) == key);
	if
	:: KILLED
	:: atomic { count[place]--; place = NONE; inside[key]--; in = false;
		goto idle }
	fi;

	/* Reaped; the keeper recovers what it held. */
killed:
	atomic {
		if
		:: in -> inside[key]--; in = false
		:: else
		fi;
		if
		:: place != NONE -> count[place]--; place = NONE
		:: else
		fi;
		goto idle
	};
ended:
	skip
}

init {
	atomic {
		byte n = 0;
		do
		:: n < WORKERS -> run worker(n); n++
		:: n == WORKERS -> break
		od
	}
}
