// Between the generated exports and the author's file, which the compiler puts in place of `./spell`.
//
// Promises the defaults of what a spell need not write, that commands left waiting are delivered when a call ends
// well, and that nothing is delivered when it does not.

import * as spell from "./spell";
import { CastContext, fail, ok, Result, SpellEvent, SpellInfo } from "@spellhost/sdk";
import "@spellhost/sdk/globals";
import { begin, end } from "@spellhost/sdk/pending";

export function describe(): SpellInfo {
  if (isDefined(spell.describe)) return spell.describe();
  return new SpellInfo("SPELL_NAME");
}

export function cast(ctx: CastContext): string | null {
  begin(ctx.firstEntity, true);
  const failure: string | null = spell.cast(ctx);
  if (failure === null) end();
  return failure !== null ? shortened(failure) : null;
}

export function onEvent(ctx: CastContext, event: SpellEvent): string | null {
  if (isDefined(spell.onEvent)) {
    begin(ctx.firstEntity, false);
    const failure: string | null = spell.onEvent(ctx, event);
    if (failure === null) end();
    return failure !== null ? shortened(failure) : null;
  }
  return null;
}

export function migrate(fromRevision: string, state: Array<u8>): Result<Array<u8>> {
  if (isDefined(spell.migrate)) {
    const migrated: Result<Array<u8>> = spell.migrate(fromRevision, state);
    const error = migrated.error;
    return error !== null ? fail<Array<u8>>(shortened(error)) : migrated;
  }
  return ok<Array<u8>>(state);
}

/** A message in at most as many bytes as a host accepts: three for each unit. */
function shortened(message: string): string {
  return message.length > 341 ? message.substring(0, 341) : message;
}
