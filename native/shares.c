#define _GNU_SOURCE
#include "shares.h"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

/* The items by which it is found out whether calls wait. */
#define FEW 8u

/* The length of a share if no call waits, and how many of them are worth threads. */
#define LENGTH 256u
#define MIN_SHARES 4u
#define MAX_THREADS 4u

long times_waited(void) {
#ifdef RUSAGE_THREAD
  struct rusage usage;
  return getrusage(RUSAGE_THREAD, &usage) == 0 ? usage.ru_nvcsw : 0;
#else
  return 0;
#endif
}

bool take_share(struct shares *shares, size_t *first, size_t *end) {
  *first = atomic_fetch_add(&shares->next, shares->length);
  *end = *first + shares->length < shares->end ? *first + shares->length : shares->end;
  return *first < shares->end;
}

static size_t count_threads(size_t items) {
  /* The question reads a file of the kernel, which takes longer than to look at a few files */
  const long processors = items / LENGTH < MIN_SHARES ? 1 : sysconf(_SC_NPROCESSORS_ONLN);
  return processors < 1 ? 1 : processors > (long)MAX_THREADS ? MAX_THREADS : (size_t)processors;
}

void share_out(struct shares *shares, void *(*work)(void *data), void *data) {
  pthread_t threads[MOST_WAITING];
  shares->end = shares->length = shares->count < FEW ? shares->count : FEW;
  const long before = times_waited();
  work(data);
  const bool waits = times_waited() - before >= (long)(FEW / 2);
  const size_t rest = shares->count - shares->end;
  if (rest == 0) return;
  atomic_store(&shares->next, shares->end);
  shares->end = shares->count;
  shares->length = waits ? 1 : LENGTH;
  const size_t wanted = waits ? MOST_WAITING : count_threads(rest);
  size_t started = 0;
  while (started + 1 < wanted && pthread_create(&threads[started], NULL, work, data) == 0) started++;
  work(data);
  for (size_t i = 0; i < started; i++) pthread_join(threads[i], NULL);
}
