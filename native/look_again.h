#ifndef BTKIT_LOOK_AGAIN_H
#define BTKIT_LOOK_AGAIN_H

#include <node_api.h>

/*
 * lookAgain(files: LookedFiles): void
 * lookAgainAsync(files: LookedFiles): Promise<void>
 *
 * Looks for files that are not in their states any more (LookedFiles in src/disk/scan/look-again.ts). Links
 * are not followed; padding is not looked at. Sets the answer of each file that is in another state to
 * CHANGED, and of each that is not there to GONE. The second does not look on JavaScript's thread.
 */
enum { CHANGED = 1, GONE = 2 };

napi_value look_again(napi_env env, napi_callback_info info);
napi_value look_again_async(napi_env env, napi_callback_info info);

#endif
