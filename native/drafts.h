#ifndef BTKIT_DRAFTS_H
#define BTKIT_DRAFTS_H

#include <node_api.h>

/*
 * writeDraftsAsync(paths: string[], contents: Uint8Array[], modes: Int32Array): Promise<Int32Array>
 *
 * Creates files off the event loop, and does not sync them. `contents` must not change meanwhile. A
 * mode has permission bits, or is negative for those that umask leaves. The result is an errno(3)
 * for each file, 0 if it is whole. A failed file may exist in part.
 */
napi_value write_drafts_async(napi_env env, napi_callback_info info);

/*
 * copyAcl(from: string, to: string): boolean
 *
 * Gives the access control list of a file (acl(5)) to another file, unless `to` is empty. Returns
 * whether the first file has a list and the second got it; false on systems other than Linux.
 */
napi_value copy_acl(napi_env env, napi_callback_info info);

#endif
