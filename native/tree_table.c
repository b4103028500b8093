/*
 * Asks the kernel whether any of very many files changed, without a string or an object for each of
 * them.
 */
#define _GNU_SOURCE
#include "tree_table.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fingerprint.h"

/* Each level keeps a descriptor and a buffer open, and the system limits their number. */
#define MAX_DEPTH 64
#define HEADER 8
#define STAT_WORDS 6

static bool fail(struct tree_table *table) {
  table->has_failed = true;
  return false;
}

/* Makes room for more bytes; returns NULL if there is no memory. */
static uint8_t *grow(struct tree_table *table, size_t more) {
  if (table->room - table->length < more) {
    const size_t room = 2 * table->room + more + 4096;
    uint8_t *bytes = realloc(table->bytes, room);
    if (bytes == NULL) return NULL;
    table->bytes = bytes;
    table->room = room;
  }
  uint8_t *at = table->bytes + table->length;
  table->length += more;
  return at;
}

/* Adds a letter, a name, and room for the words behind them, which it returns. */
static uint8_t *add_entry(struct tree_table *table, char letter, const char *name, size_t words) {
  const size_t length = strlen(name) + 1;
  uint8_t *at = grow(table, 1 + length + 8 * words);
  if (at == NULL) {
    fail(table);
    return NULL;
  }
  at[0] = (uint8_t)letter;
  memcpy(at + 1, name, length);
  return at + 1 + length;
}

static bool add_file(struct tree_table *table, char letter, const char *name, const struct stat *stats) {
  uint8_t *words = add_entry(table, letter, name, STAT_WORDS);
  if (words == NULL) return false;
  write_fingerprint(stats, words);
  write_word(words + FINGERPRINT_LENGTH, stats->st_mode);
  const int64_t latest = latest_time(stats);
  if (latest > table->latest) table->latest = latest;
  return true;
}

/* An open directory, the path that led to it, and its depth. */
struct place {
  int directory;
  const char *path;
  unsigned depth;
};

/* Returns the path of a name in a directory; NULL if there is no memory. */
static char *path_below(const struct place *place, const char *name) {
  const size_t length = strlen(place->path) + 1 + strlen(name) + 1;
  char *path = malloc(length);
  if (path != NULL) snprintf(path, length, "%s/%s", place->path, name);
  return path;
}

/*
 * Adds the target of a link, or the error. Fails for a directory, which would have to be read as
 * well.
 */
static bool add_link_target(struct tree_table *table, const char *path) {
  char real[PATH_MAX];
  struct stat stats;
  if (realpath(path, real) == NULL) {
    uint8_t *word = add_entry(table, 'x', "", 1);
    if (word == NULL) return false;
    write_word(word, (uint64_t)errno);
    return true;
  }
  if (stat(real, &stats) != 0 || S_ISDIR(stats.st_mode)) return fail(table);
  return add_file(table, 't', real, &stats);
}

static bool add_link(struct tree_table *table, const struct place *place, const char *name,
                     const struct stat *stats) {
  char *path = path_below(place, name);
  if (path == NULL) return fail(table);
  const bool is_well = add_file(table, 'l', name, stats) && add_link_target(table, path);
  free(path);
  return is_well;
}

static bool add_entries(struct tree_table *table, const struct place *place);

static bool add_open_directory(struct tree_table *table, const struct place *place, const char *name) {
  struct stat stats;
  uint8_t *words = fstat(place->directory, &stats) == 0 ? add_entry(table, 'd', name, 2) : NULL;
  if (words == NULL) {
    close(place->directory);
    return fail(table);
  }
  write_word(words, stats.st_ino);
  write_word(words + 8, stats.st_dev);
  return add_entries(table, place) && add_entry(table, 'e', "", 0) != NULL;
}

static bool add_directory(struct tree_table *table, const struct place *parent, const char *name) {
  const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  const int directory = table->is_deep ? openat(parent->directory, name, flags) : -1;
  if (directory < 0) {
    const bool may_stay_closed = !table->is_deep || errno == EACCES || errno == EPERM;
    return may_stay_closed ? add_entry(table, 'c', name, 0) != NULL : fail(table);
  }
  char *path = path_below(parent, name);
  if (path == NULL) {
    close(directory);
    return fail(table);
  }
  const struct place place = {directory, path, parent->depth + 1};
  const bool is_well = add_open_directory(table, &place, name);
  free(path);
  return is_well;
}

static bool add_name(struct tree_table *table, const struct place *place, const char *name) {
  struct stat stats;
  if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) return true;
  if (table->most == 0) {
    table->has_more = true;
    return fail(table);
  }
  table->most--;
  if (__atomic_load_n(table->stop, __ATOMIC_RELAXED) != 0) return fail(table);
  if (name[0] == '.' && !table->all) return add_entry(table, 'h', name, 0) != NULL;
  if (fstatat(place->directory, name, &stats, AT_SYMLINK_NOFOLLOW) != 0) return fail(table);
  if (S_ISLNK(stats.st_mode)) return add_link(table, place, name, &stats);
  if (S_ISDIR(stats.st_mode)) return add_directory(table, place, name);
  return add_file(table, 'f', name, &stats);
}

/* Adds all entries of an open directory, and closes it. */
static bool add_entries(struct tree_table *table, const struct place *place) {
  DIR *listing = place->depth <= MAX_DEPTH ? fdopendir(place->directory) : NULL;
  if (listing == NULL) {
    close(place->directory);
    return fail(table);
  }
  bool is_well = true;
  while (is_well) {
    errno = 0;
    const struct dirent *entry = readdir(listing);
    if (entry == NULL) {
      if (errno != 0) is_well = fail(table);
      break;
    }
    is_well = add_name(table, place, entry->d_name);
  }
  closedir(listing);
  return is_well;
}

void read_tree_table(struct tree_table *table) {
  table->latest = INT64_MIN;
  if (grow(table, HEADER) == NULL) {
    fail(table);
    return;
  }
  const int directory = open(table->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) {
    fail(table);
    return;
  }
  const struct place place = {directory, table->path, 0};
  if (add_entries(table, &place)) write_word(table->bytes, (uint64_t)table->latest);
}
