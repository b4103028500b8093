#ifndef BTKIT_READ_LEASE_H
#define BTKIT_READ_LEASE_H

#include <stdbool.h>
#include <stdint.h>

/* Whether somebody may be writing to a file; README.md explains the consequences. */
enum writers {
  WRITERS_UNKNOWN = 0,  /* no right to a lease, no regular file, no such system, ... */
  NO_WRITERS = 1,       /* and whoever opens it for writing from now on moves its times */
  OPEN_FOR_WRITING = 2, /* by a descriptor or a mapping, perhaps one that lies idle */
};

/* The last device whose file system reports nothing; initially zeros. */
struct mute_device {
  bool is_known;
  uint64_t device;
};

/*
 * Takes a read lease of the file, which the system grants only while nobody has the file open for
 * writing, and returns it at once. Links are not followed. Takes some microseconds, and waits for
 * no other process. Sends its own process no signal that has an effect. Opens no file on a mute
 * device, which may be on another machine.
 */
enum writers try_read_lease(const char *path, struct mute_device *mute);

/* The same for a file on that device that is open for reading only. */
enum writers lease_descriptor(int descriptor, uint64_t device, struct mute_device *mute);

#endif
