import { describe, expect, test } from "vitest";
import { joinWebSockets, MAX_UNSENT_BYTES, type Side } from "../../src/gateway/join-web-sockets.ts";

type Listener = (event: unknown) => void;

/** One side of a WebSocket that takes nothing of what it is sent until it is told to. The pinned runtime does not tell it. */
class SlowSide {
  readonly sent: unknown[] = [];
  readonly closed: (readonly [code?: number, reason?: string])[] = [];
  readonly #listeners = new Map<string, Listener>();
  bufferedAmount = 0;

  accept(): void {}

  addEventListener(type: string, listener: Listener): void {
    this.#listeners.set(type, listener);
  }

  send(data: ArrayBuffer): void {
    this.sent.push(data);
    this.bufferedAmount += data.byteLength;
  }

  close(...told: [code?: number, reason?: string]): void {
    this.closed.push(told);
  }

  /** Something comes from whoever is on this side. */
  emit(type: string, event: object): void {
    this.#listeners.get(type)?.(event);
  }
}

const MESSAGE = new ArrayBuffer(1024 * 1024);
/** Those that fill the room, and the one that is let through beyond it. */
const ROOM = MAX_UNSENT_BYTES / MESSAGE.byteLength + 1;

describe.each(["client", "origin"])("when the %s sends faster than the other side takes", (sender) => {
  function join() {
    const sides = [new SlowSide(), new SlowSide()];
    const [client, origin] = sides as unknown as [Side, Side];
    const connection = joinWebSockets(client, origin);
    const [from, to] = (sender === "client" ? sides : sides.toReversed()) as [SlowSide, SlowSide];
    return { from, to, connection };
  }

  test("both sides are closed, and nothing more is kept in memory", () => {
    const { from, to, connection } = join();
    for (let i = 0; i < 3 * ROOM; i++) from.emit("message", { data: MESSAGE });
    expect(to.sent).toHaveLength(ROOM);
    for (const side of [from, to]) expect(side.closed).toEqual([[1013, "the other side is too slow"]]);
    expect(connection.isOpen).toBe(false);
  });

  test("it goes on for as long as the other side catches up in time", () => {
    const { from, to, connection } = join();
    for (let i = 0; i < 3 * ROOM; i++) {
      from.emit("message", { data: MESSAGE });
      if (i % 4 === 0) to.bufferedAmount = 0;
    }
    expect(to.sent).toHaveLength(3 * ROOM);
    expect([...from.closed, ...to.closed]).toEqual([]);
    expect(connection.isOpen).toBe(true);
  });

  test("what comes after the connection was ended goes nowhere", () => {
    const { from, to, connection } = join();
    connection.end("api_key_revoked");
    from.emit("message", { data: MESSAGE });
    expect(to.sent).toEqual([]);
    for (const side of [from, to]) expect(side.closed).toEqual([[1008, "api_key_revoked"]]);
  });
});
