/* What all peers in C have in common: two processes and the four loops. It is
 * the work of work.ts, line by line.
 *
 * A peer is called as
 *
 *   PEER VIA FOLDER ping|flood SIZE SECONDS BATCH
 *
 * and prints what it has measured as one line of JSON. SIZE is bytes of a
 * message, BATCH is how many messages one write carries. Sockets lie in FOLDER.
 * A wrong byte ends it with exit code 1.
 *
 * It defines the four functions of a channel; this file has main(). There are
 * two channels: THERE leads from the first process to the second, BACK leads
 * from the second to the first.
 */
#pragma once
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "message.h"
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { THERE, BACK };

/* Makes both channels, before the second process is there. RECORD is the
 * longest record in bytes. */
static void make(const char *via, const char *folder, size_t record);
/* Opens the ends of this process: it sends to OUT and receives from the other. */
static void attach(int out);
/* Sends a record. */
static void put(const char *bytes, size_t size);
/* Receives a record, or from a stream what is there: at most ROOM bytes. */
static size_t get(char *bytes, size_t room);

enum { ROOM = 2 << 20, MAX_SAMPLES = 200000 };
static char arrived[ROOM];

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

/* How long it takes to read the clock: the smallest of several tries. */
static double clock_cost(void) {
  double least = 1;
  for (int tries = 0; tries < 20; tries++) {
    double start = now(), t = start;
    for (int reads = 0; reads < 100; reads++) t = now();
    if ((t - start) / 100 < least) least = (t - start) / 100;
  }
  return least;
}

static void receive(struct check *c) {
  size_t n = get(arrived, ROOM);
  if (n == 0) {
    fprintf(stderr, "The other side has gone\n");
    exit(1);
  }
  take(c, arrived, n);
}

/* What a side has measured. */
struct measured {
  int64_t count;
  double seconds, p50, p99; /* the percentiles in microseconds */
};

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Sends messages and waits until each comes back. With SAMPLES it times each
 * trip; without, it reads the clock at every 16th: the clock takes time, too. */
static double trips(struct check *c, char *message, double seconds,
                    double *samples, int64_t *count) {
  double cost = clock_cost(), start = now(), last = start, t = start;
  int64_t before = c->last;
  while (t - start < seconds) {
    int64_t seq = c->last + 1;
    number(message, seq);
    put(message, c->size);
    while (c->last != seq) receive(c);
    if (!samples && (seq & 15) != 0) continue;
    t = now();
    if (samples && seq - before <= MAX_SAMPLES)
      samples[seq - before - 1] = t - last > cost ? (t - last - cost) * 1e6 : 0;
    last = t;
  }
  *count = c->last - before;
  return last - start;
}

static struct measured ping(size_t size, double seconds) {
  struct check c = check_of(size);
  char *message = payload(size, 1);
  struct measured m = {0, 0, 0, 0};
  double *samples = (double *)malloc(MAX_SAMPLES * sizeof *samples);
  if (!samples) die("malloc");
  int64_t timed;
  m.seconds = trips(&c, message, seconds / 2, NULL, &m.count);
  trips(&c, message, seconds / 2, samples, &timed);
  number(message, STOP);
  put(message, size);
  if (timed > MAX_SAMPLES) timed = MAX_SAMPLES;
  qsort(samples, timed, sizeof *samples, by_size);
  m.p50 = samples[timed / 2];
  m.p99 = samples[timed * 99 / 100];
  return m;
}

static void echo(size_t size) {
  struct check c = check_of(size);
  char *message = payload(size, 1);
  for (int64_t sent = 0;;) {
    receive(&c);
    if (c.over) return;
    if (c.last == sent) continue;
    number(message, sent = c.last);
    put(message, size);
  }
}

static struct measured flood(size_t size, double seconds, long batch) {
  char *messages = payload(size, batch);
  struct measured m = {0, 0, 0, 0};
  double start = now();
  for (long writes = 1;; writes++) {
    for (long i = 0; i < batch; i++) number(messages + i * size, ++m.count);
    put(messages, size * batch);
    if ((writes & 63) == 0 && now() - start > seconds) break;
  }
  number(messages, STOP);
  put(messages, size);
  m.seconds = now() - start;
  return m;
}

static struct measured drain(size_t size) {
  struct check c = check_of(size);
  struct measured m = {0, 0, 0, 0};
  double start = 0;
  while (!c.over) {
    receive(&c);
    if (start == 0) start = now();
  }
  m.count = c.last;
  m.seconds = now() - start;
  return m;
}

static double cpu_seconds(int who) {
  struct rusage u;
  getrusage(who, &u);
  return u.ru_utime.tv_sec + u.ru_stime.tv_sec +
         (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* The most memory (bytes) that this process has used. Not from getrusage(2),
 * which counts what the program that started this one had used. */
static long long own_memory(void) {
  FILE *status = fopen("/proc/self/status", "r");
  char line[256];
  long long kilobytes = 0;
  while (status && fgets(line, sizeof line, status))
    if (sscanf(line, "VmHWM: %lld", &kilobytes) == 1) break;
  if (status) fclose(status);
  return kilobytes * 1024;
}

/* The most memory (bytes) that the second process has used. */
static long long child_memory(void) {
  struct rusage u;
  getrusage(RUSAGE_CHILDREN, &u);
  return u.ru_maxrss * 1024LL;
}

int main(int argc, char **argv) {
  if (argc != 7) {
    fprintf(stderr, "usage: PEER VIA FOLDER ping|flood SIZE SECONDS BATCH\n");
    return 2;
  }
  const char *work = argv[3];
  size_t size = strtoul(argv[4], NULL, 10);
  double seconds = strtod(argv[5], NULL);
  long batch = strtol(argv[6], NULL, 10);
  int pings = strcmp(work, "ping") == 0;
  signal(SIGPIPE, SIG_IGN); /* a write to a process that has gone fails instead */
  make(argv[1], argv[2], size * batch);
  if (strcmp(work, "echo") == 0) { /* alone: the first process is another program */
    attach(BACK);
    echo(size);
    return 0;
  }
  /* The second process leaves its figures here. */
  struct measured *second = (struct measured *)mmap(
      NULL, sizeof *second, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (second == MAP_FAILED) die("mmap");
  pid_t parent = getpid(), child = fork();
  if (child < 0) die("fork");
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* it ends with the first process */
    if (getppid() != parent) return 1;
    attach(BACK);
    if (pings) echo(size);
    else *second = drain(size);
    _exit(0);
  }
  attach(THERE);
  double before = cpu_seconds(RUSAGE_SELF);
  struct measured m = pings ? ping(size, seconds) : flood(size, seconds, batch);
  double cpu = cpu_seconds(RUSAGE_SELF) - before;
  int status;
  if (waitpid(child, &status, 0) < 0) die("waitpid");
  if (status != 0) return 1;
  cpu += cpu_seconds(RUSAGE_CHILDREN);
  if (!pings) {
    m.count = second->count;
    if (second->seconds > m.seconds) m.seconds = second->seconds;
  }
  printf("{\"count\":%lld,\"seconds\":%.9f,\"cpuSeconds\":%.6f,\"p50\":%.4f,\"p99\":%.4f,"
         "\"memory\":[%lld,%lld]}\n",
         (long long)m.count, m.seconds, cpu, m.p50, m.p99,
         own_memory(), child_memory());
  return 0;
}
