#ifndef BTKIT_SIGNALS_H
#define BTKIT_SIGNALS_H

#include <node_api.h>

/*
 * endAtSecondSignal(): the first SIGINT or SIGTERM goes to the handler that is there now, and gives
 * both back to the system. A second one therefore ends the process at once, even while the thread
 * of JavaScript waits in a system call.
 */
napi_value end_at_second_signal(napi_env env, napi_callback_info info);

#endif
