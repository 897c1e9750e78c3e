"""The system calls that a learner's process may make: a seccomp filter that it cannot take off again."""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct

from .sandbox import prctl

_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}  # column below, audit number

# Refused whatever the arguments: (x86_64, aarch64), None where the architecture has no such call.
_REFUSED: dict[str, tuple[int | None, int | None]] = {
    # no network, no other process's socket
    "socket": (41, 198), "connect": (42, 203), "accept": (43, 202), "bind": (49, 200), "listen": (50, 201),
    "accept4": (288, 242),
    # no other program, no other process
    "fork": (57, None), "vfork": (58, None), "execve": (59, 221), "execveat": (322, 281),
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "pidfd_open": (434, 434), "pidfd_getfd": (438, 438), "pidfd_send_signal": (424, 424),
    "process_madvise": (440, 440), "process_mrelease": (448, 448), "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240), "setpriority": (141, 140), "ioprio_set": (251, 30),
    "sched_setparam": (142, 118), "sched_setscheduler": (144, 119), "sched_setattr": (314, 274),
    "sched_setaffinity": (203, 122), "migrate_pages": (256, 238), "move_pages": (279, 239),
    # what Landlock does not watch: owners, modes, times, attributes
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452),
    "chown": (92, None), "fchown": (93, 55), "lchown": (94, None), "fchownat": (260, 54),
    "utime": (132, None), "utimes": (235, None), "futimesat": (261, None), "utimensat": (280, 88),
    "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7), "setxattrat": (463, 463),
    "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16),
    "removexattrat": (466, 466),
    "file_setattr": (469, 469), "mknod": (133, None), "mknodat": (259, 33),
    "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265),
    # memory that no limit counts, and what is shared with others
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194), "semget": (64, 190),
    "msgget": (68, 186), "mq_open": (240, 180), "add_key": (248, 217), "request_key": (249, 218),
    "keyctl": (250, 219),
    # the kernel's own doors
    "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39),
    "pivot_root": (155, 41), "chroot": (161, 51), "open_tree": (428, 428), "move_mount": (429, 429),
    "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433),
    "mount_setattr": (442, 442), "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "fanotify_init": (300, 262), "init_module": (175, 105), "finit_module": (313, 273),
    "delete_module": (176, 106), "kexec_load": (246, 104), "kexec_file_load": (320, 294),
    "reboot": (169, 142),
    "acct": (163, 89), "quotactl": (179, 60), "swapon": (167, 224), "swapoff": (168, 225),
    "sethostname": (170, 161), "setdomainname": (171, 162), "settimeofday": (164, 170),
    "clock_settime": (227, 112), "adjtimex": (159, 171), "clock_adjtime": (305, 266), "syslog": (103, 116),
    "personality": (135, 92), "iopl": (172, None), "ioperm": (173, None),
}  # fmt: skip
_PR_SET_SECCOMP = 22
_CLONE, _CLONE3, _CLONE_THREAD = (56, 220), (435, 435), 0x10000
# Allowed on oneself alone: the first argument is this process, or 0 where 0 means this process.
_ON_ITSELF: dict[str, tuple[int, int]] = {"kill": (62, 129), "tgkill": (234, 131), "prlimit64": (302, 261)}
_TKILL = (200, 130)
# fcntl and ioctl that have the kernel send signals to another process, or type into a terminal.
_FCNTL, _OWNER_COMMANDS = (72, 25), (8, 10, 15)  # F_SETOWN, F_SETSIG, F_SETOWN_EX
_IOCTL, _OWNER_REQUESTS = (16, 29), (0x8901, 0x8902, 0x5412)  # FIOSETOWN, SIOCSPGRP, TIOCSTI


def _instruction(code: int, k: int, jump_true: int = 0, jump_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, jump_true, jump_false, k & 0xFFFFFFFF)


def seccomp_filter(pid: int, machine: str) -> bytes:
    """The classic BPF program that refuses the calls above with EPERM, for one process."""
    load, equal, above, any_bit, give = 0x20, 0x15, 0x35, 0x45, 0x06
    allow, refuse, unknown = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS
    number, architecture, first, second = 0, 4, 16, 24  # offsets in struct seccomp_data
    column, audit = _ARCHITECTURES[machine]
    program = [
        _instruction(load, architecture),
        _instruction(equal, audit, 1, 0),
        _instruction(give, refuse),
        _instruction(load, number),
        _instruction(above, 0x40000000, 0, 1),  # the x32 numbers, which would go around the table
        _instruction(give, refuse),
        _instruction(equal, _CLONE3[column], 0, 1),
        _instruction(give, unknown),  # libc falls back to clone, whose flags can be seen
    ]
    for numbers in (*_REFUSED.values(), _TKILL):
        if (refused := numbers[column]) is not None:
            program += [_instruction(equal, refused, 0, 1), _instruction(give, refuse)]
    # Threads yes, processes no.
    program += [
        _instruction(equal, _CLONE[column], 0, 4),
        _instruction(load, first),
        _instruction(any_bit, _CLONE_THREAD, 1, 0),
        _instruction(give, refuse),
        _instruction(give, allow),
    ]
    for name, numbers in _ON_ITSELF.items():
        own = [pid] if name != "prlimit64" else [pid, 0]
        program += [_instruction(equal, numbers[column], 0, 3 + len(own)), _instruction(load, first)]
        program += [_instruction(equal, value, len(own) - i, 0) for i, value in enumerate(own)]
        program += [_instruction(give, refuse), _instruction(give, allow)]
    for numbers, commands in ((_FCNTL, _OWNER_COMMANDS), (_IOCTL, _OWNER_REQUESTS)):
        count = len(commands)
        program += [_instruction(equal, numbers[column], 0, 3 + count), _instruction(load, second)]
        program += [_instruction(equal, command, count - i, 0) for i, command in enumerate(commands)]
        program += [_instruction(give, allow), _instruction(give, refuse)]
    return b"".join([*program, _instruction(give, allow)])


def seccomp_available() -> bool:
    return platform.system() == "Linux" and platform.machine() in _ARCHITECTURES


def refuse_calls() -> None:
    """No sockets, no programs, no processes, no signals to others, no change of modes. For good."""
    program = seccomp_filter(os.getpid(), platform.machine())
    buffer = ctypes.create_string_buffer(program, len(program))
    address = ctypes.addressof(buffer)
    header = ctypes.create_string_buffer(struct.pack("@HP", len(program) // 8, address))
    prctl(_PR_SET_SECCOMP, 2, ctypes.addressof(header))
