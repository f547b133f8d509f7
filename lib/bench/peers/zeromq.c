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
}

static void put(const char *bytes, size_t size) {
  if (zmq_send(zmq, bytes, size, 0) < 0) die("zmq_send");
}

static size_t get(char *bytes, size_t room) {
  int n = zmq_recv(zmq, bytes, room, 0);
  if (n < 0) die("zmq_recv");
  return n;
}
