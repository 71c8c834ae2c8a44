// What the language itself calls: `abort` behind `throw`, `assert` and every check of a bound; `trace`; the seed of
// `Math.random`. The compiler is told to use these, and a spell needs none of its own.

import { Level, logLog, randomNext } from "./bindings";

/** Ends the call as a trap, after one line at level error with message, file, line and column. */
export function spellAbort(message: string | null, file: string | null, line: u32, column: u32): void {
  logLog(Level.Error, `aborted at ${file !== null ? file : "?"}:${line}:${column}: ${message !== null ? message : "no message"}`);
  unreachable();
}

/** One line at level debug. */
export function spellTrace(
  message: string, n: i32 = 0, a: f64 = 0, b: f64 = 0, c: f64 = 0, d: f64 = 0, e: f64 = 0,
): void {
  let line = message;
  if (n > 0) line += ` ${a}`;
  if (n > 1) line += ` ${b}`;
  if (n > 2) line += ` ${c}`;
  if (n > 3) line += ` ${d}`;
  if (n > 4) line += ` ${e}`;
  logLog(Level.Debug, line);
}

/** The seed of `Math.random`: one draw of this call's stream, the same for every client. */
export function spellSeed(): f64 {
  return <f64>(randomNext() >> 11);
}
