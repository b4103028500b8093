#define NAPI_VERSION 8
#include "each_path.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "settle.h"

struct job {
  path_action *action;
  void *state;
  size_t answer_words;
  uint32_t count;
  char *paths; /* one after the other, each ended by a NUL */
  int32_t *answers;
  napi_ref memory; /* NULL for none */
  napi_async_work work;
  napi_deferred deferred;
};

static void free_job(napi_env env, struct job *job) {
  if (job->memory != NULL) napi_delete_reference(env, job->memory);
  free(job->state);
  free(job->paths);
  free(job->answers);
  free(job);
}

/* Adds up the bytes of all paths with their NULs; false if one is not a string. */
static bool measure(napi_env env, napi_value paths, uint32_t count, size_t *bytes) {
  *bytes = 0;
  for (uint32_t i = 0; i < count; i++) {
    napi_handle_scope scope;
    napi_value path;
    size_t length = 0;
    if (napi_open_handle_scope(env, &scope) != napi_ok) return false;
    const bool is_string =
        napi_get_element(env, paths, i, &path) == napi_ok &&
        napi_get_value_string_utf8(env, path, NULL, 0, &length) == napi_ok;
    napi_close_handle_scope(env, scope);
    if (!is_string) return false;
    *bytes += length + 1;
  }
  return true;
}

/* Copies one path. Returns its length in bytes with its NUL, or 0. */
static size_t copy_path(napi_env env, napi_value paths, uint32_t i, char *target, size_t room) {
  napi_value path;
  size_t length = 0;
  if (room == 0 || napi_get_element(env, paths, i, &path) != napi_ok ||
      napi_get_value_string_utf8(env, path, target, room, &length) != napi_ok) {
    return 0;
  }
  if (strlen(target) != length) target[0] = '\0';
  return strlen(target) + 1;
}

/* Copies all paths into as many bytes as measure() counted. */
static bool copy_paths(napi_env env, napi_value paths, const struct job *job, size_t room) {
  char *target = job->paths;
  for (uint32_t i = 0; i < job->count; i++) {
    napi_handle_scope scope;
    if (napi_open_handle_scope(env, &scope) != napi_ok) return false;
    const size_t taken = copy_path(env, paths, i, target, room);
    napi_close_handle_scope(env, scope);
    if (taken == 0) return false;
    target += taken;
    room -= taken;
  }
  return true;
}

static void run(napi_env env, void *data) {
  struct job *job = data;
  (void)env;
  const char *path = job->paths;
  for (uint32_t i = 0; i < job->count; i++) {
    const size_t taken = strlen(path) + 1;
    job->action(path, job->state, job->answers + i * job->answer_words);
    path += taken;
  }
}

static void finish(napi_env env, napi_status status, void *data) {
  struct job *job = data;
  napi_delete_async_work(env, job->work);
  /* Cancelled only if the JavaScript that waits is ended */
  if (status == napi_ok) settle_words(env, job->deferred, job->answers, (size_t)job->count * job->answer_words);
  free_job(env, job);
}

static struct job *create_job(napi_env env, const struct path_work *work, uint32_t count, size_t bytes) {
  struct job *job = calloc(1, sizeof *job);
  if (job == NULL) return NULL;
  job->action = work->action;
  job->answer_words = work->answer_words;
  job->count = count;
  job->state = malloc(work->state_size + 1);
  job->paths = malloc(bytes + 1);
  job->answers = calloc((size_t)count + 1, work->answer_words * sizeof *job->answers);
  if (job->state == NULL || job->paths == NULL || job->answers == NULL) {
    free_job(env, job);
    return NULL;
  }
  memcpy(job->state, work->state, work->state_size);
  return job;
}

/* Reads the paths into a job. Throws and returns NULL if they are not paths. */
static struct job *read_job(napi_env env, napi_value paths, const struct path_work *work) {
  bool is_array = false;
  uint32_t count = 0;
  size_t bytes = 0;
  struct job *job = NULL;
  if (napi_is_array(env, paths, &is_array) == napi_ok && is_array &&
      napi_get_array_length(env, paths, &count) == napi_ok &&
      measure(env, paths, count, &bytes)) {
    job = create_job(env, work, count, bytes);
    if (job == NULL) {
      napi_throw_error(env, NULL, "out of memory");
      return NULL;
    }
    if (copy_paths(env, paths, job, bytes)) return job;
    free_job(env, job);
  }
  napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "paths must be an array of strings");
  return NULL;
}

/* Starts the job, which frees itself at its end. Returns NULL if it cannot start. */
static napi_value begin(napi_env env, struct job *job) {
  napi_value name, promise;
  if (napi_create_string_utf8(env, "btkit:paths", NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_create_async_work(env, NULL, name, run, finish, job, &job->work) != napi_ok) {
    return NULL;
  }
  if (napi_create_promise(env, &job->deferred, &promise) != napi_ok ||
      napi_queue_async_work(env, job->work) != napi_ok) {
    napi_delete_async_work(env, job->work);
    return NULL;
  }
  return promise;
}

napi_value each_path_async(napi_env env, napi_value paths, const struct path_work *work) {
  struct job *job = read_job(env, paths, work);
  if (job == NULL) return NULL;
  const bool is_kept = work->memory == NULL ||
                       napi_create_reference(env, work->memory, 1, &job->memory) == napi_ok;
  const napi_value promise = is_kept ? begin(env, job) : NULL;
  if (promise == NULL) free_job(env, job);
  return promise;
}
