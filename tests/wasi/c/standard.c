// A spell in C that asks its standard library for all that WASI could tell.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "spell.h"

extern char **environ;

// What a call returns is freed once the host has read it: literals are copied.
void exports_spell_describe(spell_spell_info_t *info) {
  memset(info, 0, sizeof *info);
  spell_string_dup(&info->display_name, "Standard in C");
  spell_string_dup(&info->description, "Asks the standard library of C.");
}

bool exports_spell_cast(spell_cast_context_t *context, spell_string_t *error) {
  struct timespec wall, since;
  clock_gettime(CLOCK_REALTIME, &wall);
  clock_gettime(CLOCK_MONOTONIC, &since);
  printf("wall %lld.%09ld\n", (long long)wall.tv_sec, wall.tv_nsec);
  printf("since %lld.%09ld\n", (long long)since.tv_sec, since.tv_nsec);

  unsigned long long chance = 0;
  getentropy(&chance, sizeof chance);
  printf("chance %016llx\n", chance);
  printf("random %016llx\n", (unsigned long long)spellhost_spell_random_next());

  printf("variables %d\n", environ && environ[0] ? 1 : 0);
  printf("file %d\n", fopen("/etc/passwd", "r") == NULL);
  printf("input %d\n", getchar() == EOF);
  fflush(stdout);
  fprintf(stderr, "no end");

  if (context->target_position.y > 1e6) {
    spell_string_dup(error, "aimed beyond the sky");
    return false;
  }
  spellhost_spell_terrain_terrain_op_t sphere = {.tag = SPELLHOST_SPELL_TERRAIN_TERRAIN_OP_FILL_SPHERE};
  sphere.val.fill_sphere.center = context->target_position;
  sphere.val.fill_sphere.radius = 1.0;
  sphere.val.fill_sphere.material = 1;
  sphere.val.fill_sphere.mode = SPELLHOST_SPELL_TERRAIN_FILL_MODE_ADD;
  spellhost_spell_terrain_list_terrain_op_t ops = {&sphere, 1};
  spellhost_spell_terrain_apply(&ops);
  return true;
}

bool exports_spell_on_event(spell_cast_context_t *context, spell_spell_event_t *event, spell_string_t *error) {
  return true;
}

bool exports_spell_migrate(spell_string_t *from, spell_list_u8_t *state, spell_list_u8_t *next, spell_string_t *error) {
  // The state is handed on: what is returned is freed, and what came in is not.
  *next = *state;
  return true;
}
