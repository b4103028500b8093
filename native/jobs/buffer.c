#define _GNU_SOURCE
#include "buffer.h"

#include <errno.h>
#include <sys/mman.h>

/* The size of a cache line; loads of whole vectors should not straddle two. */
#define ALIGNMENT 64

static bool make_room(struct worker *worker, size_t size) {
  if (worker->buffer_size >= size) return true;
  free_buffer(worker);
  void *room = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (room == MAP_FAILED) return false;
  worker->buffer = room;
  worker->buffer_size = size;
  return true;
}

void free_buffer(struct worker *worker) {
  if (worker->buffer != NULL) munmap(worker->buffer, worker->buffer_size);
  worker->buffer = NULL;
  worker->buffer_size = 0;
}

bool lay_buffers(struct worker *worker, uint8_t **buffers, size_t count, size_t length) {
  const size_t stride = (length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT + LANE_GAP;
  if (!make_room(worker, count * stride + ALIGNMENT)) {
    fail_job(worker->reader.job, 0, -ENOMEM);
    return false;
  }
  uint8_t *start = worker->buffer + (-(uintptr_t)worker->buffer & (ALIGNMENT - 1));
  for (size_t i = 0; i < count; i++) buffers[i] = start + i * stride;
  return true;
}
