/* Tests tree tables: which changes they show, and that no descriptor stays open. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../tree_table.h"

#define FILES 3000

static char root[256];
static int32_t stop;

static void check(int is_right, const char *what) {
  if (is_right) return;
  fprintf(stderr, "tree_test: %s\n", what);
  exit(1);
}

static void plant(int at, const char *name) {
  const int file = openat(at, name, O_WRONLY | O_CREAT | O_EXCL, 0600);
  check(file >= 0 && write(file, "x", 1) == 1, "can't plant");
  close(file);
}

static struct tree_table look_at_most(uint32_t most, bool is_deep, bool all) {
  struct tree_table table = {
      .path = root, .is_deep = is_deep, .all = all, .stop = &stop, .most = most};
  const int free_before = dup(0);
  close(free_before);
  read_tree_table(&table);
  const int free_after = dup(0);
  close(free_after);
  check(free_after == free_before, "a directory stays open");
  return table;
}

static struct tree_table look(bool is_deep, bool all) {
  return look_at_most(UINT32_MAX, is_deep, all);
}

static struct tree_table look_and_free(uint32_t most) {
  struct tree_table table = look_at_most(most, true, false);
  free(table.bytes);
  return table;
}

static void check_most(void) {
  const uint32_t entries = UINT32_MAX - look_and_free(UINT32_MAX).most;
  check(entries == FILES + 3, "miscounts");
  struct tree_table table = look_and_free(entries);
  check(!table.has_failed && !table.has_more && table.most == 0, "does not look at as many as it may");
  table = look_and_free(entries - 1);
  check(table.has_failed && table.has_more, "looks at more entries than it may");
}

/* Whether a new table equals an earlier one. */
static bool is_same(const struct tree_table *before, bool is_deep, bool all) {
  struct tree_table now = look(is_deep, all);
  const bool same = !now.has_failed && now.length == before->length &&
                    memcmp(now.bytes, before->bytes, now.length) == 0;
  free(now.bytes);
  return same;
}

static void check_links(int at) {
  check(symlinkat(".hidden/a", at, "link") == 0 && symlinkat("nowhere", at, "broken") == 0, "no link");
  struct tree_table table = look(true, false);
  check(!table.has_failed, "links to files fail");
  check(is_same(&table, true, false), "differs with links though nothing changed");
  check(fchmodat(at, ".hidden/a", 0640, 0) == 0, "can't change a target");
  check(!is_same(&table, true, false), "does not see that the target of a link changed");
  free(table.bytes);
  check(symlinkat("sub", at, "directory") == 0, "no link");
  table = look(true, false);
  check(table.has_failed, "a link to a directory does not fail");
  free(table.bytes);
}

int main(void) {
  const char *scratch = getenv("TMPDIR");
  snprintf(root, sizeof root, "%s/tree-XXXXXX", scratch != NULL ? scratch : "/tmp");
  check(mkdtemp(root) != NULL, "no directory");
  const int at = open(root, O_RDONLY | O_DIRECTORY);
  check(at >= 0 && mkdirat(at, "sub", 0700) == 0 && mkdirat(at, ".hidden", 0700) == 0, "no place");
  for (int i = 0; i < FILES; i++) {
    char name[32];
    snprintf(name, sizeof name, "sub/%d", i);
    plant(at, name);
  }
  plant(at, "sub/a");
  check_most();

  struct tree_table deep = look(true, false), flat = look(false, false), all = look(true, true);
  check(!deep.has_failed && !flat.has_failed && !all.has_failed, "has failed");
  check(is_same(&deep, true, false), "differs though nothing changed");
  plant(at, ".hidden/a");
  check(is_same(&deep, true, false), "looks into hidden directories");
  check(!is_same(&all, true, true), "does not look into hidden directories when told to");
  plant(at, "sub/b");
  check(!is_same(&deep, true, false), "does not see a new file below");
  check(is_same(&flat, false, false), "looks below where only entries count");
  free(deep.bytes);
  free(flat.bytes);
  free(all.bytes);
  check_links(at);

  stop = 1;
  struct tree_table stopped = look(true, false);
  check(stopped.has_failed, "goes on though it was stopped");
  free(stopped.bytes);
  struct tree_table missing = {.path = "/nowhere/at/all", .stop = &stop, .most = 1};
  read_tree_table(&missing);
  check(missing.has_failed, "sees what is not there");
  free(missing.bytes);
  close(at);
  return 0;
}
