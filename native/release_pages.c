/*
 * A page of a mapped file counts as memory of the process after it is read once. The kernel keeps
 * the page for all processes, and drops it when it needs the memory.
 */
#define _GNU_SOURCE
#define NAPI_VERSION 8
#include "release_pages.h"

#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#ifdef __linux__

static bool ends_with(const char *line, size_t length, const char *name) {
  const size_t name_length = strlen(name);
  if (length > 0 && line[length - 1] == '\n') length--;
  return length >= name_length && memcmp(line + length - name_length, name, name_length) == 0;
}

/*
 * Releases a line of /proc/self/maps, found by inode and name: some file systems have another
 * device there.
 */
static void release_line(const char *line, uint64_t inode) {
  uintptr_t start = 0, end = 0;
  uint64_t found = 0;
  char access[5] = "";
  const int count = sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s %*s %*s %" SCNu64, &start, &end,
                           access, &found);
  if (count != 4 || found != inode || access[3] != 's') return;
  madvise((void *)start, end - start, MADV_DONTNEED);
}

static void release_file(const char *path) {
  struct stat stats;
  char *line = NULL;
  size_t room = 0;
  ssize_t length;
  const char *name = strrchr(path, '/');
  if (name == NULL || stat(path, &stats) != 0) return;
  FILE *maps = fopen("/proc/self/maps", "re");
  if (maps == NULL) return;
  while ((length = getline(&line, &room, maps)) > 0) {
    if (ends_with(line, (size_t)length, name)) release_line(line, (uint64_t)stats.st_ino);
  }
  free(line);
  fclose(maps);
}

#else

static void release_file(const char *path) { (void)path; }

#endif

napi_value release_pages(napi_env env, napi_callback_info info) {
  char path[PATH_MAX];
  size_t count = 1, length = 0;
  napi_value argument, nothing;
  if (napi_get_cb_info(env, info, &count, &argument, NULL, NULL) != napi_ok || count < 1 ||
      napi_get_value_string_utf8(env, argument, path, sizeof path, &length) != napi_ok) {
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "releasePages takes a path");
    return NULL;
  }
  release_file(path);
  return napi_get_undefined(env, &nothing) == napi_ok ? nothing : NULL;
}
