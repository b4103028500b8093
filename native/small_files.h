#ifndef BTKIT_SMALL_FILES_H
#define BTKIT_SMALL_FILES_H

#include <node_api.h>

/*
 * readSmallFiles(kernel: string, paths: string[], fingerprints: Uint8Array): Promise<Int32Array>
 *
 * Reads and hashes many small files off the event loop. The fingerprint of each, as statFiles has
 * it, says what it was seen to be. Six words a file: 0 where it is not that any more, from before it
 * is opened until after it was read, or is larger than MOST_BYTES, or can't be read; else 1 and more
 * as enum writers says who may write to it, which was found out before the first byte was read. The
 * other five are its SHA-1, byte by byte.
 */
napi_value read_small_files(napi_env env, napi_callback_info info);

#endif
