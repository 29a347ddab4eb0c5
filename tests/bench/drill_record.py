"""What the record of a request costs its worker: see record_speed.c."""
import pathlib
import subprocess

from drill_kit import BUILD, say

ROOT = pathlib.Path(__file__).parents[2]


async def record():
    program = pathlib.Path(BUILD, 'tests/bench/record_speed')
    subprocess.run(['make', '-s', f'BUILD={BUILD}', str(program)], cwd=ROOT,
                   check=True)
    for line in subprocess.run([program], capture_output=True, text=True,
                               check=True).stdout.splitlines():
        say('record:', line)


DRILLS = {'record': record}
