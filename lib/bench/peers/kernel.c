/* The kernel's mechanisms, and one slot of shared memory: each as bare as it can
 * be. VIA is fifo, pipe, queue or socket, which block in the kernel, or slot,
 * which spins. */
#include "peer.h"
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/stat.h>

static enum { FIFO, PIPE, QUEUE, SOCKET, SLOT } via;
static const char *const NAMES[] = {"fifo", "pipe", "queue", "socket", "slot"};

static char path[2][4096];
static int pipes[2][2]; /* [channel][0: to read, 1: to write] */
static int sockets[2];  /* of the first process, of the second */
static mqd_t queues[2];

/* Full if SIZE is not 0. The record does not share its cache line. */
static struct slot {
  _Alignas(64) _Atomic size_t size;
  _Alignas(64) char record[ROOM];
} *slots[2];

static int in, out; /* descriptors */
static int to, from; /* channels */

static void make(const char *name, const char *folder, size_t record) {
  while (strcmp(name, NAMES[via]) != 0)
    if (++via > SLOT) die("unknown mechanism");
  if (via == SOCKET && socketpair(AF_UNIX, SOCK_STREAM, 0, sockets)) die("socketpair");
  for (int i = 0; i < 2; i++) {
    if (via == FIFO) {
      snprintf(path[i], sizeof path[i], "%s/%s", folder, i == THERE ? "there" : "back");
      if (mkfifo(path[i], 0600)) die("mkfifo");
    } else if (via == PIPE) {
      if (pipe(pipes[i])) die("pipe");
    } else if (via == QUEUE) {
      struct mq_attr attr = {.mq_maxmsg = 10, .mq_msgsize = (long)record};
      snprintf(path[i], sizeof path[i], "/ipc-lab-%d.peer.%d.%d", getuid(), getpid(), i);
      queues[i] = mq_open(path[i], O_CREAT | O_EXCL | O_RDWR, 0600, &attr);
      if (queues[i] == (mqd_t)-1) die("mq_open");
      mq_unlink(path[i]); /* the second process inherits it */
    } else if (via == SLOT) {
      slots[i] = mmap(NULL, sizeof **slots, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
      if (slots[i] == MAP_FAILED) die("mmap");
    }
  }
}

static int open_fifo(int channel, int flags) {
  int fd = open(path[channel], flags); /* waits for the other process */
  if (fd < 0) die("open");
  return fd;
}

static void attach(int channel) {
  to = channel;
  from = !channel;
  if (via == FIFO) {
    /* Both processes open THERE first: otherwise each would wait for the other. */
    if (to == THERE) out = open_fifo(THERE, O_WRONLY), in = open_fifo(BACK, O_RDONLY);
    else in = open_fifo(THERE, O_RDONLY), out = open_fifo(BACK, O_WRONLY);
    if (to == THERE) unlink(path[THERE]), unlink(path[BACK]);
  } else if (via == PIPE) {
    out = pipes[to][1];
    in = pipes[from][0];
    close(pipes[to][0]);
    close(pipes[from][1]);
  } else if (via == SOCKET) {
    in = out = sockets[to];
    close(sockets[from]);
  }
}

static void put(const char *bytes, size_t size) {
  if (via == SLOT) {
    struct slot *slot = slots[to];
    while (atomic_load_explicit(&slot->size, memory_order_acquire) != 0) ;
    memcpy(slot->record, bytes, size);
    atomic_store_explicit(&slot->size, size, memory_order_release);
  } else if (via == QUEUE) {
    if (mq_send(queues[to], bytes, size, 0)) die("mq_send");
  } else {
    while (size > 0) {
      ssize_t n = write(out, bytes, size);
      if (n <= 0) die("write");
      bytes += n;
      size -= n;
    }
  }
}

static size_t get(char *bytes, size_t room) {
  if (via == SLOT) {
    struct slot *slot = slots[from];
    size_t size;
    while ((size = atomic_load_explicit(&slot->size, memory_order_acquire)) == 0) ;
    memcpy(bytes, slot->record, size);
    atomic_store_explicit(&slot->size, 0, memory_order_release);
    return size;
  }
  ssize_t n = via == QUEUE ? mq_receive(queues[from], bytes, room, NULL)
                           : read(in, bytes, 65536);
  if (n < 0) die("receive");
  return n;
}
