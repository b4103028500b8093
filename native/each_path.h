#ifndef BTKIT_EACH_PATH_H
#define BTKIT_EACH_PATH_H

#include <node_api.h>
#include <stdint.h>

/* What is done with each path. It runs on another thread, and must not touch JavaScript. */
typedef int32_t path_action(int context, const char *path);

/*
 * Does something with each path of a JavaScript array, off the event loop. Returns a promise of
 * an Int32Array with what the action returned for each, or throws a TypeError when `paths` is no
 * array of strings. A path that holds a NUL is passed as an empty one, which no file has.
 */
napi_value each_path(napi_env env, napi_value paths, path_action *action, int context);

#endif
