"""Takes away what Windows does not have, in this process and in those that it starts with Python.

It is run as `sitecustomize`, before any other code, and is no test itself. An open file can then be neither
replaced nor removed. Modules are gone for the course's code alone, and what torch and NumPy call when they
are imported on Linux is left: os.register_at_fork, os.sysconf, os.uname.
"""

import builtins
import contextlib
import os
import signal
import socket
import subprocess

HIDE = os.environ["RECDROP_HIDE"]  # this file
MODULES = {"fcntl", "grp", "pty", "pwd", "resource", "syslog", "termios", "tty"}
GONE = {
    os: "fork forkpty getegid geteuid getgid getpgid getuid killpg mkfifo mknod posix_spawn posix_spawnp "
    "sched_getaffinity sched_setaffinity setpgid setsid statvfs wait wait3 wait4 "
    "fchmod O_CLOEXEC O_DIRECTORY O_NOFOLLOW O_NONBLOCK O_PATH",
    signal: "SIGALRM SIGCHLD SIGHUP SIGKILL SIGPIPE SIGUSR1 SIGUSR2 SIGXCPU alarm pthread_sigmask setitimer",
    socket: "AF_UNIX CMSG_LEN CMSG_SPACE SCM_RIGHTS SOCK_SEQPACKET recv_fds send_fds",
}  # fmt: skip

with contextlib.suppress(ImportError):
    import psutil  # noqa: F401  (as it is on Linux; on Windows it has a way of its own)

pair, unix = socket.socketpair, socket.AF_UNIX
socket.socketpair = lambda *given: pair(*given) if given else pair(unix)  # Python's own, in multiprocessing

for module, names in GONE.items():
    for name in names.split():
        if hasattr(module, name):
            delattr(module, name)


def import_as_there(name, globals=None, locals=None, fromlist=(), level=0, whole=builtins.__import__):
    asks = str((globals or {}).get("__name__", ""))
    if level == 0 and name in MODULES and asks.startswith(("recdrop_lessons", "inside")):
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    return whole(name, globals, locals, fromlist, level)


builtins.__import__ = import_as_there


def refuse_open_files(action):
    """As Windows does, where somebody has a file open that is to be moved or removed."""

    def guarded(*paths, **named):
        wanted = {os.path.realpath(path) for path in paths if isinstance(path, (str, os.PathLike))}
        for entry in os.scandir("/proc/self/fd"):
            try:
                found = os.readlink(entry.path)
            except OSError:
                continue
            if found in wanted and not os.path.isdir(found):
                raise PermissionError(13, "The process cannot access the file: it is open", found)
        return action(*paths, **named)

    return guarded


for name in ("replace", "rename", "remove", "unlink"):
    setattr(os, name, refuse_open_files(getattr(os, name)))


def start_as_there(self, args, *more, whole=subprocess.Popen.__init__, **named):
    if (
        isinstance(args, list) and "-I" in args and "-c" in args
    ):  # such a Python runs no sitecustomize of ours
        args, at = list(args), args.index("-c") + 1
        args[at] = (
            f"import os; os.environ['RECDROP_HIDE'] = {HIDE!r}; exec(open({HIDE!r}).read()); {args[at]}"
        )
    whole(self, args, *more, **named)


subprocess.Popen.__init__ = start_as_there
subprocess.Popen.kill = lambda self: self.send_signal(9)
