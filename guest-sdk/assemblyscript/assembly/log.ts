// Lines for the author: outside the state and its hash.
//
// Promises nothing about who reads them. At most 64 lines and 8 KiB a call; whole lines beyond are dropped, with one
// notice. Each is priced as `log.log`.

import * as host from "./bindings";
import { Level } from "./bindings";

/** Something is wrong: ``log.error(`no ground below ${pos}`)``. */
export function error(message: string): void { host.logLog(Level.Error, message); }
/** Something may be wrong. */
export function warn(message: string): void { host.logLog(Level.Warn, message); }
/** Something happened. */
export function info(message: string): void { host.logLog(Level.Info, message); }
/** Something that helps to find out. */
export function debug(message: string): void { host.logLog(Level.Debug, message); }
