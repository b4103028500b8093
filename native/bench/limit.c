/*
 * Measures the limits of a machine (bench/beside/rows/hashing.js runs it):
 *
 *   limit read FILE THREADS            reads a file into buffers that stay in the cache.
 *   limit hash KERNEL BYTES THREADS    hashes so many bytes of data that stays in the cache.
 *
 * Prints the seconds that it took. KERNEL is one of batch.h by its number.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../batch.h"

#define CACHED_BYTES ((size_t)512 * 1024)
#define LANE_GAP 256
#define STRETCH ((uint64_t)8 * 1024 * 1024)
#define MAX_THREADS 1024

static struct cpu_features cpu;
static enum kernel kernel;
static uint64_t bytes, next_stretch;
static int file;

static void fail(const char *what) {
  fprintf(stderr, "limit: %s\n", what);
  exit(1);
}

static bool take_stretch(uint64_t *start) {
  *start = __atomic_fetch_add(&next_stretch, STRETCH, __ATOMIC_RELAXED);
  return *start < bytes;
}

static uint8_t *allocate(size_t size) {
  uint8_t *buffer = malloc(size);
  if (buffer == NULL) fail("out of memory");
  memset(buffer, 1, size);
  return buffer;
}

static void *read_stretches(void *unused) {
  uint8_t *buffer = allocate(CACHED_BYTES);
  for (uint64_t start; take_stretch(&start);) {
    for (uint64_t at = start; at < start + STRETCH && at < bytes; at += CACHED_BYTES) {
      if (pread(file, buffer, CACHED_BYTES, (off_t)at) <= 0) fail("can't read");
    }
  }
  free(buffer);
  return unused;
}

static void *hash_stretches(void *unused) {
  static const size_t lanes_of[] = {[KERNEL_AVX512] = 32, [KERNEL_AVX2] = 8, [KERNEL_SHANI] = 4};
  const size_t lanes = lanes_of[kernel], length = CACHED_BYTES / lanes;
  uint8_t *buffer = allocate(lanes * (length + LANE_GAP));
  const uint8_t *data[MAX_LANES];
  uint32_t state[MAX_LANES * 8];
  for (size_t i = 0; i < lanes; i++) data[i] = buffer + i * (length + LANE_GAP);
  init_lanes(SHA1, state, lanes);
  for (uint64_t start; take_stretch(&start);) {
    for (uint64_t at = start; at < start + STRETCH && at < bytes; at += CACHED_BYTES) {
      update_lanes(&cpu, kernel, SHA1, state, data, length, lanes);
    }
  }
  free(buffer);
  return unused;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void run(void *(*work)(void *), int threads) {
  pthread_t started[MAX_THREADS];
  const double begun = now();
  for (int i = 0; i < threads; i++) {
    if (pthread_create(&started[i], NULL, work, NULL) != 0) fail("no thread");
  }
  for (int i = 0; i < threads; i++) pthread_join(started[i], NULL);
  printf("%.6f\n", now() - begun);
}

int main(int count, char **arguments) {
  cpu = detect_cpu();
  const int threads = count < 4 ? 0 : atoi(arguments[count - 1]);
  if (threads < 1 || threads > MAX_THREADS) fail("read FILE THREADS | hash KERNEL BYTES THREADS");
  if (strcmp(arguments[1], "read") == 0) {
    struct stat stats;
    file = open(arguments[2], O_RDONLY);
    if (file < 0 || fstat(file, &stats) != 0) fail("can't open the file");
    bytes = (uint64_t)stats.st_size;
    run(read_stretches, threads);
  } else {
    kernel = (enum kernel)atoi(arguments[2]);
    bytes = (uint64_t)strtoull(arguments[3], NULL, 10);
    if (!kernel_runs_on(&cpu, kernel)) fail("this kernel does not run here");
    run(hash_stretches, threads);
  }
  return 0;
}
