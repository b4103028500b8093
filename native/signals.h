#ifndef BTKIT_SIGNALS_H
#define BTKIT_SIGNALS_H

#include <node_api.h>

/*
 * guardSignals(signals: number[], seconds: number): void
 *
 * To be called when Node handles these signals. Each still reaches Node, but ends the process when
 * noticeSignal is not called within that many seconds, or another of them comes before that.
 * Throws a TypeError for arguments of the wrong kind.
 */
napi_value guard_signals(napi_env env, napi_callback_info info);

/* noticeSignal(): void. Says that the last signal was seen. */
napi_value notice_signal(napi_env env, napi_callback_info info);

#endif
