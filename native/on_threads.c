/* Waits for many short operations at the same time. */
#define _GNU_SOURCE
#include "on_threads.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

#define MAX_THREADS 16

struct shared_work {
  void (*work)(void *data, uint32_t i);
  void *data;
  uint32_t count;
  atomic_uint next;
};

static void *take_turns(void *data) {
  struct shared_work *shared = data;
  for (;;) {
    const uint32_t i = atomic_fetch_add(&shared->next, 1);
    if (i >= shared->count) return NULL;
    shared->work(shared->data, i);
  }
}

void on_threads(uint32_t count, void (*work)(void *data, uint32_t i), void *data) {
  struct shared_work shared = {work, data, count, 0};
  pthread_t threads[MAX_THREADS];
  size_t started = 0;
  while (started < MAX_THREADS && started + 1 < count &&
         pthread_create(&threads[started], NULL, take_turns, &shared) == 0) {
    started++;
  }
  take_turns(&shared);
  for (size_t i = 0; i < started; i++) pthread_join(threads[i], NULL);
}
