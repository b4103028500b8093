#ifndef BTKIT_EACH_PATH_H
#define BTKIT_EACH_PATH_H

#include <node_api.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The action for each path. Its answer is initialized with zeros. It may run on another thread, and
 * must not touch JavaScript.
 */
typedef void path_action(const char *path, void *state, int32_t *answer);

/*
 * An action, and its state between paths. The state is copied, and is invalid after the work.
 * `memory` is a JavaScript object that owns memory to which the state points; it is kept during the
 * work. NULL for none.
 */
struct path_work {
  path_action *action;
  const void *state;
  size_t state_size;
  size_t answer_words;
  napi_value memory;
};

/*
 * Runs an action for each path of a JavaScript array off the event loop. Returns a promise of an
 * Int32Array with all answers. Throws a TypeError if `paths` is not
 * an array of strings. A path with a NUL is passed as an empty path, which no file has.
 */
napi_value each_path_async(napi_env env, napi_value paths, const struct path_work *work);

#endif
