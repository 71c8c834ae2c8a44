// Write spells for spellhost in AssemblyScript: everything that a spell needs is imported from here.
//
// A spell is a file that exports `cast`, and what else it wants of `describe`, `onEvent` and `migrate`:
//
//   export function cast(ctx: CastContext): string | null    null is success, a text the failure's message
//   export function describe(): SpellInfo
//   export function onEvent(ctx: CastContext, event: SpellEvent): string | null
//   export function migrate(fromRevision: string, state: Array<u8>): Result<Array<u8>>
//
// Units are blocks, blocks per second, and ticks of 1/60 s. What a component imports is what its spell may do: a
// spell that never calls `terrain` cannot touch it, and players see that before they cast.

import * as entities from "./entities";
import * as log from "./log";
import * as params from "./params";
import * as presentation from "./presentation";
import * as projectiles from "./projectiles";
import * as random from "./random";
import * as remoteEvents from "./remote_events";
import * as scene from "./scene";
import * as state from "./state";
import * as terrain from "./terrain";
import * as timers from "./timers";

export {
  Color, Death, EntityId, EntityKind, Expired, FillMode, Hit, Level, NamedValue, Ray, RayHit, Remote, SpellEvent,
  SpellEventKind, Ticks, Trigger, UnknownEvent, Value, ValueKind,
} from "./bindings";
export { CastContext } from "./context";
export { EntityInfo, Npc, Status } from "./entity";
export { ParamSpec, SpellInfo } from "./info";
export { Material } from "./material";
export { fail, ok, Pair, Result, Some } from "./option";
export { Projectile } from "./projectile";
export { Region } from "./scene";
export { seconds } from "./timers";
export { BlockPos, BlockSize, Vec3 } from "./vector";

export {
  entities, log, params, presentation, projectiles, random, remoteEvents, scene, state,
  terrain, timers,
};
