/*
 * breaker.pml - protocol C: one word per breaker, probes that hold permits, and
 * a history, with kills of workers at every store, also during recovery.
 *
 * The labels are those of shm/breaker_word.c. Permits are taken and dropped in
 * one step here, as permits.pml has shown that they can be. Checked: of one
 * half-open phase no more than PROBES calls are let through that are not given
 * up; it closes after exactly SUCCESSES; nothing that belongs to another epoch
 * is counted; nobody is let through while it is open; each transition has one
 * entry in the history before the next one happens, and only a kill costs what
 * it says; numbers are right.
 *
 * Whether an OPEN is due is left to chance. Epochs do not wrap;
 * shm/breaker_word.c says why that is harmless.
 *
 * -DMUTATION=n breaks one rule; each must be found (run.sh):
 *	1 no second look after the take        2 oks are not looked at then
 *	3 a permit is dropped before its success is counted
 *	4 results of any epoch count           5 Y4 without comparing
 *	6 no Y1                                7 recovery without Y1
 *	8 the entry before Y3                  9 numbers of words that have changed
 *	10 the second look forgets the epoch  11 closes one success too early
 *	12 a recovered worker keeps its permit
 */
#ifndef MUTATION
#define MUTATION 0
#endif
#ifndef WORKERS
#define WORKERS 3
#endif
#ifndef CALLS
#define CALLS 3         /* of all together */
#endif
#ifndef KILLS
#define KILLS 1         /* likewise */
#endif
#ifndef FAILURES
#define FAILURES 1
#endif
#ifndef PROBES
#define PROBES 2
#endif
#ifndef SUCCESSES
#define SUCCESSES 2
#endif
/* What it starts as: HALF and OPEN make for short ways to what matters. */
#ifndef START
#define START CLOSED
#endif
#define EPOCHS 16       /* 4 bits */

#define CLOSED 0
#define OPEN 1
#define HALF 2
#define WORD(state, epoch, n) ((n) << 6 | (state) << 4 | (epoch))
#define STATE(o) (((o) >> 4) & 3)
#define EPOCH(o) ((o) & 15)
#define N(o) ((o) >> 6)         /* CLOSED: fails; HALF: oks */
/* Of an epoch, by a value of turns that is at most one behind it. */
#define NUMBER(o, t) ((t) + ((EPOCH(o) + EPOCHS - (t)) & 15))

byte word = WORD(START, 0, 0);
byte turns;
byte out;               /* permits */
bool told[EPOCHS];      /* the entry, by who made the transition */
bool lost[EPOCHS];      /* by somebody else */

byte through;           /* probes whose fate is open, of whatever epoch */
byte well;              /* probes of this phase that succeeded */
byte calls, deaths, left = WORKERS;

#define KILLED atomic { deaths < KILLS -> deaths++; goto killed }

