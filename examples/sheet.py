"""The lab sheet's program: process 1 writes ten values into shared memory, and
process 2 reads them.

    python3 examples/sheet.py [--pause=5] [--retry=1] [--start=fork|spawn]
"""
import argparse
import logging
import multiprocessing
import os
import sys
import time

COUNT = 10
NO_DATA = -1

# Prints LEVEL:name:text to standard error. It stands outside main(), because a
# child that is spawned and not forked imports this file and does not call main().
logging.basicConfig(level=logging.INFO)


def seconds(number):
    return f"{number:g} second{'' if number == 1 else 's'}"


def process1(slots, pause):
    """The producer: writes each value into its own slot."""
    log = logging.getLogger("process1")
    log.info("Pid:%d", os.getpid())
    for value in range(1, COUNT + 1):
        log.info("Writing %d", value)
        slots[value - 1] = value
        if value == 6:
            log.info("Intentionally sleeping for %s", seconds(pause))
            time.sleep(pause)
    log.info("Finished process 1")


def process2(slots, retry):
    """The consumer: reads each slot as soon as it holds a value."""
    log = logging.getLogger("process2")
    log.info("Pid:%d", os.getpid())
    for index in range(COUNT):
        while (value := slots[index]) == NO_DATA:
            log.info(
                "Data not available sleeping for %s before retrying", seconds(retry)
            )
            time.sleep(retry)
        log.info("Read: %d", value)
    log.info("Finished process 2")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--pause", type=float, default=5, help="seconds")
    parser.add_argument("--retry", type=float, default=1, help="seconds")
    parser.add_argument("--start", choices=multiprocessing.get_all_start_methods())
    options = parser.parse_args()
    context = multiprocessing.get_context(options.start)

    logging.getLogger("parent").info("Pid:%d", os.getpid())
    # Each access takes the Array's lock, so that no slot is seen half written.
    slots = context.Array("i", [NO_DATA] * COUNT)
    first = context.Process(target=process1, args=(slots, options.pause))
    second = context.Process(target=process2, args=(slots, options.retry))
    first.start()
    # Either process may start first. In the sheet process 2 came so late that it
    # found six values and retried four times.
    time.sleep(1.5 * options.retry)
    second.start()
    first.join()
    if first.exitcode != 0:
        second.terminate()  # The values it waits for will never come.
    second.join()
    sys.exit(0 if first.exitcode == second.exitcode == 0 else 1)


if __name__ == "__main__":
    main()
