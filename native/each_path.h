#ifndef BTKIT_EACH_PATH_H
#define BTKIT_EACH_PATH_H

#include <node_api.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What is done with each path; its answer is zeros to begin with. It may run on another thread,
 * and must not touch JavaScript.
 */
typedef void path_action(const char *path, void *state, int32_t *answer);

/*
 * An action, and what it keeps from path to path; the state is copied, and gone afterwards. A
 * JavaScript object whose memory the state leads to stays as long as the work lasts; NULL for none.
 */
struct path_work {
  path_action *action;
  const void *state;
  size_t state_size;
  size_t answer_words;
  napi_value memory;
};

/*
 * Does something with each path of a JavaScript array, and returns an Int32Array with the
 * answers, one after the other: at once, or as a promise, with the work done off the event loop.
 * Throws a TypeError when `paths` is no array of strings. A path that holds a NUL is passed as an
 * empty one, which no file has.
 */
napi_value each_path(napi_env env, napi_value paths, const struct path_work *work);
napi_value each_path_async(napi_env env, napi_value paths, const struct path_work *work);

#endif
