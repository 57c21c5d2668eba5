/** Policy violation, and "try again later" (RFC 6455 section 7.4.1 and IANA's registry of close codes). */
const REFUSED = 1008;
const TOO_SLOW = 1013;
const FAILED = 1011;
/** Codes that are never sent (RFC 6455 section 7.4.1): no status, and a connection that was lost. */
const NO_STATUS = 1005;
const LOST = 1006;
/** What one side was sent and has not taken may come to so many bytes, and one message more. */
export const MAX_UNSENT_BYTES = 4 * 1024 * 1024;

/** A connection that is passed on until either side ends it, or until it is ended from here. */
export interface Connection {
  isOpen: boolean;
  /** `reason` is the refusal's code. */
  end(reason: string): void;
}

/** One side of a WebSocket. Runtimes of before November 2026 do not tell what has not been sent. */
export type Side = Pick<WebSocket, "accept" | "addEventListener" | "binaryType" | "close" | "send"> & {
  readonly bufferedAmount?: number;
};

/**
 * Passes messages on between a client and the origin. A WebSocket cannot be asked to wait, so where one side sends faster
 * than the other takes, both are closed before the messages in between fill the isolate's memory.
 */
export function joinWebSockets(client: Side, origin: Side): Connection {
  const closeBoth = (code: number, reason: string): void => {
    connection.isOpen = false;
    for (const side of [client, origin]) close(side, code, reason);
  };
  const connection: Connection = { isOpen: true, end: (reason) => closeBoth(REFUSED, reason) };
  for (const [from, to] of [
    [client, origin],
    [origin, client],
  ] as const) {
    from.binaryType = "arraybuffer";
    from.accept();
    from.addEventListener("message", ({ data }) => {
      if (!connection.isOpen) return;
      const unsent = to.bufferedAmount ?? 0;
      if (unsent > MAX_UNSENT_BYTES) closeBoth(TOO_SLOW, "the other side is too slow");
      else to.send(data as string | ArrayBuffer);
    });
    from.addEventListener("close", ({ code, reason }) => {
      connection.isOpen = false;
      close(to, code, reason);
    });
    from.addEventListener("error", () => {
      connection.isOpen = false;
      close(to, FAILED, "");
    });
  }
  return connection;
}

/** Closes one side; one that has closed already stays as it is. */
function close(side: Side, code: number, reason: string): void {
  try {
    if (code === NO_STATUS) side.close();
    else side.close(code === LOST ? FAILED : code, reason);
  } catch {
    closeAsFailed(side);
  }
}

/** For a code that can be received and not sent. */
function closeAsFailed(side: Side): void {
  try {
    side.close(FAILED);
  } catch {
    // It is closed.
  }
}
