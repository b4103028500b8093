#define NAPI_VERSION 8
#include "tree_tables.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "on_threads.h"
#include "tree_table.h"

/* This many entries are read in less time than threads need to start. */
#define FEW 256
#define FEW_ROOTS 16

struct job {
  struct tree_table *tables;
  uint32_t count;
  napi_ref stop; /* keeps what the tables point to */
  napi_async_work work;
  napi_deferred deferred;
};

static void free_job(napi_env env, struct job *job) {
  for (uint32_t i = 0; i < job->count; i++) {
    free((char *)job->tables[i].path);
    free(job->tables[i].bytes);
  }
  free(job->tables);
  if (job->stop != NULL) napi_delete_reference(env, job->stop);
  if (job->work != NULL) napi_delete_async_work(env, job->work);
  free(job);
}

static void free_bytes(napi_env env, void *bytes, void *hint) {
  (void)env, (void)hint;
  free(bytes);
}

/* Returns a table as a Uint8Array that takes over its bytes; null for a table that has failed. */
static napi_value to_value(napi_env env, struct tree_table *table) {
  napi_value buffer, value;
  if (table->has_failed) return napi_get_null(env, &value) == napi_ok ? value : NULL;
  if (napi_create_external_arraybuffer(env, table->bytes, table->length, free_bytes, NULL,
                                       &buffer) != napi_ok) {
    return NULL;
  }
  table->bytes = NULL;
  const napi_status status =
      napi_create_typedarray(env, napi_uint8_array, table->length, buffer, 0, &value);
  return status == napi_ok ? value : NULL;
}

static napi_value to_values(napi_env env, const struct job *job) {
  napi_value values;
  if (napi_create_array_with_length(env, job->count, &values) != napi_ok) return NULL;
  for (uint32_t i = 0; i < job->count; i++) {
    const napi_value value = to_value(env, &job->tables[i]);
    if (value == NULL || napi_set_element(env, values, i, value) != napi_ok) return NULL;
  }
  return values;
}

static void read_one(void *data, uint32_t i) {
  read_tree_table((struct tree_table *)data + i);
}

static void run(napi_env env, void *data) {
  const struct job *job = data;
  (void)env;
  on_threads(job->count, read_one, job->tables);
}

static void settle(napi_env env, const struct job *job) {
  napi_value values = to_values(env, job);
  if (values == NULL && napi_create_array(env, &values) != napi_ok) return;
  napi_resolve_deferred(env, job->deferred, values);
}

static void finish(napi_env env, napi_status status, void *data) {
  /* Cancelled only if the JavaScript that waits is ended */
  if (status == napi_ok) settle(env, data);
  free_job(env, data);
}

static char *copy_path(napi_env env, napi_value roots, uint32_t i) {
  napi_value value;
  size_t length = 0;
  if (napi_get_element(env, roots, i, &value) != napi_ok ||
      napi_get_value_string_utf8(env, value, NULL, 0, &length) != napi_ok) {
    return NULL;
  }
  char *path = malloc(length + 1);
  if (path != NULL) napi_get_value_string_utf8(env, value, path, length + 1, &length);
  return path;
}

/* Returns a pointer to the first word of an Int32Array; NULL for anything else. */
static const int32_t *read_stop(napi_env env, napi_value value) {
  bool is_typed_array = false;
  napi_typedarray_type type;
  size_t length = 0;
  void *data = NULL;
  if (napi_is_typedarray(env, value, &is_typed_array) != napi_ok || !is_typed_array) return NULL;
  if (napi_get_typedarray_info(env, value, &type, &length, &data, NULL, NULL) != napi_ok) return NULL;
  return type == napi_int32_array && length > 0 ? data : NULL;
}

struct options {
  uint32_t deep;
  bool all;
  const int32_t *stop;
};

static bool read_options(napi_env env, napi_value value, struct options *options, struct job *job) {
  napi_value deep, all, stop;
  if (napi_get_named_property(env, value, "deep", &deep) != napi_ok ||
      napi_get_value_uint32(env, deep, &options->deep) != napi_ok ||
      napi_get_named_property(env, value, "all", &all) != napi_ok ||
      napi_get_value_bool(env, all, &options->all) != napi_ok ||
      napi_get_named_property(env, value, "stop", &stop) != napi_ok) {
    return false;
  }
  options->stop = read_stop(env, stop);
  return options->stop != NULL && napi_create_reference(env, stop, 1, &job->stop) == napi_ok;
}

/* Sets the first members of all tables; returns false for arguments of the wrong kind. */
static bool read_arguments(napi_env env, napi_value *arguments, struct job *job) {
  bool is_array = false;
  uint32_t count;
  struct options options;
  if (napi_is_array(env, arguments[0], &is_array) != napi_ok || !is_array ||
      napi_get_array_length(env, arguments[0], &count) != napi_ok ||
      !read_options(env, arguments[1], &options, job)) {
    return false;
  }
  job->tables = calloc((size_t)count + 1, sizeof *job->tables);
  if (job->tables == NULL) return false;
  job->count = count;
  for (uint32_t i = 0; i < count; i++) {
    job->tables[i] = (struct tree_table){
        .path = copy_path(env, arguments[0], i),
        .is_deep = i < options.deep,
        .all = options.all,
        .stop = options.stop,
        .most = UINT32_MAX,
    };
    if (job->tables[i].path == NULL) return false;
  }
  return true;
}

static void forget_what_was_read(struct job *job) {
  for (uint32_t i = 0; i < job->count; i++) {
    struct tree_table *table = &job->tables[i];
    free(table->bytes);
    *table = (struct tree_table){
        .path = table->path,
        .is_deep = table->is_deep,
        .all = table->all,
        .stop = table->stop,
        .most = UINT32_MAX,
    };
  }
}

/* Reads all tables on this thread; returns false if they have more than a few entries. */
static bool read_few(struct job *job) {
  uint32_t left = FEW;
  if (job->count > FEW_ROOTS) return false;
  for (uint32_t i = 0; i < job->count; i++) {
    struct tree_table *table = &job->tables[i];
    table->most = left;
    read_tree_table(table);
    if (table->has_more) {
      forget_what_was_read(job);
      return false;
    }
    left = table->most;
  }
  return true;
}

static bool queue(napi_env env, struct job *job) {
  napi_value name;
  return napi_create_string_utf8(env, "btkit:trees", NAPI_AUTO_LENGTH, &name) == napi_ok &&
         napi_create_async_work(env, NULL, name, run, finish, job, &job->work) == napi_ok &&
         napi_queue_async_work(env, job->work) == napi_ok;
}

/* Starts the job, which frees itself at its end. Returns NULL if it cannot start. */
static napi_value begin(napi_env env, struct job *job) {
  napi_value promise;
  if (napi_create_promise(env, &job->deferred, &promise) != napi_ok) return NULL;
  if (read_few(job)) {
    settle(env, job);
    free_job(env, job);
    return promise;
  }
  return queue(env, job) ? promise : NULL;
}

napi_value tree_tables_async(napi_env env, napi_callback_info info) {
  size_t count = 2;
  napi_value arguments[2];
  if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok) return NULL;
  struct job *job = calloc(1, sizeof *job);
  if (job == NULL) return NULL;
  if (!read_arguments(env, arguments, job)) {
    free_job(env, job);
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE",
                          "expected paths, and { deep, all, stop }");
    return NULL;
  }
  const napi_value promise = begin(env, job);
  if (promise == NULL) free_job(env, job);
  return promise;
}
