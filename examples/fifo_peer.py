"""A producer and a consumer in Python over a named pipe, one value a line.
They are peers for `deno task consumer` and `deno task producer`.

    python3 examples/fifo_peer.py producer|consumer [path]
"""
import logging
import os
import sys
from contextlib import suppress


def producer(path, log):
    # open(path, "w") would create a plain file if somebody had removed the FIFO.
    fd = os.open(path, os.O_WRONLY)  # waits until a consumer opens it
    with open(fd, "w", buffering=1) as fifo:  # 1: writes each line at once
        for value in range(1, 11):
            log.info("Writing %d", value)
            fifo.write(f"{value}\n")
    log.info("Finished process 1")


def consumer(path, log):
    with open(path) as fifo:  # waits until a producer opens it
        for line in fifo:  # ends when every producer has closed it
            log.info("Read: %s", line.strip())
    with suppress(FileNotFoundError):  # Our own producer may have removed it.
        os.remove(path)
    log.info("Finished process 2")


roles = {"producer": producer, "consumer": consumer}
role = roles.get(sys.argv[1]) if len(sys.argv) > 1 else None
if role is None:
    sys.exit(__doc__)
path = sys.argv[2] if len(sys.argv) > 2 else "run/lab.fifo"
logging.basicConfig(level=logging.INFO)  # LEVEL:name:text to standard error
log = logging.getLogger("process1" if role is producer else "process2")
log.info("Pid:%d", os.getpid())
os.makedirs("run", mode=0o700, exist_ok=True)
with suppress(FileExistsError):  # The other side may have made it.
    os.mkfifo(path, mode=0o600)
role(path, log)
