/* The messages of all peers in C, and their check, as in payload.ts. */
#pragma once
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STOP = -1 }; /* the number of the message that ends a measurement */

static void die(const char *what) {
  perror(what);
  exit(1);
}

/* The messages: a number that counts up, and a pattern after it. The first word
 * is odd in a numbered message, and 0 in the message that ends a measurement. */

static uint32_t first_word(int64_t seq) {
  return seq == STOP ? 0 : (uint32_t)(2 * seq + 1);
}

static char *payload(size_t size, long batch) {
  size_t stride = size / 4;
  uint32_t *words = (uint32_t *)malloc(size * batch);
  if (!words) die("malloc");
  for (size_t i = 0; i < stride * batch; i++)
    words[i] = (uint32_t)(i % stride) * 0x9e3779b1u | 1;
  return (char *)words;
}

static void number(char *message, int64_t seq) {
  uint32_t word = first_word(seq);
  memcpy(message, &word, sizeof word);
}

/* Checks the bytes that arrive, in pieces of any length. */
struct check {
  size_t size, offset; /* of the message that is expected; bytes of it so far */
  int64_t last;        /* the number of the last whole message */
  int stop, over;      /* is the message that ends it coming, has it come? */
  char *expected;
};

static struct check check_of(size_t size) {
  struct check c = {size, 0, 0, 0, 0, payload(size, 1)};
  number(c.expected, 1);
  return c;
}

static void take(struct check *c, const char *bytes, size_t length) {
  while (length > 0 && !c->over) {
    size_t n = c->size - c->offset < length ? c->size - c->offset : length;
    if (c->offset == 0 && bytes[0] == 0) {
      c->stop = 1;
      number(c->expected, STOP);
    }
    if (memcmp(bytes, c->expected + c->offset, n) != 0) {
      fprintf(stderr, "Wrong byte in message %lld\n", (long long)c->last + 1);
      exit(1);
    }
    bytes += n;
    length -= n;
    c->offset += n;
    if (c->offset < c->size) return;
    c->offset = 0;
    if (c->stop) c->over = 1;
    else number(c->expected, ++c->last + 1);
  }
}
