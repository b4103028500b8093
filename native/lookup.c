#define NAPI_VERSION 8
#define _GNU_SOURCE
#include "lookup.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

napi_value refuse(napi_env env, const char *message) {
  napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", message);
  return NULL;
}

bool read_string(napi_env env, napi_value value, char *buffer, size_t size) {
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, buffer, size, &length) != napi_ok) return false;
  return length < size - 1 && strlen(buffer) == length;
}

static void *look_up_shares(void *data) {
  struct lookup *lookup = data;
  size_t first, end;
  while (take_share(&lookup->shares, &first, &end)) {
    for (size_t i = first; i < end; i++) {
      lookup->look(lookup, (uint32_t)i, lookup->names + lookup->starts[i],
                   lookup->answers + i * lookup->answer_length);
    }
  }
  return NULL;
}

void look_up_all(struct lookup *lookup) {
  lookup->shares.count = lookup->count;
  share_out(&lookup->shares, look_up_shares, lookup);
}

bool add_name(struct lookup *lookup, uint32_t i, const char *name) {
  const size_t size = strlen(name) + 1;
  if (lookup->room - lookup->length < size) {
    const size_t room = 2 * lookup->room + MAX_PATH_LENGTH;
    char *names = realloc(lookup->names, room);
    if (names == NULL) return false;
    lookup->names = names;
    lookup->room = room;
  }
  memcpy(lookup->names + lookup->length, name, size);
  lookup->starts[i] = lookup->length;
  lookup->length += size;
  return true;
}

/* Copies the names, because other threads cannot ask JavaScript for them. */
static bool copy_names(napi_env env, napi_value names, struct lookup *lookup) {
  char name[MAX_PATH_LENGTH];
  lookup->starts = malloc(((size_t)lookup->count + 1) * sizeof *lookup->starts);
  if (lookup->starts == NULL) return false;
  for (uint32_t i = 0; i < lookup->count; i++) {
    napi_handle_scope scope;
    napi_value element;
    if (napi_open_handle_scope(env, &scope) != napi_ok) return false;
    const bool is_name = napi_get_element(env, names, i, &element) == napi_ok &&
                         read_string(env, element, name, sizeof name);
    napi_close_handle_scope(env, scope);
    if (!add_name(lookup, i, is_name ? name : "")) return false;
  }
  return true;
}

bool read_names(napi_env env, napi_value names, struct lookup *lookup) {
  bool is_array = false;
  if (napi_is_array(env, names, &is_array) != napi_ok || !is_array ||
      napi_get_array_length(env, names, &lookup->count) != napi_ok) {
    refuse(env, "names must be an array");
    return false;
  }
  if (copy_names(env, names, lookup)) return true;
  napi_throw_error(env, NULL, "out of memory");
  return false;
}

bool make_answers(struct lookup *lookup) {
  lookup->answers = calloc((size_t)lookup->count + 1, lookup->answer_length);
  return lookup->answers != NULL;
}

static void free_data(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  free(data);
}

napi_value give_answers(napi_env env, struct lookup *lookup) {
  napi_value buffer, array;
  const size_t size = lookup->count * lookup->answer_length;
  void *data = lookup->answers;
  if (napi_create_external_arraybuffer(env, data, size, free_data, NULL, &buffer) != napi_ok) return NULL;
  lookup->answers = NULL;
  const size_t words = size / sizeof(int32_t);
  return napi_create_typedarray(env, napi_int32_array, words, buffer, 0, &array) == napi_ok ? array : NULL;
}

void free_lookup(struct lookup *lookup) {
  free(lookup->names);
  free(lookup->starts);
  free(lookup->kinds);
  free(lookup->answers);
  free(lookup->drafts);
}

static void look_up_paths(struct later *later) { look_up_all(&later->lookup); }

struct later *create_later(napi_env env, look_fn *look, size_t answer_length) {
  struct later *later = calloc(1, sizeof *later);
  if (later == NULL) {
    napi_throw_error(env, NULL, "out of memory");
    return NULL;
  }
  later->lookup.look = look;
  later->lookup.answer_length = answer_length;
  later->lookup.directory = AT_FDCWD;
  later->work = look_up_paths;
  later->give = give_answers;
  return later;
}

void free_later(napi_env env, struct later *later) {
  if (later->kept != NULL) napi_delete_reference(env, later->kept);
  free_lookup(&later->lookup);
  free(later->data);
  free(later);
}

static void work_later(napi_env env, void *data) {
  struct later *later = data;
  (void)env;
  later->work(later);
}

static void finish_later(napi_env env, napi_status status, void *data) {
  struct later *later = data;
  napi_value message, error;
  napi_delete_async_work(env, later->handle);
  /* Cancelled only if the JavaScript that waits is ended */
  if (status == napi_ok) {
    const napi_value result = later->give(env, &later->lookup);
    if (result != NULL) {
      napi_resolve_deferred(env, later->deferred, result);
    } else if (napi_create_string_utf8(env, "out of memory", NAPI_AUTO_LENGTH, &message) == napi_ok &&
               napi_create_error(env, NULL, message, &error) == napi_ok) {
      napi_reject_deferred(env, later->deferred, error);
    }
  }
  free_later(env, later);
}

napi_value begin_later(napi_env env, struct later *later) {
  napi_value name, promise;
  if (napi_create_string_utf8(env, "btkit:lookup", NAPI_AUTO_LENGTH, &name) == napi_ok &&
      napi_create_async_work(env, NULL, name, work_later, finish_later, later, &later->handle) ==
          napi_ok) {
    if (napi_create_promise(env, &later->deferred, &promise) == napi_ok &&
        napi_queue_async_work(env, later->handle) == napi_ok) {
      return promise;
    }
    napi_delete_async_work(env, later->handle);
  }
  free_later(env, later);
  return NULL;
}

napi_value look_up_later(napi_env env, struct later *later, napi_value paths) {
  if (read_names(env, paths, &later->lookup)) {
    if (make_answers(&later->lookup)) return begin_later(env, later);
    napi_throw_error(env, NULL, "out of memory");
  }
  free_later(env, later);
  return NULL;
}
