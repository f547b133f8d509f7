"""Runs a program whose system calls the kernel refuses with EPERM: seccomp(2).

Usage: refuse.py CALL[,CALL...] COMMAND [ARGUMENT...]
"""
import ctypes
import os
import platform
import struct
import sys

NUMBERS = {
    "x86_64": {
        "bind": [49],
        "inotify_init1": [294],
        "mknod": [133, 259],
        "mq_open": [240],
    },
    "aarch64": {
        "bind": [200],
        "inotify_init1": [26],
        "mknod": [33],
        "mq_open": [180],
    },
}
EPERM = 1
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, SECCOMP_MODE_FILTER = 22, 38, 2
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06  # BPF: load a word, jump if equal, return
REFUSE, ALLOW = 0x00050000 | EPERM, 0x7FFF0000

calls = sys.argv[1].split(",")
numbers = [n for call in calls for n in NUMBERS[platform.machine()][call]]
program = [(LOAD, 0, 0, 0)]  # the call's number is the first word
for i, number in enumerate(numbers):
    program.append((EQUAL, len(numbers) - i, 0, number))
program += [(RETURN, 0, 0, ALLOW), (RETURN, 0, 0, REFUSE)]
code = ctypes.create_string_buffer(
    b"".join(struct.pack("HBBI", *step) for step in program)
)
header = struct.pack("HxxxxxxQ", len(program), ctypes.addressof(code))
prctl = ctypes.CDLL(None, use_errno=True).prctl
if prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0:
    sys.exit("cannot set no_new_privs")
if prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, header, 0, 0) < 0:
    sys.exit("cannot set a filter")
os.execvp(sys.argv[2], sys.argv[2:])
