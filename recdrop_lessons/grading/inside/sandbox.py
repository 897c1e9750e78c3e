"""Locks that a process puts on itself before it runs a learner's code: Linux's own, by their system calls.

Landlock (which files), namespaces (no network, no other process in sight), resource limits, no capabilities;
and in seccomp.py which system calls. Each is independent of the others and cannot be taken off again.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import platform
import struct
import time
from collections.abc import Iterable
from dataclasses import dataclass

# Elsewhere the same numbers would be other system calls.
_libc = ctypes.CDLL(None, use_errno=True) if platform.system() == "Linux" else None

# --- resource limits ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Limits:
    """What one learner's process may use, in its whole life."""

    cpu_seconds: int = 60
    memory_bytes: int = 2 << 30  # on top of what the fork server holds
    file_bytes: int = 1 << 24  # where it may write at all
    open_files: int = 256


def limit_resources(limits: Limits) -> None:
    """CPU time, address space, file size, open files; no core file."""
    import resource

    def limit(which: int, value: int, more: int = 0) -> None:
        _, hard = resource.getrlimit(which)
        most = value + more if hard == resource.RLIM_INFINITY else min(value + more, hard)
        with contextlib.suppress(ValueError, OSError) if _libc is None else contextlib.nullcontext():
            resource.setrlimit(which, (min(value, most), most))  # macOS does not have every limit

    # One second more, so that SIGXCPU ends it, which says why, and not SIGKILL.
    limit(resource.RLIMIT_CPU, limits.cpu_seconds + int(time.process_time()), more=1)
    if _libc is not None:  # macOS does not keep to this one; there the checker watches
        limit(resource.RLIMIT_AS, _address_space() + limits.memory_bytes)
    limit(resource.RLIMIT_FSIZE, limits.file_bytes)
    limit(resource.RLIMIT_NOFILE, limits.open_files)
    limit(resource.RLIMIT_CORE, 0)


def _address_space() -> int:
    """Bytes of address space that this process has now; a guess where /proc does not say."""
    with contextlib.suppress(OSError, ValueError), open("/proc/self/statm", encoding="utf-8") as file:
        return int(file.read().split()[0]) * os.sysconf("SC_PAGESIZE")
    return 1 << 31


# --- capabilities and the parent ---------------------------------------------------------------------------

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38
_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL = 47, 4


def prctl(option: int, *arguments: int) -> None:
    """The system call of that name; raises OSError where it is refused."""
    if _libc is None:
        raise OSError(errno.ENOSYS, "this is not Linux")
    values = [ctypes.c_ulong(value) for value in (*arguments, 0, 0, 0, 0)[:4]]
    if _libc.prctl(ctypes.c_int(option), *values) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def die_with_parent() -> None:
    """This process is killed when its parent ends."""
    with contextlib.suppress(OSError):
        prctl(_PR_SET_PDEATHSIG, 9)


def hide_memory() -> None:
    """No other process of the same user may read this one's memory or trace it."""
    prctl(_PR_SET_DUMPABLE, 0)


def drop_privileges() -> None:
    """No capability, and none to be had again: root becomes a user who owns root's files."""
    assert _libc is not None
    prctl(_PR_SET_NO_NEW_PRIVS, 1)
    with contextlib.suppress(OSError):
        prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    header = struct.pack("=II", 0x20080522, 0)  # _LINUX_CAPABILITY_VERSION_3, this thread
    if _libc.capset(header, struct.pack("=6I", 0, 0, 0, 0, 0, 0)) != 0:
        raise OSError(ctypes.get_errno(), "capset")


# --- Landlock ---------------------------------------------------------------------------------------------

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same numbers on every architecture
_READ_FILE, _READ_DIR, _WRITE_FILE = 1 << 2, 1 << 3, 1 << 1
_CHANGE = 1 << 4 | 1 << 5 | 1 << 7 | 1 << 8 | 1 << 14  # remove a folder or a file, make them, truncate
_FS_BITS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}  # rights over files that each version of Landlock knows
_NET_BITS, _SCOPE_BITS = 2, 2  # TCP bind and connect, version 4; abstract sockets and signals, version 6


def landlock_version() -> int:
    """The kernel's Landlock version; 0 where there is none."""
    if _libc is None:
        return 0
    return max(0, int(_libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(1))))


