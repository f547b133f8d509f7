/* ZeroMQ: a pair of sockets over ipc://, zmq_ipc(7). VIA is ipc. */
#include "peer.h"
#include <zmq.h>

static char address[4096];
static void *zmq;

static void make(const char *via, const char *folder, size_t record) {
  (void)via, (void)record;
  snprintf(address, sizeof address, "ipc://%s/socket", folder);
}

/* A context has threads, which do not survive fork(2): so it is made here. */
static void attach(int channel) {
  void *context = zmq_ctx_new();
  zmq = context ? zmq_socket(context, ZMQ_PAIR) : NULL;
  if (!zmq) die("zmq_socket");
  int forever = -1; /* at the end it waits until all is sent */
  zmq_setsockopt(zmq, ZMQ_LINGER, &forever, sizeof forever);
  int failed = channel == THERE ? zmq_bind(zmq, address) : zmq_connect(zmq, address);
  if (failed) die(address);
  /* A connection takes its time, and must not count: the second process says
   * that it is there, and the first one waits for that. */
  char hello = 0;
  if (channel == BACK) failed = zmq_send(zmq, &hello, 1, 0) < 0;
  else failed = zmq_recv(zmq, &hello, 1, 0) < 0;
  if (failed) die("hello");
}

static void put(const char *bytes, size_t size) {
  if (zmq_send(zmq, bytes, size, 0) < 0) die("zmq_send");
}

static size_t get(char *bytes, size_t room) {
  int n = zmq_recv(zmq, bytes, room, 0);
  if (n < 0) die("zmq_recv");
  return n;
}
