/* Loaded into a program before its libraries (LD_PRELOAD): its clock is a file.
 *
 * CLOCK_FILE names the file, of two numbers of 64 bits as the machine spells them: the seconds
 * since 1970 that time() tells, and what time() told last when the program asked for an alarm. No
 * alarm is ever due by itself: whoever sets the clock sends SIGALRM, and a program that takes up
 * the time on an alarm and then asks for the next one has taken it up by then. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { NOW, TAKEN, WORDS };

static _Atomic int64_t *words;
static _Thread_local int64_t told;

__attribute__((constructor)) static void open_clock(void) {
  const char *path = getenv("CLOCK_FILE");
  int file = path == NULL ? -1 : open(path, O_RDWR);
  if (file < 0) abort();
  size_t size = WORDS * sizeof *words;
  void *mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (mapped == MAP_FAILED) abort();
  close(file);
  words = mapped;
}

time_t time(time_t *seconds) {
  told = words[NOW];
  if (seconds != NULL) *seconds = (time_t)told;
  return (time_t)told;
}

unsigned alarm(unsigned seconds) {
  (void)seconds;
  words[TAKEN] = told;
  return 0;
}
