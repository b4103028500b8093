/*
 * Looks at the files of a content after they were read. To create the paths and compare the states in
 * JavaScript would take longer than the system calls.
 */
#define _GNU_SOURCE
#define NAPI_VERSION 8
#include "look_again.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fingerprint.h"
#include "job_request.h"
#include "lookup.h"
#include "shares.h"
#include "stream/open_files.h"

struct second_look {
  struct looked looked;
  struct shares shares;
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

static void look_at_files(const struct looked *looked, struct open_files *open, size_t first, size_t end) {
  for (size_t file = first; file < end; file++) {
    if (!is_padding(&looked->files, file)) look_at(looked, open, file);
  }
}

static void *look_at_shares(void *data) {
  struct second_look *look = data;
  struct open_files open = {.count = 0};
  size_t first, end;
  while (take_share(&look->shares, &first, &end)) look_at_files(&look->looked, &open, first, end);
  close_files(&open);
  return NULL;
}

static void look_later(struct later *later) {
  struct second_look *look = later->data;
  look->shares.count = look->looked.files.file_count;
  share_out(&look->shares, look_at_shares, look);
}

/* The lookup is the beginning of its `later`. */
static napi_value give_later(napi_env env, struct lookup *lookup) {
  struct second_look *look = ((struct later *)lookup)->data;
  napi_value nothing;
  free(look->looked.files.directories);
  return napi_get_undefined(env, &nothing) == napi_ok ? nothing : NULL;
}

napi_value look_again(napi_env env, napi_callback_info info) {
  napi_value files, nothing;
  size_t count = 1;
  struct looked looked = {0};
  struct open_files open = {.count = 0};
  if (napi_get_cb_info(env, info, &count, &files, NULL, NULL) != napi_ok) return NULL;
  if (read_looked(env, files, &looked)) {
    look_at_files(&looked, &open, 0, looked.files.file_count);
    close_files(&open);
  }
  free(looked.files.directories);
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
