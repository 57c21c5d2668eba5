import { createServer, type RequestListener } from "node:http";
import { StartError } from "./start-error.ts";

export interface DemoServer {
  readonly port: number;
  close(): Promise<void>;
}

/** What the demo server serves; a part that is left out is not there. */
interface DemoParts {
  /** Answers below `/oidc`. */
  readonly identityProvider?: RequestListener | undefined;
  /** Answers everything else. */
  readonly origin?: RequestListener | undefined;
}

/**
 * Serves the sample origin and the sample identity provider on one port of 127.0.0.1. Requests under another name are
 * refused: a web page that points its own name at this address must not get tokens from it.
 */
export async function startDemoServer(port: number, parts: DemoParts): Promise<DemoServer> {
  const server = createServer((request, response) => {
    if (!isLocal(request.headers.host)) return void response.writeHead(421).end();
    const listener = /^\/oidc(?=[/?]|$)/.test(request.url ?? "") ? parts.identityProvider : parts.origin;
    if (!listener) return void response.writeHead(404).end();
    return listener(request, response);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const why =
        error.code === "EADDRINUSE" ? "is in use by another program" : `cannot be used (${error.code})`;
      reject(new StartError(`DEMO_PORT ${port} ${why}`));
    });
    server.listen(port, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The demo server has no port");
  return {
    port: address.port,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function isLocal(host = ""): boolean {
  return /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?$/i.test(host);
}
