/*
 * Tests the replacement of files: in the end each name has its new file, and no descriptor stays
 * open.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../fingerprint.h"
#include "../replace_files.h"

#define COUNT 700u
#define MISSING 303u

static char directory[256];
static char from[COUNT][16], to[COUNT][16];
static const uint8_t nothing[FINGERPRINT_LENGTH];

static void check(int is_right, const char *what, uint32_t i) {
  if (is_right) return;
  fprintf(stderr, "replace_test: %s, file %u\n", what, (unsigned)i);
  exit(1);
}

static void plant(int at, const char *name, const char *text) {
  const int file = openat(at, name, O_WRONLY | O_CREAT | O_EXCL, 0600);
  check(file >= 0 && write(file, text, strlen(text)) == (ssize_t)strlen(text), "can't plant", 0);
  close(file);
}

static void check_holds(int at, uint32_t i, const char *text) {
  char found[16] = "";
  const int file = openat(at, to[i], O_RDONLY);
  check(file >= 0 && read(file, found, sizeof found - 1) >= 0, "can't read", i);
  check(strcmp(found, text) == 0, "holds something else", i);
  close(file);
}

int main(void) {
  const char *scratch = getenv("TMPDIR");
  snprintf(directory, sizeof directory, "%s/replace-XXXXXX", scratch != NULL ? scratch : "/tmp");
  check(mkdtemp(directory) != NULL, "no directory", 0);
  const int at = open(directory, O_RDONLY | O_DIRECTORY);
  check(at >= 0, "can't open the directory", 0);
  struct replacement files[COUNT];
  int32_t answers[COUNT];
  for (uint32_t i = 0; i < COUNT; i++) {
    snprintf(from[i], sizeof from[i], "new-%u", (unsigned)i);
    snprintf(to[i], sizeof to[i], "%u", (unsigned)i);
    files[i] = (struct replacement){from[i], to[i], i % 5 == 0 ? nothing : NULL};
    if (i % 3 != 0) plant(at, to[i], "old");
    if (i != MISSING) plant(at, from[i], from[i]);
  }
  plant(at, to[MISSING], "old");

  const int free_before = dup(at);
  close(free_before);
  replace_files(at, files, COUNT, answers);
  const int free_after = dup(at);
  close(free_after);
  check(free_after == free_before, "a file stays open", 0);

  for (uint32_t i = 0; i < COUNT; i++) {
    const int is_taken = i % 5 == 0 && (i % 3 != 0 || i == MISSING);
    const int32_t failure = is_taken ? NOT_EXPECTED : ENOENT;
    const int is_kept = is_taken || i == MISSING;
    check(answers[i] == (is_kept ? failure : 0), "wrong answer", i);
    check_holds(at, i, is_kept ? "old" : from[i]);
    if (is_taken && i != MISSING) unlinkat(at, from[i], 0);
    unlinkat(at, to[i], 0);
  }
  close(at);
  rmdir(directory);
  return 0;
}
