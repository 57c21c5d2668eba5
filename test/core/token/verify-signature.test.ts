import { createLocalJWKSet, exportJWK, generateKeyPair, SignJWT, UnsecuredJWT, type JWK } from "jose";
import { expect, test } from "vitest";
import { verifySignature } from "../../../src/core/token/verify-signature.ts";

/** By which of a provider's keys a token is signed. */

const signers = await Promise.all(
  ["one", "two"].map(async (kid) => {
    const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
    return { privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: "ES256" } };
  }),
);
const published = signers.map(({ jwk }) => jwk);
const verify = (token: string, keys: JWK[] = published) =>
  verifySignature(token, createLocalJWKSet({ keys }));

function signedBy(index: number, header: object = {}): Promise<string> {
  const key = signers[index]?.privateKey;
  if (key === undefined) throw new Error(`There is no signer ${index}`);
  return new SignJWT({ sub: "ann" }).setProtectedHeader({ alg: "ES256", ...header }).sign(key);
}

test.each([0, 1])("a token that names no key is verified by any of them: number %i", async (index) => {
  await expect(verify(await signedBy(index))).resolves.toBeUndefined();
});

test("and by none that is not published", async () => {
  await expect(verify(await signedBy(1), published.slice(0, 1))).rejects.toThrow("signature");
  const twins = ["a", "b"].map((kid) => ({ ...published[0], kid }));
  await expect(verify(await signedBy(1), twins)).rejects.toThrow("signature");
});

test("a token that names its key is verified by that one alone", async () => {
  await expect(verify(await signedBy(1, { kid: "two" }))).resolves.toBeUndefined();
  await expect(verify(await signedBy(1, { kid: "one" }))).rejects.toThrow("signature");
});

test("a token without a signature, or by a shared secret, is never verified", async () => {
  await expect(verify(new UnsecuredJWT({ sub: "ann" }).encode())).rejects.toThrow();
  const secret = new TextEncoder().encode(JSON.stringify(published[0]));
  const token = await new SignJWT({ sub: "ann" }).setProtectedHeader({ alg: "HS256" }).sign(secret);
  await expect(verify(token)).rejects.toThrow("alg");
});
