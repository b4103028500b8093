#include "write_watch.h"

#ifdef __linux__

#include <sys/inotify.h>

int open_write_watch(void) { return inotify_init1(IN_NONBLOCK | IN_CLOEXEC); }

/*
 * IN_MODIFY comes when a write ends. IN_CLOSE_WRITE comes when the writer's last descriptor or
 * mapping is gone. Both come after the last byte.
 */
int watch_writes(int watch, const char *path) {
  return inotify_add_watch(watch, path, IN_MODIFY | IN_CLOSE_WRITE | IN_DONT_FOLLOW);
}

#else

int open_write_watch(void) { return -1; }

int watch_writes(int watch, const char *path) {
  (void)watch, (void)path;
  return -1;
}

#endif
