#include "block_queue.h"

void hash_queued(struct block_queue *queue, const struct hash_job *job) {
  hash_messages(job->cpu, job->kernel, SHA256, queue->waiting, queue->count);
  queue->count = 0;
}

void queue_block(struct block_queue *queue, const struct hash_job *job, size_t number,
                 const uint8_t *data, size_t length) {
  /* The numbers come from JavaScript, and are not all checked at the border */
  if (number >= job->block_count) return;
  uint8_t *digest = job->block_digests + number * digest_bytes_of(SHA256);
  queue->waiting[queue->count++] = (struct message){data, length, digest};
  if (queue->count == MAX_LANES) hash_queued(queue, job);
}
