import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";

const BALANCES = JSON.stringify({
  data: Array.from({ length: 8 }, (_, i) => ({
    assetId: `asset_${i}`,
    networkId: "ethereum-mainnet",
    amount: "1234567890123456789",
    decimals: 18,
    updatedAt: "2026-11-01T12:00:00Z",
  })),
});
const ANSWER = Buffer.from(
  `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${BALANCES.length}\r\n\r\n${BALANCES}`,
);
const END_OF_HEADERS = Buffer.from("\r\n\r\n");

interface Origin {
  readonly url: string;
  close(): void;
}

/**
 * Starts an API that answers everything with the same 1 kB of JSON. It reads no more of a request than where it ends,
 * which serves for requests without a body: a whole HTTP server would need as long for one as the gateway does.
 */
export async function startOrigin(): Promise<Origin> {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on("data", (part) => {
      if (part.subarray(-END_OF_HEADERS.length).equals(END_OF_HEADERS)) socket.write(ANSWER);
    });
    socket.on("error", () => {});
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() };
}
