#ifndef BTKIT_RELEASE_PAGES_H
#define BTKIT_RELEASE_PAGES_H

#include <node_api.h>

/*
 * releasePages(path: string): void
 *
 * Stops counting the shared mapping of a file as memory of this process. The content stays
 * unchanged and readable. Does nothing if the system cannot do that. Throws a TypeError if the
 * argument is not a path.
 */
napi_value release_pages(napi_env env, napi_callback_info info);

#endif
