/*
 * bans.pml - one set of the table of bans, and an address that several workers
 * want to ban at the same time, with kills at every store, while the master
 * frees what is pending. The labels are those of shm/bans.c. Which free place
 * is the victim's is left open, so that other addresses, whose bans come and go,
 * need not be here.
 *
 * Checked: the ban is made once, whoever makes it, and is in one place; and
 * unless all were killed or swept it is made.
 *
 * Memory is sequentially consistent; versions are whole.
 *
 * -DMUTATION=n breaks one rule; each must be found (run.sh):
 *	1 A3 after any look              2 a higher PENDING is left alone
 *	3 PENDING without a version      4 A1 is BANNED at once
 */
#ifndef MUTATION
#define MUTATION 0
#endif
#ifndef WORKERS
#define WORKERS 3
#endif
#ifndef WAYS
#define WAYS 3
#endif
#ifndef KILLS
#define KILLS 1
#endif
#ifndef SWEEPS
#define SWEEPS 2
#endif
#define NONE 15

#define FREE 0
#define BANNED 1
#define PENDING 2 /* and its version */

byte word[WAYS];
byte pended, made, kills = KILLS, done, dead;

#define KILLED atomic { kills > 0 -> kills--; goto killed }

#define SWAP(way, from, to, what) \
	if \
	:: KILLED \
	:: atomic { \
		swapped = word[way] == (from); \
		if \
		:: swapped -> word[way] = to; what \
		:: else \
		fi } \
	fi

/* A2: a way at a time. */
#define READ(way) \
	d_step { \
		if \
		:: word[way] == BANNED && banned == NONE -> banned = way \
		:: word[way] >= PENDING && pending == NONE -> \
			pending = way; of_pending = word[way] \
		:: word[way] >= PENDING && pending != NONE -> \
			higher = way; of_higher = word[way] \
		:: else \
		fi }

#define FORGET \
	d_step { banned = NONE; pending = NONE; higher = NONE; \
		of_pending = 0; of_higher = 0; way = 0; mine = 0 }

proctype worker()
{
	byte way, banned, pending, higher, of_pending, of_higher, seen, mine;
	bool swapped;

again:
	skip;
	FORGET;
	READ(0);
	READ(1);
#if WAYS > 2
	READ(2);
#endif
	if
	:: banned != NONE -> goto over
	:: banned == NONE && pending == NONE -> /* A1 */
		atomic {
			if
			:: word[0] == FREE -> way = 0
			:: word[1] == FREE -> way = 1
			:: word[WAYS - 1] == FREE -> way = WAYS - 1
			:: else -> goto again
			fi;
			mine = PENDING + pended;
			if
			:: MUTATION != 3 -> pended++
			:: else
			fi
		};
#if MUTATION == 4
		SWAP(way, FREE, BANNED, made++);
		if
		:: swapped -> goto over
		:: else -> goto again
		fi
#else
		SWAP(way, FREE, mine, skip);
		goto again
#endif
	:: banned == NONE && pending != NONE && higher != NONE &&
	    MUTATION != 2 ->
		SWAP(higher, of_higher, FREE, skip);
		goto again
	:: banned == NONE && pending != NONE &&
	    (higher == NONE || MUTATION == 2) ->
		if
		:: of_pending == seen || MUTATION == 1 -> /* A3 */
			SWAP(pending, of_pending, BANNED, made++);
			if
			:: swapped -> goto over
			:: else -> goto again
			fi
		:: else -> seen = of_pending; goto again
		fi
	fi;
killed:
	dead++;
over:
	atomic {
		done++;
		assert(made <= 1);
		assert((word[0] == BANNED) + (word[1] == BANNED) +
		    (WAYS > 2 && word[WAYS - 1] == BANNED) <= 1)
	}
}

/* What is pending may be of a process that is dead. */
proctype master()
{
	byte n = SWEEPS;

	do
	:: n > 0 ->
		n--;
		if
		:: atomic { word[0] >= PENDING -> word[0] = FREE }
		:: atomic { word[1] >= PENDING -> word[1] = FREE }
		:: atomic { word[WAYS - 1] >= PENDING -> word[WAYS - 1] = FREE }
		:: n = 0
		fi
	:: else -> break
	od
}

init
{
	byte n = 0;

	atomic {
		do
		:: n < WORKERS -> run worker(); n++
		:: else -> break
		od;
		run master()
	};
	done == WORKERS;
	assert(made == 1 || dead > 0)
}
