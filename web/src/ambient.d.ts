// Types of the two packages JsSIP's own declarations refer to, as far as the phone uses them,
// and of Node's test runner, as far as the tests use it. Kept here so that the phone needs no
// further packages.

declare module 'events' {
  export class EventEmitter {
    on(event: string, listener: (...args: never[]) => void): this;
    once(event: string, listener: (...args: never[]) => void): this;
    off(event: string, listener: (...args: never[]) => void): this;
    removeAllListeners(event?: string): this;
  }
}

declare module 'debug' {
  export interface Debug {
    enable(namespaces: string): void;
    disable(): string;
    formatArgs(this: { namespace: string }, args: unknown[]): void;
  }
}

declare module 'node:test' {
  export function test(name: string, body: () => void | Promise<void>): void;
}

declare module 'node:assert/strict' {
  interface Assert {
    equal(actual: unknown, expected: unknown, message?: string): void;
    deepEqual(actual: unknown, expected: unknown, message?: string): void;
    match(actual: string, pattern: RegExp, message?: string): void;
    throws(body: () => unknown, pattern?: RegExp): void;
    ok(value: unknown, message?: string): asserts value;
  }
  const assert: Assert;
  export default assert;
}
