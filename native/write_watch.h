#ifndef BTKIT_WRITE_WATCH_H
#define BTKIT_WRITE_WATCH_H

/*
 * Returns an inotify(7) descriptor that reports when writes to files end and when writers close
 * them; -1 if there is none. Reads of it do not wait.
 */
int open_write_watch(void);

/*
 * Adds a file to the watch. Links are not followed. Returns the number in its events, which is the
 * same for two names of one file, or -1.
 */
int watch_writes(int watch, const char *path);

#endif
