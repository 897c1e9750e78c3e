"""Breaking: so that others, or the other parts, lose their points."""

# ruff: noqa: E501  the attacks' own code stands in one line each
from __future__ import annotations

from attack import Attack, beside_the_answers, in_the_answer
from submissions import RIGHT

HEAD = "def lstm_step(x, h, c, W, U, b):\n"
_SWALLOW = """
    while True:
        try:
            while True: pass
        except BaseException: pass
"""
_GARBAGE = """
import os
for fd in range(64):
    try: os.write(fd, b'garbage' * 1000)
    except OSError: pass
"""

ATTACKS: dict[str, Attack] = {
    "loop in a cell": beside_the_answers("while True: pass"),
    "loop that swallows interrupts": in_the_answer(HEAD + _SWALLOW, status="timeout"),
    "loop in C": in_the_answer(HEAD + "    sum(range(10 ** 15))", status="timeout"),
    "a regular expression that explodes": in_the_answer(
        HEAD + "    import re; re.match(r'(a+)+$', 'a' * 40 + 'b')", status="timeout"
    ),
    "signals ignored, then a loop": in_the_answer(
        "import signal\nfor n in range(1, 32):\n    try: signal.signal(n, signal.SIG_IGN)\n"
        "    except (OSError, ValueError): pass\n" + HEAD + _SWALLOW,
        status="timeout",
    ),
    "a lock for ever": in_the_answer(
        HEAD + "    import threading; lock = threading.Lock(); lock.acquire(); lock.acquire()", status="timeout"
    ),
    "it stops itself": in_the_answer(HEAD + "    import os; os.kill(os.getpid(), 19)", status="timeout"),
    "6 GB in one tensor": in_the_answer(HEAD + "    return torch.ones(1_500_000_000), c", status="failed"),
    "6 GB in bytes": beside_the_answers("big = b'x' * 6_000_000_000"),
    "6 GB in small pieces": beside_the_answers("pieces = []\nwhile True: pieces.append(bytes(10_000_000))"),
    "a fork bomb": beside_the_answers("import os\nwhile True: os.fork()"),
    "a fork bomb by subprocess": beside_the_answers(
        "import subprocess, sys\nwhile True: subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])"
    ),
    "a thread bomb": beside_the_answers(
        "import threading, time\nwhile True: threading.Thread(target=time.sleep, args=(60,)).start()"
    ),
    "os._exit in a cell": beside_the_answers("import os; os._exit(0)"),
    "os._exit in a call": in_the_answer(HEAD + "    import os; os._exit(0)", status="died"),
    "sys.exit at the top": in_the_answer(RIGHT["lstm_step"] + "\nimport sys; sys.exit(0)", points=100),
    "its own process killed": in_the_answer(HEAD + "    import os; os.kill(os.getpid(), 9)", status="died"),
    "the parent killed": beside_the_answers("import os\nfor n in (9, 15, 2, 19): os.kill(os.getppid(), n)"),
    "every process killed": beside_the_answers(
        "import os\nfor pid in [-1, 0, *range(1, 400)]:\n    try: os.kill(pid, 9)\n    except OSError: pass"
    ),
    "the kernel shut down": beside_the_answers("get_ipython().kernel.do_shutdown(False)\nexit()\nquit()"),
    "a crash in C": in_the_answer(HEAD + "    import ctypes; ctypes.string_at(1)", status="died"),
    "a stack without end": in_the_answer(
        "import sys\nsys.setrecursionlimit(10 ** 9)\n" + HEAD + "    return lstm_step(x, h, c, W, U, b)"
    ),
    "a thread that outlives the cell": beside_the_answers(
        "import threading, time\ndef wait():\n    while True: time.sleep(.01)\nthreading.Thread(target=wait).start()"
    ),
    "a thread that kills later": beside_the_answers(
        "import threading, time, os\n"
        "threading.Thread(target=lambda: (time.sleep(.1), os._exit(1)), daemon=True).start()"
    ),
    "a daemon that outlives": beside_the_answers(
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        time.sleep(600)\n    os._exit(0)"
    ),
    "an exit handler that loops": beside_the_answers(
        "import atexit\ndef forever():\n    while True: pass\natexit.register(forever)"
    ),
    "a finaliser that loops": beside_the_answers(
        "class Last:\n    def __del__(self):\n        while True: pass\nlast = Last()", last=True
    ),
    "garbage to every descriptor": beside_the_answers(_GARBAGE),
    "garbage from a thread": beside_the_answers(
        "import threading, time\ndef spoil():\n    time.sleep(.05)\n"
        + "\n".join(f"    {line}" for line in _GARBAGE.strip().splitlines())
        + "\nthreading.Thread(target=spoil, daemon=True).start()"
    ),
    "every descriptor closed": beside_the_answers("import os; os.closerange(0, 256)"),
    "every descriptor read empty": beside_the_answers(
        "import os\nfor fd in range(3, 64):\n    try: os.set_blocking(fd, False); os.read(fd, 10 ** 6)\n    except OSError: pass"
    ),
    "a frame that promises 2 ** 60 bytes": beside_the_answers(
        "import os, struct\nfor fd in range(3, 64):\n    try: os.write(fd, struct.pack('<IQ', 5, 2 ** 60))\n    except OSError: pass"
    ),
    "100 MB of output": beside_the_answers("import sys\nprint('x' * 10 ** 8)\nsys.stderr.write('y' * 10 ** 8)"),
    "output without end": beside_the_answers("while True: print('x' * 10 ** 6)"),
    "a full disk": beside_the_answers("""
import os, tempfile
for folder in ('.', '/tmp', '/dev/shm', '/var/tmp', os.path.expanduser('~'), tempfile.gettempdir()):
    try:
        for n in range(10 ** 6):
            with open(os.path.join(folder, f'attack-fill-{n}'), 'wb') as file: file.write(b'x' * 10 ** 7)
    except OSError: pass
"""),
    "everything deleted": beside_the_answers("""
import shutil, os
for folder in (CLASS, RESULTS, DECOY, '.', os.path.expanduser('~')):
    shutil.rmtree(folder, ignore_errors=True)
"""),
    "builtins deleted": beside_the_answers("import builtins\nfor name in list(vars(builtins)): delattr(builtins, name)"),
    "modules cleared": beside_the_answers("import sys\nsys.modules.clear()"),
    "every call traced and refused": beside_the_answers(
        "import sys\ndef refuse(*a): raise RuntimeError('no')\nsys.setprofile(refuse); sys.settrace(refuse)"
    ),
    "torch broken for those below": beside_the_answers("import torch\ntorch.tanh = torch.sigmoid = lambda x: x * 0"),
    "a value without end": in_the_answer(
        HEAD + "    endless = []; endless.append(endless); return endless", status="failed"
    ),
    "a value of a gigabyte": in_the_answer(HEAD + "    return torch.zeros(1).expand(10 ** 12), c", status="failed"),
    "an integer of a million digits": in_the_answer(HEAD + "    return 10 ** 10 ** 6, 0", status="failed"),
    "an exception of 100 MB": in_the_answer(HEAD + "    raise Exception('x' * 10 ** 8)", status="failed"),
    "an exception that cannot be printed": in_the_answer(
        "class E(Exception):\n    def __str__(self):\n        while True: pass\n" + HEAD + "    raise E", status="timeout"
    ),
    "limits raised": beside_the_answers("""
import resource
for which in range(16):
    resource.setrlimit(which, (resource.RLIM_INFINITY,) * 2)
"""),
    "a wrong answer that also loops in its gradient": in_the_answer(
        "class Loop(torch.autograd.Function):\n"
        "    @staticmethod\n    def forward(ctx, x): return x.clone()\n"
        "    @staticmethod\n    def backward(ctx, g):\n        while True: pass\n"
        + RIGHT["lstm_step"].replace("return torch.sigmoid(o)", "return Loop.apply(torch.sigmoid(o))"),
        status="timeout",
    ),
}  # fmt: skip
