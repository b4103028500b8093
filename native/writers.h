#ifndef BTKIT_WRITERS_H
#define BTKIT_WRITERS_H

#include <node_api.h>

/*
 * tryReadLeases(paths: string[]): Int32Array
 * tryReadLeasesAsync(paths: string[]): Promise<Int32Array>
 *
 * Returns the result of try_read_lease() for each path: 0 unknown, 1 nobody has it open for
 * writing, 2 somebody has.
 */
napi_value try_read_leases(napi_env env, napi_callback_info info);
napi_value try_read_leases_async(napi_env env, napi_callback_info info);

/* openWriteWatch(): number, as open_write_watch(). The caller closes it. */
napi_value open_watch(napi_env env, napi_callback_info info);

/* watchWrites(watch: number, paths: string[]): Promise<Int32Array>, as watch_writes() for each. */
napi_value watch_paths(napi_env env, napi_callback_info info);

#endif
