/*
 * Node handles a signal on its main thread, between other work. While that thread waits in a system
 * call, for example to open a pipe without a writer, no signal is handled. Only SIGKILL would end
 * the process then.
 */
#define _GNU_SOURCE
#define NAPI_VERSION 8
#include "signals.h"

#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#define SIGNALS 32

/* The actions of Node, or of libuv for it, for each signal. */
static struct sigaction of_node[SIGNALS];
/* The signal that Node has not handled yet, or 0. */
static volatile sig_atomic_t unseen = 0;
static volatile sig_atomic_t seconds_to_notice = 0;

/* Ends the process in the system's own way for this signal. Safe in a signal handler. */
static void end_by(int signal_number) {
  struct sigaction by_default = {.sa_handler = SIG_DFL};
  sigset_t only;
  sigemptyset(&by_default.sa_mask);
  sigaction(signal_number, &by_default, NULL);
  sigemptyset(&only);
  sigaddset(&only, signal_number);
  pthread_sigmask(SIG_UNBLOCK, &only, NULL);
  raise(signal_number);
}

static void on_alarm(int signal_number) {
  (void)signal_number;
  if (unseen != 0) end_by(unseen);
}

static void on_signal(int signal_number, siginfo_t *info, void *context) {
  const struct sigaction *next = &of_node[signal_number];
  if (unseen != 0) {
    end_by(signal_number);
    return;
  }
  unseen = signal_number;
  alarm((unsigned)seconds_to_notice);
  if (next->sa_flags & SA_SIGINFO) {
    next->sa_sigaction(signal_number, info, context);
  } else if (next->sa_handler != SIG_DFL && next->sa_handler != SIG_IGN) {
    next->sa_handler(signal_number);
  }
}

/* Puts our handler before Node's; ignores signals that Node does not handle. */
static void guard(int signal_number) {
  struct sigaction ours = {.sa_flags = SA_SIGINFO | SA_RESTART};
  struct sigaction *next = &of_node[signal_number];
  if (sigaction(signal_number, NULL, next) != 0) return;
  if (!(next->sa_flags & SA_SIGINFO) && (next->sa_handler == SIG_DFL || next->sa_handler == SIG_IGN))
    return;
  ours.sa_sigaction = on_signal;
  sigfillset(&ours.sa_mask);
  sigaction(signal_number, &ours, NULL);
}

napi_value guard_signals(napi_env env, napi_callback_info info) {
  struct sigaction at_alarm = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
  size_t count = 2;
  napi_value arguments[2];
  uint32_t length = 0, seconds = 0;
  if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok || count < 2 ||
      napi_get_array_length(env, arguments[0], &length) != napi_ok ||
      napi_get_value_uint32(env, arguments[1], &seconds) != napi_ok) {
    napi_throw_type_error(env, NULL, "guardSignals takes an array of numbers and seconds");
    return NULL;
  }
  seconds_to_notice = (sig_atomic_t)seconds;
  sigemptyset(&at_alarm.sa_mask);
  sigaction(SIGALRM, &at_alarm, NULL);
  for (uint32_t i = 0; i < length; i++) {
    napi_value element;
    int32_t signal_number = 0;
    if (napi_get_element(env, arguments[0], i, &element) != napi_ok ||
        napi_get_value_int32(env, element, &signal_number) != napi_ok || signal_number <= 0 ||
        signal_number >= SIGNALS) {
      napi_throw_type_error(env, NULL, "not the number of a signal");
      return NULL;
    }
    guard(signal_number);
  }
  return NULL;
}

napi_value notice_signal(napi_env env, napi_callback_info info) {
  (void)env, (void)info;
  alarm(0);
  unseen = 0;
  return NULL;
}
