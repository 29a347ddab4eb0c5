"""What the lines of logs cost who writes them: see line_speed.c."""
import pathlib
import subprocess

from drill_kit import BUILD, say

ROOT = pathlib.Path(__file__).parents[2]


async def lines():
    program = pathlib.Path(BUILD, 'tests/bench/line_speed')
    subprocess.run(['make', '-s', f'BUILD={BUILD}', str(program)], cwd=ROOT,
                   check=True)
    for line in subprocess.run([program], capture_output=True, text=True,
                               check=True).stdout.splitlines():
        say('lines:', line)


DRILLS = {'lines': lines}
