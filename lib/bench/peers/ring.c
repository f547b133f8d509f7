/* Our ring, in C: the same layout, locks, marks and steps as in
 * lib/shared_memory/{layout,marks,ring}.ts, so that it can be told apart what
 * JavaScript costs and what the protocol costs. A waiting end spins.
 *
 * VIA is ring, or the name of two segments that another program has made: those
 * named VIA.there and VIA.back. */
#include "peer.h"
#include <fcntl.h>
#include <stdatomic.h>

enum { MAGIC = 0x69706331, VERSION = 4 };
enum { CAPACITY = 64, SLOT_BYTES = 66048 };
enum { HEAD_BYTES = 192, CELL_BYTES = 128, SHORT_BYTES = CELL_BYTES - 8 };
enum { STATE = 3, SPINS = 1000 };

/* The words of the head. */
enum {
  W_MAGIC, W_VERSION, W_CAPACITY, W_SLOT_BYTES, W_SENDERS_EVER, W_SENDERS,
  W_TAIL = 16, W_SENDING, W_HEAD = 32, W_RECEIVING
};

typedef _Atomic int32_t word;

static word *rings[2];
static word *to, *from;
static int32_t owner;

static size_t long_record_bytes(size_t slot_bytes) {
  return slot_bytes > SHORT_BYTES ? (slot_bytes + 63) / 64 * 64 : 0;
}

static size_t ring_bytes(void) {
  return HEAD_BYTES + CAPACITY * (CELL_BYTES + long_record_bytes(SLOT_BYTES));
}

static int32_t load(word *w) { return atomic_load_explicit(w, memory_order_relaxed); }
static void store(word *w, int32_t v) { atomic_store_explicit(w, v, memory_order_relaxed); }

static void make(const char *via, const char *folder, size_t record) {
  (void)folder;
  if (record > SLOT_BYTES) die("record longer than a slot");
  for (int i = 0; i < 2; i++) {
    int fd = -1, flags = MAP_SHARED | MAP_ANONYMOUS;
    if (via[0] == '/') {
      char name[256];
      snprintf(name, sizeof name, "%s.%s", via, i == THERE ? "there" : "back");
      flags = MAP_SHARED;
      if ((fd = shm_open(name, O_RDWR, 0)) < 0) die("shm_open");
    }
    word *ring = mmap(NULL, ring_bytes(), PROT_READ | PROT_WRITE, flags, fd, 0);
    if (ring == MAP_FAILED) die("mmap");
    rings[i] = ring;
    if (fd >= 0) continue; /* it is a ring already */
    store(ring + W_VERSION, VERSION);
    store(ring + W_CAPACITY, CAPACITY);
    store(ring + W_SLOT_BYTES, SLOT_BYTES);
    ring[W_MAGIC] = MAGIC;
  }
}

static void attach(int channel) {
  to = rings[channel];
  from = rings[!channel];
  owner = channel + 1;
  if (load(to + W_MAGIC) != MAGIC || load(to + W_VERSION) != VERSION) die("another ring");
  to[W_SENDERS]++;
  to[W_SENDERS_EVER]++;
}

/* Positions run from 0 up to twice the capacity, so that a full ring differs
 * from an empty one. */
static int lap_of(int position) { return position >= CAPACITY; }
static int slot_of(int position) { return lap_of(position) ? position - CAPACITY : position; }
static int after(int position) { return position + 1 == 2 * CAPACITY ? 0 : position + 1; }

/* The slot's mark; the next word is the record's length. */
static word *mark_at(word *ring, int position) {
  return ring + (HEAD_BYTES + slot_of(position) * CELL_BYTES) / 4;
}

static char *record_at(word *ring, int position, size_t length) {
  if (length <= SHORT_BYTES) return (char *)(mark_at(ring, position) + 2);
  return (char *)ring + HEAD_BYTES + CAPACITY * CELL_BYTES +
         slot_of(position) * long_record_bytes(SLOT_BYTES);
}

static int lock(word *w) {
  for (int i = 0; i < SPINS; i++) {
    int32_t free = 0;
    if (atomic_compare_exchange_strong(w, &free, owner)) return 1;
  }
  return 0;
}

static void unlock(word *w) { *w = 0; }

/* Ends that sleep would be woken here; in this program none sleeps. */
static void set_mark(word *mark, int value) { atomic_exchange(mark, value & STATE); }

static void put(const char *bytes, size_t size) {
  for (;;) {
    int tail = load(to + W_TAIL), empty = 2 * lap_of(tail);
    word *mark = mark_at(to, tail);
    if ((load(mark) & STATE) != empty || !lock(to + W_SENDING)) continue;
    /* We are the only sender. Look again: it may have changed. */
    if (load(to + W_TAIL) != tail || (load(mark) & STATE) != empty) {
      unlock(to + W_SENDING);
      continue;
    }
    /* Move on first and set the mark last. */
    store(to + W_TAIL, after(tail));
    memcpy(record_at(to, tail, size), bytes, size);
    store(mark + 1, (int32_t)size);
    set_mark(mark, empty + 1);
    unlock(to + W_SENDING);
    return;
  }
}

static size_t get(char *bytes, size_t room) {
  for (;;) {
    int head = load(from + W_HEAD), full = 2 * lap_of(head) + 1;
    word *mark = mark_at(from, head);
    if ((load(mark) & STATE) != full || !lock(from + W_RECEIVING)) continue;
    if (load(from + W_HEAD) != head || (load(mark) & STATE) != full) {
      unlock(from + W_RECEIVING);
      continue;
    }
    size_t size = load(mark + 1);
    if (size > SLOT_BYTES || size > room) die("damaged ring");
    memcpy(bytes, record_at(from, head, size), size);
    store(from + W_HEAD, after(head));
    set_mark(mark, full + 1);
    unlock(from + W_RECEIVING);
    return size;
  }
}