class Landlock:
    """A set of paths that may be read. Everything else of the file system is shut, and writing everywhere
    but in a process's private folder.

    `readable`: files and folders, with all that is in them.
    `shut`: files and folders that stay shut though they lie in a readable one; their names can be listed.
    Raises `OSError`: the kernel has no Landlock.
    """

    def __init__(self, readable: Iterable[str], shut: Iterable[str] = ()) -> None:
        version = landlock_version()
        if version < 1 or _libc is None:
            raise OSError(errno.ENOSYS, "this kernel has no Landlock")
        self._rights = (1 << _FS_BITS.get(version, 16)) - 1
        attributes = struct.pack(
            "=QQQ",
            self._rights,
            (1 << _NET_BITS) - 1 if version >= 4 else 0,
            (1 << _SCOPE_BITS) - 1 if version >= 6 else 0,
        )
        size = 8 if version < 4 else 16 if version < 6 else 24
        self.fd = int(_libc.syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(size), ctypes.c_uint32(0)))
        if self.fd < 0:
            raise OSError(ctypes.get_errno(), "landlock_create_ruleset")
        self._shut = tuple(os.path.realpath(path) for path in shut)
        self._opened: set[str] = set()
        for path in readable:
            self._open(os.path.realpath(path))
        for device in ("/dev/null", "/dev/zero", "/dev/full"):
            self._rule(device, _READ_FILE | _WRITE_FILE)
        for device in ("/dev/random", "/dev/urandom"):
            self._rule(device, _READ_FILE)

    def _open(self, path: str) -> None:
        if path in self._opened or any(_within(path, shut) for shut in self._shut):
            return
        self._opened.add(path)
        if not os.path.isdir(path):
            self._rule(path, _READ_FILE)
        elif any(_within(shut, path) for shut in self._shut):
            # A rule holds for all beneath it, so a folder with something shut in it is opened entry by entry.
            self._rule(path, _READ_DIR)
            for entry in os.scandir(path):
                self._open(os.path.realpath(entry.path))
        else:
            self._rule(path, _READ_FILE | _READ_DIR)

    def _rule(self, path: str, rights: int) -> None:
        assert _libc is not None
        try:
            fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            return
        try:
            rule = struct.pack("=Qi", rights, fd)
            if _libc.syscall(_ADD_RULE, self.fd, 1, rule, ctypes.c_uint32(0)) != 0:
                raise OSError(ctypes.get_errno(), f"landlock_add_rule {path}")
        finally:
            os.close(fd)

    def restrict(self, private: str | None = None) -> None:
        """Shut this process in; its own entry in /proc stays readable. Call `drop_privileges` before.

        `private` is a folder that it may change, mounted for it alone.
        """
        assert _libc is not None
        if private is not None:
            self._rule(private, (_READ_FILE | _READ_DIR | _WRITE_FILE | _CHANGE) & self._rights)
        self._rule("/proc/self", _READ_FILE | _READ_DIR)
        if _libc.syscall(_RESTRICT_SELF, self.fd, ctypes.c_uint32(0)) != 0:
            raise OSError(ctypes.get_errno(), "landlock_restrict_self")
        os.close(self.fd)


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


# --- namespaces -------------------------------------------------------------------------------------------

_NEWUSER, _NEWPID, _NEWNET, _NEWIPC = 0x10000000, 0x20000000, 0x40000000, 0x08000000
_NEWNS, _REC_PRIVATE = 0x00020000, 0x4000 | 1 << 18
_NOSUID_NODEV_NOEXEC, _DETACH = 2 | 4 | 8, 2


def enter_namespaces() -> None:
    """No network, mounts of its own, and processes forked from here on see only each other.

    Raises OSError where that is refused.

    A user who is not root needs a user namespace first; root takes what it needs directly, and a user
    namespace where that is refused (a container).
    """
    if _libc is None:
        raise OSError(errno.ENOSYS, "this is not Linux")
    wanted = _NEWPID | _NEWNET | _NEWIPC | _NEWNS
    if os.geteuid() == 0 and _libc.unshare(wanted) == 0:
        _libc.mount(None, b"/", None, ctypes.c_ulong(_REC_PRIVATE), None)
        return
    uid, gid = os.geteuid(), os.getegid()
    if _libc.unshare(_NEWUSER | wanted) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        with open(f"/proc/self/{name}", "w", encoding="utf-8") as file:
            file.write(text)


def mount_private(folder: str) -> bool:
    """An empty file system in memory over the folder, for one learner's process; whether that is allowed.

    It is bounded, so that no learner fills the disk, and goes as a whole, so that nothing stays for the next.
    """
    assert _libc is not None
    options, flags = b"size=32m,nr_inodes=1024,mode=700", ctypes.c_ulong(_NOSUID_NODEV_NOEXEC)
    return bool(_libc.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", flags, options) == 0)


def unmount_private(folder: str) -> None:
    assert _libc is not None
    _libc.umount2(os.fsencode(folder), _DETACH)


def keep_descriptors(keep: Iterable[int]) -> None:
    """Every other descriptor is closed; 0, 1 and 2 lead to /dev/null."""
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    first = 3
    for fd in sorted(set(keep)):
        os.closerange(first, fd)
        first = max(first, fd + 1)
    os.closerange(first, 65536)
