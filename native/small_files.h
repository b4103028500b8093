#ifndef BTKIT_SMALL_FILES_H
#define BTKIT_SMALL_FILES_H

#include <node_api.h>

/*
 * readSmallFiles(kernel: string, paths: string[], fingerprints: Uint8Array): Promise<Int32Array>
 *
 * Reads and hashes many small files off the event loop. Each must have its fingerprint, in the
 * format of statFiles, from before it is opened until after it was read. Each file has six words.
 * The first is 0 if the file changed, is larger than MOST_BYTES or cannot be read. Otherwise it is
 * a value of enum writers, determined before the first byte was read. The other five are its SHA-1,
 * byte by byte.
 */
napi_value read_small_files(napi_env env, napi_callback_info info);

#endif
