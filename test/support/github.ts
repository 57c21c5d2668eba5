import { createServer } from "node:http";
import { createSign, generateKeyPairSync, randomBytes, type KeyObject } from "node:crypto";
import { close, listen } from "./issuer.ts";

/** GitHub for tests: its list of keys over real HTTP, and reports signed with them. */
export interface TestGithub {
  readonly keysUrl: string;
  /** How often the list was fetched. */
  readonly fetches: number;
  /** What the last fetch said of itself. */
  readonly userAgent: string | undefined;
  /** The headers that sign a body with the current key; `der` replaces the signature's bytes. */
  sign(body: string, der?: Buffer): Record<string, string>;
  /** A signature of a body. */
  der(body: string): Buffer;
  /** From now on signs with another key; the one before stays in the list. */
  rotate(): void;
  /** What the list answers with from now on. */
  setAnswer(answer: "keys" | "500" | "no JSON" | "redirect"): void;
  stop(): Promise<void>;
}

interface Signer {
  readonly identifier: string;
  readonly privateKey: KeyObject;
  readonly pem: string;
}

function newSigner(): Signer {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
  return { identifier: randomBytes(32).toString("hex"), privateKey, pem };
}

export async function startGithub(): Promise<TestGithub> {
  const signers = [newSigner()];
  const current = (): Signer => signers.at(-1) as Signer;
  let answer = "keys";
  let fetches = 0;
  let userAgent: string | undefined;
  const server = createServer((request, response) => {
    fetches++;
    userAgent = request.headers["user-agent"];
    if (answer === "redirect") return response.writeHead(302, { Location: "/elsewhere" }).end();
    if (answer === "500") return response.writeHead(500).end();
    if (answer === "no JSON") return response.end("<html>");
    const keys = signers.map(({ identifier, pem }) => ({
      key_identifier: identifier,
      key: pem,
      is_current: identifier === current().identifier,
    }));
    const other = {
      key_identifier: "rsa",
      key: "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
    };
    return response.end(JSON.stringify({ public_keys: [other, ...keys] }));
  });
  const url = await listen(server);
  const der = (body: string): Buffer => createSign("SHA256").update(body).sign(current().privateKey);
  return {
    keysUrl: `${url}/meta/public_keys/secret_scanning`,
    get fetches() {
      return fetches;
    },
    get userAgent() {
      return userAgent;
    },
    sign: (body, signature = der(body)) => ({
      "Github-Public-Key-Identifier": current().identifier,
      "Github-Public-Key-Signature": signature.toString("base64"),
    }),
    der,
    rotate: () => void signers.push(newSigner()),
    setAnswer: (value) => {
      answer = value;
    },
    stop: () => close(server),
  };
}
