/*
 * recorder.pml - a ring of records: one writer, who may be killed at every
 * store, and one reader, whom he laps. The labels are those of shm/recorder.c.
 *
 * A record is of one or two cells, each of which has its number and its length;
 * a block is of BLOCK cells, a ring of two blocks. Memory is sequentially
 * consistent.
 *
 * Checked: what the reader takes is one whole record, and a later one each
 * time; numbers have neither gaps nor doubles, whoever was killed; at the end
 * the reader has seen the last of them.
 *
 * -DMUTATION=n breaks one rule; each must be found (run.sh):
 *	1 no R3                          2 W1 without room for the record
 *	3 one mark                       4 W1 behind W2
 *	5 W4 before W3                   6 who was lapped goes on anywhere
 *	7 R1 without a look at commit
 */
#ifndef MUTATION
#define MUTATION 0
#endif
#ifndef OPS
#define OPS 7           /* of the writer */
#endif
#ifndef KILLS
#define KILLS 0
#endif
#define MOST 2
#ifndef BLOCK
#define BLOCK 3
#endif
#define SIZE (2 * BLOCK)

#define LEFT(p) (BLOCK - (p) % BLOCK)
#define PLACE(p) (LEFT(p) < MOST -> (p) + LEFT(p) : (p))
#define UP(p) (((p) + BLOCK - 1) / BLOCK * BLOCK)
#define CELL(seq, cells) ((seq) * 4 + (cells))

byte ring[SIZE];
byte reserve, commit;
byte mark_at[2], mark_seq[2];
byte written; /* that were committed */
bool ended;

#define KILLED atomic { kills > 0 -> kills--; goto killed }

proctype writer()
{
	byte kills = KILLS, ops = OPS, at, seq, cells, i;

killed:
	do
	:: ops == 0 -> break
	:: else ->
		atomic {
			ops--;
			at = PLACE(commit);
			if
			:: cells = 1
			:: cells = 2
			fi;
		}
		if
		:: KILLED
		:: MUTATION != 4 -> reserve = at + (MUTATION == 2 -> 0 : MOST)
		:: MUTATION == 4 -> skip
		fi;
		/* The mark that is of commit: W3 of the last one. */
		d_step {
			if
			:: mark_at[0] == commit -> seq = mark_seq[0] + 1
			:: else -> seq = mark_seq[1] + 1
			fi;
			i = 0
		}
		do
		:: i == cells -> break
		:: i < cells && KILLS > 0 && kills > 0 -> kills--; goto killed
		:: i < cells -> ring[(at + i) % SIZE] = CELL(seq, cells); i++
		od;
		if
		:: MUTATION == 4 -> reserve = at + MOST
		:: MUTATION == 5 -> atomic {
			commit = at + cells;
			written++
		}
		:: else
		fi;
		i = (MUTATION == 3 -> 0 : seq % 2);
		if
		:: KILLED
		:: mark_at[i] = at + cells
		fi;
		if
		:: KILLED
		:: mark_seq[i] = seq
		fi;
		if
		:: KILLED
		:: MUTATION != 5 -> atomic {
			commit = at + cells;
			written++;
			assert(seq == written)
		}
		:: MUTATION == 5 -> assert(seq == written)
		fi
	od;
	ended = true
}

proctype reader()
{
	byte c_at = 0, next = 1, at, top, v, second, cells, old;
	bool last = false;

again:
	last = ended;
	top = commit; /* R1 */
	at = PLACE(c_at);
	if
	:: at >= top && MUTATION != 7 -> goto none
	:: at >= top && MUTATION == 7 && at >= OPS * MOST -> goto none
	:: else
	fi;
	v = ring[at % SIZE]; /* R2 */
	cells = v % 4;
	if
	:: cells == 2 -> second = ring[(at + 1) % SIZE]
	:: else -> second = v
	fi;
	old = reserve; /* R3 */
	if
	:: MUTATION != 1 && old > at + SIZE -> goto lapped
	:: cells == 0 || cells > MOST || (at + cells > top && MUTATION != 7) ->
		goto lapped
	:: else
	fi;
	assert(v == second && v / 4 >= next && v / 4 <= written);
	next = v / 4 + 1;
	c_at = at + cells;
	goto forget;
lapped:
	old = reserve;
	old = (old > SIZE -> (MUTATION == 6 -> old - SIZE : UP(old - SIZE)) : 0);
	c_at = (old > at -> old : (at / BLOCK + 1) * BLOCK);
forget:
	atomic { at = 0; top = 0; v = 0; second = 0; cells = 0; old = 0 }
	goto again;
none:
	if
	:: last ->
		assert(next == written + 1)
	:: else -> goto forget
	fi
}

init
{
	atomic {
		run writer();
		run reader()
	}
}
