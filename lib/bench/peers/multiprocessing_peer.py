"""Python's multiprocessing: the same work as in payload.ts and work.ts.

    multiprocessing_peer.py pipe|queue|array FOLDER ping|flood SIZE SECONDS BATCH

It prints what it has measured as one line of JSON. Pipe and Queue block; Array
has one slot, which is what the lab sheet uses, and spins.
"""
import ctypes
import json
import multiprocessing
import resource
import signal
import struct
import sys
import time

STOP = -1
MAX_SAMPLES = 200_000


class Pipe:
    def __init__(self, context, _size):
        self.receiver, self.sender = context.Pipe(duplex=False)

    def put(self, record):
        self.sender.send_bytes(record)

    def get(self):
        return self.receiver.recv_bytes()


class Queue:
    def __init__(self, context, _size):
        # As many messages as our ring holds: without a bound it grows for ever.
        self.queue = context.Queue(64)

    def put(self, record):
        self.queue.put(bytes(record))  # a copy: a thread sends it later

    def get(self):
        return self.queue.get()


class Array:
    """Bytes 0 to 3 hold the record's length, or 0 while the slot is empty."""

    def __init__(self, context, size):
        self.array = context.Array(ctypes.c_char, 4 + size)

    def put(self, record):
        while True:
            with self.array.get_lock():
                slot = self.array.get_obj()
                if slot[0:4] == b"\0\0\0\0":
                    slot[4 : 4 + len(record)] = bytes(record)
                    slot[0:4] = struct.pack("=I", len(record))
                    return

    def get(self):
        while True:
            with self.array.get_lock():
                slot = self.array.get_obj()
                (length,) = struct.unpack("=I", slot[0:4])
                if length != 0:
                    record = slot[4 : 4 + length]
                    slot[0:4] = b"\0\0\0\0"
                    return record


class Messages:
    """Messages in a row: each has a number that counts up, and a pattern."""

    def __init__(self, size, batch=1):
        words = [i * 0x9E3779B1 & 0xFFFFFFFF | 1 for i in range(size // 4)]
        self.size = size
        self.bytes = bytearray(struct.pack(f"={size // 4}I", *words) * batch)

    def number(self, seq):
        for at in range(0, len(self.bytes), self.size):
            word = 0 if seq == STOP else 2 * seq + 1 & 0xFFFFFFFF
            struct.pack_into("=I", self.bytes, at, word)
            seq += 1


class Check:
    """Compares each record that arrives with what it must be."""

    def __init__(self, size, batch=1):
        self.expected = Messages(size, batch)
        self.stop = Messages(size)
        self.stop.number(STOP)
        self.batch = batch
        self.last = 0
        self.over = False

    def take(self, record):
        if record == self.stop.bytes:
            self.over = True
            return
        self.expected.number(self.last + 1)
        if record != self.expected.bytes:
            sys.exit(f"Wrong byte in message {self.last + 1}")
        self.last += self.batch


def trips(there, back, message, check, seconds, samples=None):
    """Sends messages and waits until each comes back. To read the clock takes
    time, too: without samples, it is read at every 16th trip."""
    clock = time.perf_counter
    start = last = t = clock()
    before = check.last
    while t - start < seconds:
        message.number(check.last + 1)
        there.put(message.bytes)
        check.take(back.get())
        if samples is None and check.last & 15:
            continue
        t = clock()
        if samples is not None and len(samples) < MAX_SAMPLES:
            samples.append((t - last) * 1e6)
        last = t
    return check.last - before, last - start


def ping(there, back, size, seconds):
    message, check, samples = Messages(size), Check(size), []
    count, taken = trips(there, back, message, check, seconds / 2)
    trips(there, back, message, check, seconds / 2, samples)
    message.number(STOP)
    there.put(message.bytes)
    samples.sort()
    return {
        "count": count,
        "seconds": taken,
        "p50": samples[len(samples) // 2],
        "p99": samples[len(samples) * 99 // 100],
    }


def echo(there, back, size):
    message, check = Messages(size), Check(size)
    while True:
        check.take(there.get())
        if check.over:
            return
        message.number(check.last)
        back.put(message.bytes)


def flood(there, size, seconds, batch):
    messages = Messages(size, batch)
    start = time.perf_counter()
    seq = writes = 0
    while True:
        messages.number(seq + 1)
        there.put(messages.bytes)
        seq += batch
        writes += 1
        if writes & 63 == 0 and time.perf_counter() - start > seconds:
            break
    last = Messages(size)
    last.number(STOP)
    there.put(last.bytes)
    return {"seconds": time.perf_counter() - start}


def drain(there, size, batch, result):
    check = Check(size, batch)
    start = None
    while not check.over:
        check.take(there.get())
        start = start or time.perf_counter()
    result.send((check.last, time.perf_counter() - start))


PR_SET_PDEATHSIG = 1  # prctl(2)


def second(work, *arguments):
    """The second process. It ends with the first one, even if that is killed."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    work(*arguments)


def cpu_seconds(who):
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def memory():
    """The most memory (bytes) that each process has used. getrusage(2) knows the
    second one's; of this process it counts what the one that started it had used."""
    with open("/proc/self/status") as status:
        own = next(line for line in status if line.startswith("VmHWM:"))
    second = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return [int(own.split()[1]) * 1024, second * 1024]


def main():
    via, _folder, work, size, seconds, batch = sys.argv[1:]
    size, seconds, batch = int(size), float(seconds), int(batch)
    context = multiprocessing.get_context("fork")
    channel = {"pipe": Pipe, "queue": Queue, "array": Array}[via]
    there, back = channel(context, size * batch), channel(context, size * batch)
    result, report = context.Pipe(duplex=False)
    if work == "ping":
        arguments = (echo, there, back, size)
    else:
        arguments = (drain, there, size, batch, report)
    other = context.Process(target=second, args=arguments)
    other.daemon = True  # if this process fails, it ends the other one
    other.start()
    before = cpu_seconds(resource.RUSAGE_SELF)
    if work == "ping":
        measured = ping(there, back, size, seconds)
    else:
        measured = flood(there, size, seconds, batch)
        report.close()  # if the other process fails, the next line fails, too
        count, taken = result.recv()
        measured["count"] = count
        measured["seconds"] = max(measured["seconds"], taken)
    cpu = cpu_seconds(resource.RUSAGE_SELF) - before
    other.join()
    if other.exitcode != 0:
        sys.exit(1)
    measured["cpuSeconds"] = cpu + cpu_seconds(resource.RUSAGE_CHILDREN)
    measured["memory"] = memory()
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
