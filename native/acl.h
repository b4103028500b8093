#ifndef BTKIT_ACL_H
#define BTKIT_ACL_H

#include <node_api.h>

/*
 * copyAcl(from: string, to: string): boolean
 *
 * Gives the access control list of a file (acl(5)) to another file, unless `to` is empty. Returns
 * whether the first file has a list and the second got it; false on systems other than Linux.
 */
napi_value copy_acl(napi_env env, napi_callback_info info);

#endif
