/*
 * Shares many calls of the system out to threads: the kernel serves several at once. A few calls are
 * not worth a thread, unless a disk or a file server takes long for each.
 */
#ifndef BTKIT_SHARES_H
#define BTKIT_SHARES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* The most calls that wait for a disk at a time. */
#define MOST_WAITING 16u

/* Items that threads take in shares. */
struct shares {
  size_t count;
  size_t end; /* of the items that may be taken now */
  size_t length;
  atomic_size_t next;
};

/* Takes the next share. Returns false if there is none. */
bool take_share(struct shares *shares, size_t *first, size_t *end);

/*
 * Calls `work` with `data`, on this thread and perhaps on others; it must take shares until there is
 * none, and may be called twice on one thread. Returns when all is done.
 */
void share_out(struct shares *shares, void *(*work)(void *data), void *data);

/* How often this thread has waited so far, for a disk or anything else; 0 where nobody counts. */
long times_waited(void);

#endif
