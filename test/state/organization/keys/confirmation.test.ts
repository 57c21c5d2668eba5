import { env } from "cloudflare:workers";
import { afterEach, expect, test, vi } from "vitest";
import { KeyGuard } from "../../../../src/admission/guard/key-guard.ts";
import { makeActor, makeKey } from "../../../support/records.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

const UNCONFIRMED = { code: "admission_unavailable" };

test("a revocation that is repeated is acknowledged as far as the guard confirms it again, and no further", async () => {
  const organization = env.ORGANIZATION.getByName("org_confirmation");
  const actor = makeActor("org_confirmation");
  await organization.bootstrap(actor);
  const { id } = (await makeKey(organization, actor)).key;
  const guard = vi.spyOn(KeyGuard.prototype, "put");
  const revoke = () => organization.revokeKey(actor, id, "gone");
  const cannotBeAsked = async () => Promise.reject(new Error("not now"));

  guard.mockImplementation(cannotBeAsked);
  expect(await revoke()).toMatchObject(UNCONFIRMED);
  guard.mockRestore();
  const receipt = await revoke();
  expect(receipt).toMatchObject({ keyId: id, status: "revoked" });
  // An older copy of the guard may have been put back meanwhile.
  vi.spyOn(KeyGuard.prototype, "put").mockImplementation(cannotBeAsked);
  expect(await revoke()).toMatchObject(UNCONFIRMED);
  vi.restoreAllMocks();
  expect(await revoke()).toEqual(receipt);
});
