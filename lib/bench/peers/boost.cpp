// Boost.Interprocess: two message queues in shared memory, with a mutex and a
// condition each. VIA is queue.
#include "peer.h"
#include <boost/interprocess/ipc/message_queue.hpp>
#include <string>

using boost::interprocess::create_only;
using boost::interprocess::message_queue;

static const size_t CAPACITY = 64; // messages, as many as our ring has
static message_queue *queues[2];
static int to;

static void make(const char *, const char *, size_t record) {
  for (int i = 0; i < 2; i++) {
    std::string name = "ipc-lab-" + std::to_string(getuid()) + ".peer." +
                       std::to_string(getpid()) + "." + std::to_string(i);
    queues[i] = new message_queue(create_only, name.c_str(), CAPACITY, record);
    message_queue::remove(name.c_str()); // the second process inherits it
  }
}

static void attach(int channel) { to = channel; }

static void put(const char *bytes, size_t size) { queues[to]->send(bytes, size, 0); }

static size_t get(char *bytes, size_t room) {
  message_queue::size_type size;
  unsigned priority;
  queues[!to]->receive(bytes, room, size, priority);
  return size;
}