proctype worker()
{
	byte o, epoch, c, t, to, n;
	bool probe;     /* it holds a permit */
	bool open;      /* and was let through: its fate is open */
	bool ok, asking;

idle:
	atomic {
		o = 0; epoch = 0; c = 0; t = 0; to = 0; n = 0;
		ok = false; asking = false;
		assert(!probe && !open);
		if
		:: calls < CALLS -> calls++
		:: calls == CALLS -> goto gone
		fi
	};

ask:
	atomic {
		o = word; epoch = EPOCH(o); c = 0;
		if
		:: STATE(o) == CLOSED -> goto called
		:: STATE(o) == OPEN -> goto idle        /* not due */
		:: STATE(o) == OPEN -> asking = true; to = HALF; goto turn
		:: STATE(o) == HALF
		fi
	};
	if
	:: KILLED
	:: atomic { out < PROBES ->
		out++; c = out; probe = true }
	:: atomic { out >= PROBES -> goto idle }
	fi;
	/* The second look. */
	if
	:: KILLED
	:: atomic {
		n = 0; /* else an `else` would be of the outer if, too */
		if
#if MUTATION == 1
		:: true ->
#elif MUTATION == 2
		:: EPOCH(word) == epoch ->
#elif MUTATION == 10
		:: c + (STATE(word) == HALF -> N(word) : 0) <= PROBES ->
#else
		:: EPOCH(word) == epoch && c + N(word) <= PROBES ->
#endif
			through++; open = true;
			assert(STATE(word) == HALF);
			assert(EPOCH(word) == epoch);
			assert(through + well <= PROBES);
			goto called
		:: else -> goto drop
		fi }
	fi;

called:
	/* How it goes; the client may leave. */
	if
	:: ok = true
	:: ok = false
	:: goto drop
	:: KILLED
	fi;
#if MUTATION == 3
	atomic { out = out - probe; probe = false };
#endif
	atomic { c = 0; o = word };

result:
	atomic {
		if
		:: EPOCH(o) != epoch && MUTATION != 4 -> goto drop
		:: else
		fi;
		if
		:: STATE(o) == OPEN -> goto drop
		:: STATE(o) == CLOSED && ok && N(o) == 0 -> goto drop
		:: STATE(o) == CLOSED && ok && N(o) != 0 -> n = 0
		:: STATE(o) == CLOSED && !ok && N(o) + 1 < FAILURES ->
			n = N(o) + 1
		:: STATE(o) == CLOSED && !ok && N(o) + 1 >= FAILURES ->
			to = OPEN; goto turn
		:: STATE(o) == HALF && !ok -> to = OPEN; goto turn
		:: STATE(o) == HALF && ok &&
		    N(o) + 1 + (MUTATION == 11) < SUCCESSES ->
			n = N(o) + 1
		:: STATE(o) == HALF && ok &&
		    N(o) + 1 + (MUTATION == 11) >= SUCCESSES ->
			to = CLOSED; goto turn
		fi
	};
Y4:	if
	:: KILLED
	:: atomic {
		c = 0;
		if
		:: word != o && MUTATION != 5 -> o = word; goto result
		:: else
		fi;
		assert(EPOCH(word) == epoch);
		if
		:: STATE(o) == HALF -> well++; through--; open = false
		:: else
		fi;
		word = WORD(STATE(o), EPOCH(o), n);
		assert(STATE(o) != HALF || n == well);
		goto drop }
	fi;

turn:
	t = turns;
	if
	:: MUTATION != 9 && word != o ->
		atomic { o = word; goto failed }
	:: else
	fi;
#if MUTATION == 8
	told[NUMBER(o, t) + 1] = true;
#endif
#if MUTATION != 6
	if
	:: NUMBER(o, t) == 0 || told[NUMBER(o, t)] || lost[NUMBER(o, t)]
	:: else ->
Y1:		if
		:: KILLED
		:: lost[NUMBER(o, t)] = true
		fi
	fi;
#endif
Y2:	if
	:: KILLED
	:: atomic {
		t = NUMBER(o, t);
		turns = (turns < t -> t : turns);
		assert(turns <= EPOCH(word)) }
	fi;
Y3:	if
	:: KILLED
	:: atomic {
		c = 0;
		if
		:: word != o -> o = word; goto failed
		:: else
		fi;
		assert(asking || EPOCH(o) == epoch);
		assert(EPOCH(o) == t);
		assert(t == 0 || told[t] || lost[t]);
		assert(t + 1 < EPOCHS && !told[t + 1] && !lost[t + 1]);
		if
		:: STATE(o) == HALF ->
			assert(open);
			through--; open = false;
			assert(to == OPEN || well + 1 == SUCCESSES)
		:: else
		fi;
		well = 0;
		word = WORD(to, t + 1, 0) }
	fi;
	if
	:: KILLED
	:: atomic { turns = (turns < t + 1 -> t + 1 : turns);
		assert(turns <= EPOCH(word)) }
	fi;
D3:	if
	:: KILLED
	:: atomic { assert(!told[t + 1]); told[t + 1] = true }
	fi;
	if
	:: asking -> atomic { asking = false; goto ask }
	:: !asking -> goto drop
	fi;
failed:
	if
	:: asking -> atomic { asking = false; goto ask }
	:: !asking -> goto result
	fi;

drop:
	atomic { o = 0; c = 0; t = 0; to = 0; n = 0; ok = false };
	if
	:: KILLED
	:: atomic {
		out = out - probe; through = through - open;
		probe = false; open = false;
		goto idle }
	fi;

	/* Reaped; the keeper runs as this one. */
killed:
	atomic { o = 0; c = 0; t = 0; to = 0; n = 0; ok = false;
		asking = false; epoch = 0 };
	if
	:: KILLED
	:: atomic {
#if MUTATION != 12
		out = out - probe;
#endif
		through = through - open;
		probe = false; open = false }
	fi;
again:
	o = word;
	t = turns;
	if
	:: word != o -> goto again
	:: else
	fi;
#if MUTATION != 7
	if
	:: NUMBER(o, t) == 0 || told[NUMBER(o, t)] || lost[NUMBER(o, t)]
	:: else ->
		if
		:: KILLED
		:: lost[NUMBER(o, t)] = true
		fi
	fi;
#endif
	if
	:: KILLED
	:: atomic {
		t = NUMBER(o, t);
		turns = (turns < t -> t : turns);
		goto idle }
	fi;

gone:
	left--
}

init {
	byte i, untold;

	atomic {
		run worker();
		run worker();
#if WORKERS == 3
		run worker()
#endif
	};
	left == 0;
	atomic {
		assert(out == 0 && through == 0);
		assert(turns == EPOCH(word));
		i = 1;
		do
		:: i <= turns ->
			assert(told[i] || lost[i]);
			untold = untold + !told[i];
			i++
		:: else -> break
		od;
		assert(untold <= deaths)
	}
}
