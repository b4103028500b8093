/*
 * Looks at the files of a content after they were read. To create the paths and compare the states in
 * JavaScript would take longer than the system calls.
 */
#define _GNU_SOURCE
#define NAPI_VERSION 8
#include "look_again.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fingerprint.h"
#include "job_request.h"
#include "lookup.h"
#include "stream/open_files.h"

/* The number of files that a thread looks at in turn. A few of these are not worth a thread. */
#define SHARE 1024u
#define MIN_SHARES 2u
#define MAX_THREADS 4u

struct second_look {
  struct looked looked;
  atomic_size_t next;
};

static void look_at(const struct looked *looked, struct open_files *open, size_t file) {
  struct stat stats;
  uint8_t state[FINGERPRINT_LENGTH];
  const size_t row = looked->rows == NULL ? file : looked->rows[file];
  if (stat_file(open, &looked->files, file, &stats) != 0) {
    looked->answers[file] = GONE;
    return;
  }
  write_fingerprint(&stats, state);
  if (memcmp(state, looked->states + row * FINGERPRINT_LENGTH, sizeof state) != 0) {
    looked->answers[file] = CHANGED;
  }
}

static void *look_at_shares(void *data) {
  struct second_look *look = data;
  struct open_files open = {.count = 0};
  const struct content_stream *files = &look->looked.files;
  for (;;) {
    const size_t first = atomic_fetch_add(&look->next, SHARE);
    if (first >= files->file_count) break;
    const size_t end = files->file_count - first < SHARE ? files->file_count : first + SHARE;
    for (size_t file = first; file < end; file++) {
      if (!is_padding(files, file)) look_at(&look->looked, &open, file);
    }
  }
  close_files(&open);
  return NULL;
}

static void look_at_all(struct second_look *look) {
  pthread_t threads[MAX_THREADS];
  const bool is_small = look->looked.files.file_count < MIN_SHARES * SHARE;
  const long processors = is_small ? 1 : sysconf(_SC_NPROCESSORS_ONLN);
  const long wanted = processors > (long)MAX_THREADS ? (long)MAX_THREADS : processors;
  long started = 0;
  while (started + 1 < wanted &&
         pthread_create(&threads[started], NULL, look_at_shares, look) == 0) {
    started++;
  }
  look_at_shares(look);
  for (long i = 0; i < started; i++) pthread_join(threads[i], NULL);
}

static void look_later(struct later *later) { look_at_all(later->data); }

/* The lookup is the beginning of its `later`. */
static napi_value give_later(napi_env env, struct lookup *lookup) {
  struct second_look *look = ((struct later *)lookup)->data;
  napi_value nothing;
  free(look->looked.files.directories);
  return napi_get_undefined(env, &nothing) == napi_ok ? nothing : NULL;
}

napi_value look_again_async(napi_env env, napi_callback_info info) {
  napi_value files;
  size_t count = 1;
  struct second_look *look = calloc(1, sizeof *look);
  struct later *later = create_later(env, NULL, 0);
  if (look == NULL || later == NULL) {
    free(look);
    if (later != NULL) free_later(env, later);
    return NULL;
  }
  later->data = look;
  later->work = look_later;
  later->give = give_later;
  if (napi_get_cb_info(env, info, &count, &files, NULL, NULL) == napi_ok &&
      read_looked(env, files, &look->looked) &&
      napi_create_reference(env, files, 1, &later->kept) == napi_ok) {
    return begin_later(env, later);
  }
  free(look->looked.files.directories);
  free_later(env, later);
  return NULL;
}
