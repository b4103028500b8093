#ifndef BTKIT_RELEASE_PAGES_H
#define BTKIT_RELEASE_PAGES_H

#include <node_api.h>

/*
 * releasePages(path: string): void
 *
 * Has what is mapped of a file, shared with others, no longer count as memory of this process. What
 * the file holds stays as it is, and is in reach as before. Does nothing where that can't be done.
 * Throws a TypeError for what is no path.
 */
napi_value release_pages(napi_env env, napi_callback_info info);

#endif
