"""Pages of program files that only the start has used are released; pages with own content stay."""

import subprocess
import sys

from launch.program_pages import unmodified_ranges

SMAPS = """\
7f0000001000-7f0000003000 r-xp 00001000 fe:00 17                         /lib/libcrypto.so.3
Rss:                   8 kB
Anonymous:             0 kB
VmFlags: rd ex mr mw me
7f0000003000-7f0000004000 r--p 00003000 fe:00 17                         /lib/libcrypto.so.3
Rss:                   4 kB
Anonymous:             4 kB
VmFlags: rd mr mw me ac
7f0000004000-7f0000005000 rw-p 00004000 fe:00 17                         /lib/libcrypto.so.3
Rss:                   4 kB
Anonymous:             0 kB
7f0000005000-7f0000006000 r--s 00000000 fe:00 18                         /var/shared file
Rss:                   4 kB
Anonymous:             0 kB
7f0000006000-7f0000007000 r--p 00000000 00:00 0
Rss:                   4 kB
Anonymous:             0 kB
7f0000007000-7f0000008000 r--p 00000000 fe:00 19                         /lib/never used
Rss:                   0 kB
Anonymous:             0 kB
7f0000008000-7f0000009000 r-xp 00000000 fe:00 20                         /lib/a name: with 5 words
Rss:                   4 kB
Anonymous:             0 kB
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
Rss:                   0 kB
Anonymous:             0 kB
"""

# Here and not in the test's own process: its other threads may load libraries meanwhile.
PROGRAM = """
import hashlib, sqlite3, sys
from launch.program_pages import release_program_pages

def used_kb():
    lines = open("/proc/self/smaps_rollup").read().splitlines()
    figures = {line.split()[0]: int(line.split()[1]) for line in lines[1:]}
    return figures["Rss:"] - figures["Anonymous:"], figures["Anonymous:"]

before = hashlib.sha256(b"x").hexdigest()
files_kb, own_kb = used_kb()
release_program_pages()
left_kb, left_own_kb = used_kb()
assert hashlib.sha256(b"x").hexdigest() == before
assert sqlite3.connect(":memory:").execute("select 6 * 7").fetchone() == (42,)
print(files_kb, left_kb, own_kb, left_own_kb)
"""


def test_only_private_ranges_of_files_that_nobody_can_have_changed_are_unmodified() -> None:
    assert list(unmodified_ranges(SMAPS.splitlines())) == [
        (0x7F0000001000, 0x7F0000003000),
        (0x7F0000008000, 0x7F0000009000),
    ]


def test_a_process_gives_pages_back_and_works_on() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, cwd="."
    )
    files_kb, left_kb, own_kb, left_own_kb = (int(word) for word in done.stdout.split())
    assert left_kb < files_kb / 2, done.stdout
    assert left_own_kb >= own_kb, done.stdout
