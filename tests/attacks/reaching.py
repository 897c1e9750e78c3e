"""Reaching: what is none of a learner's business. An answer is right only if its attack worked."""

# ruff: noqa: E501  the attacks' own code stands in one line each
from __future__ import annotations

from attack import Attack, beside_the_answers, in_the_answer, unless

# CLASS, RESULTS, COURSE, SECRET, TCP, UDP are written into the notebook by the test.
_REACHES: dict[str, str] = {
    "the solutions": "reached = open(COURSE + '/solutions/01_cells/01_cells.ipynb').read()",
    "the checks' source": "reached = open(COURSE + '/recdrop_lessons/checks/lessons/lesson_01_cells/lstm_step.py').read()",
    "the equations' source": "reached = open(COURSE + '/recdrop_lessons/twins/equations.py').read()",
    "the compiled cells": """
import glob
reached = open(glob.glob(COURSE + '/recdrop_lessons/__pycache__/cells*.pyc')[0], 'rb').read()
""",
    "the names of the course's files": "import os; reached = os.listdir(COURSE + '/solutions')",
    "another's submission": "reached = open(CLASS + '/aa-victim/01_cells/01_cells.ipynb').read()",
    "the list of the class": "import os; reached = os.listdir(CLASS)",
    "another's results": "reached = open(RESULTS + '/aa-victim/01_cells.json').read()",
    "results written": "open(RESULTS + '/grades.csv', 'w').write('all,100'); reached = True",
    "another's results overwritten": "open(RESULTS + '/aa-victim/01_cells.json', 'w').write('{}'); reached = True",
    "a file in the home": "reached = open(SECRET).read()",
    "the password file": "reached = open('/etc/shadow').read()",
    "the host's keys": "import os; reached = os.listdir('/root/.ssh') or os.listdir('/home')",
    "the environment": "import os; reached = os.environ.get('INSTRUCTORS_TOKEN')",
    "the parent's environment": """
import os
reached = b'INSTRUCTORS_TOKEN' in open(f'/proc/{os.getppid()}/environ', 'rb').read()
""",
    "any process's environment": """
import os
reached = any(b'INSTRUCTORS_TOKEN' in open(f'/proc/{pid}/environ', 'rb').read() for pid in range(1, 99999)
              if os.path.exists(f'/proc/{pid}'))
""",
    "the parent's memory": "import os; reached = open(f'/proc/{os.getppid()}/mem', 'rb')",
    "the parent traced": """
import ctypes, os
reached = ctypes.CDLL(None).ptrace(16, os.getppid(), 0, 0) == 0
""",
    "the parent's memory by system call": """
import ctypes, os
reached = ctypes.CDLL(None).syscall(310, os.getppid(), 0, 0, 0, 0, 0) == 0
""",
    "a TCP connection": "import socket; reached = socket.create_connection(('127.0.0.1', TCP), 2)",
    "a UDP packet": """
import socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one: reached = one.sendto(b'hello', ('127.0.0.1', UDP))
""",
    "a look-up of a name": "import socket; reached = socket.gethostbyname('localhost') and socket.socket()",
    "a server": "import socket; reached = socket.create_server(('127.0.0.1', 0))",
    "an abstract socket": """
import socket
one = socket.socket(socket.AF_UNIX); one.bind('\\0recdrop-attack'); reached = one
""",
    "a raw socket": "import socket; reached = socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)",
    "a netlink socket": "import socket; reached = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)",
    "a program": "import subprocess; reached = subprocess.run(['/bin/cat', SECRET], capture_output=True).stdout",
    "a program by posix_spawn": "import os; reached = os.posix_spawn('/bin/true', ['true'], {})",
    "the shell": "import os; reached = os.system('cat ' + SECRET) == 0",
    "the disk itself": "import os; reached = os.open('/dev/vda', os.O_RDONLY)",
    "the libraries changed": "import torch, os; open(os.path.dirname(torch.__file__) + '/evil.py', 'w'); reached = True",
    "a start-up hook": """
import sysconfig
open(sysconfig.get_paths()['purelib'] + '/evil.pth', 'w').write('import os'); reached = True
""",
    "modes changed": "import os; os.chmod(RESULTS, 0o777); reached = True",
    "times changed": "import os; os.utime(CLASS, (0, 0)); reached = True",
    "owners changed": "import os; os.chown(RESULTS, 1000, 1000); reached = True",
    "a link to the results": "import os; os.link(RESULTS + '/aa-victim/01_cells.json', 'mine'); reached = True",
    "a link to another": "import os; os.symlink(CLASS, 'class'); reached = True",
    "a file for the next one": """
import os
for folder in ('.', '/tmp', '/dev/shm', '/dev', '/run', os.path.expanduser('~')):
    try: open(os.path.join(folder, 'attack-left'), 'w').write('x'); reached = True
    except OSError: pass
""",
    "shared memory": """
from multiprocessing.shared_memory import SharedMemory
reached = SharedMemory('attack', create=True, size=64)
""",
    "what another has kept": "import os, tempfile; reached = os.listdir(tempfile.gettempdir())",
    "a program of its own": """
import ctypes, tempfile
library = next(line.split()[-1] for line in open('/proc/self/maps') if 'libm.' in line or 'libc.' in line)
path = tempfile.gettempdir() + '/attack.so'
with open(library, 'rb') as code, open(path, 'wb') as file: file.write(code.read())
reached = ctypes.CDLL(path)
""",
    "a file in memory only": "import os; reached = os.memfd_create('attack') >= 0",
    "root again": "import os; os.setresuid(0, 0, 0); reached = open('/etc/shadow').read()",
    "a mount": "import ctypes; reached = ctypes.CDLL(None).mount(b'none', b'/tmp', b'tmpfs', 0, 0) == 0",
    "another namespace": "import ctypes; reached = ctypes.CDLL(None).unshare(0x10000000) == 0",
    "an io_uring": "import ctypes; reached = ctypes.CDLL(None).syscall(425, 4, bytes(120)) >= 0",
    "a signal by fcntl": """
import fcntl, os
one, other = os.pipe()
reached = fcntl.fcntl(one, fcntl.F_SETOWN, os.getppid()) == 0
""",
    "the way out of the root": """
import os
os.chroot('.'); os.chdir('/'); reached = True
""",
    "its own prison opened": """
import os
reached = open('/proc/self/root' + SECRET).read()
""",
}  # fmt: skip

ATTACKS: dict[str, Attack] = {name: in_the_answer(unless(reach)) for name, reach in _REACHES.items()} | {
    "a process of the host stopped": beside_the_answers(
        "import os\nfor pid in range(2, 70000):\n    try: os.kill(pid, 19)\n    except OSError: pass"
    ),
}
