#ifndef BTKIT_WRITE_WATCH_H
#define BTKIT_WRITE_WATCH_H

/*
 * A descriptor that tells, as inotify(7) has it, of the ends of writes to files and of writers
 * that go; -1 where that is not to be had. Reads of it don't wait.
 */
int open_write_watch(void);

/*
 * Has the watch tell of a file from now on. Links are not followed. Returns the number that its
 * events bear, which two names of one file share, or -1.
 */
int watch_writes(int watch, const char *path);

#endif
