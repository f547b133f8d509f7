/* Numbered lines through a FIFO, by C's stdio: what producer and consumer do
 * with --quiet. Called as
 *
 *   lines FOLDER COUNT
 *
 * It prints how many lines arrived, and in how many seconds. Each is compared
 * with the line that it must be. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void die(const char *what) {
  perror(what);
  exit(1);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: lines FOLDER COUNT\n");
    return 2;
  }
  char path[4096];
  snprintf(path, sizeof path, "%s/numbered", argv[1]);
  long count = strtol(argv[2], NULL, 10);
  if (mkfifo(path, 0600)) die("mkfifo");
  pid_t child = fork();
  if (child < 0) die("fork");
  if (child == 0) {
    FILE *f = fopen(path, "w");
    if (!f) die("fopen");
    for (long i = 1; i <= count; i++) fprintf(f, "%ld\n", i);
    return fclose(f) == 0 ? 0 : 1;
  }
  FILE *f = fopen(path, "r");
  if (!f) die("fopen");
  unlink(path);
  char *line = NULL;
  size_t room = 0;
  long n = 0;
  double start = now();
  while (getline(&line, &room, f) > 0)
    if (strtol(line, NULL, 10) != ++n) {
      fprintf(stderr, "Wrong line %ld: %s", n, line);
      return 1;
    }
  double seconds = now() - start;
  int status;
  if (waitpid(child, &status, 0) < 0 || status != 0 || n != count) return 1;
  printf("{\"count\":%ld,\"seconds\":%.6f}\n", n, seconds);
  return 0;
}
