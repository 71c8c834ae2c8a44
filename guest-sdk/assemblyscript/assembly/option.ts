// What TypeScript would say with unions: a number that may be missing, a pair, a value or a failure.
//
// Promises nothing but these shapes. Things that are references to AssemblyScript are `T | null` instead.

/** A number that is there; where there is none, there is `null` in its place. */
export class Some<T> {
  constructor(
    /** The number. */
    public value: T,
  ) {}
}

/** Two things. */
export class Pair<A, B> {
  constructor(
    public first: A,
    public second: B,
  ) {}
}

/** A value, or a failure with its message: what `migrate` returns. Made by {@link ok} and {@link fail}. */
export class Result<T> {
  constructor(
    /** The value; `null` after a failure. */
    public value: T | null,
    /** Why there is none, for people. */
    public error: string | null,
  ) {}
}

/** A value. */
export function ok<T>(value: T): Result<T> {
  return new Result<T>(value, null);
}

/** A failure: `return fail<Array<u8>>("the state is of an unknown shape")`. */
export function fail<T>(message: string): Result<T> {
  return new Result<T>(null, message);
}
