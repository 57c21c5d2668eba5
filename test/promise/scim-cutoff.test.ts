import { describe, expect, test } from "vitest";
import { developerOn, type Organization } from "../support/control.ts";
import { freshAddress, type CreatedKey } from "../support/portcullis.ts";
import { scimClient, type ScimClient } from "../support/scim.ts";
import { useControl } from "../support/started.ts";

const EDGES = 2;
const KEYS = 200;
/** How many calls are made at a time, on each edge. */
const CLIENTS = 4;

const control = await useControl({ edges: EDGES });

interface Call {
  readonly sentAt: number;
  readonly status: number;
}

/** Calls with all keys in turn over every edge until told to stop. */
function load(keys: readonly CreatedKey[]) {
  const calls: Call[] = [];
  const state = { next: 0, stopped: false };
  const client = async (edge: number): Promise<void> => {
    while (!state.stopped) {
      const key = keys[state.next++ % keys.length] as CreatedKey;
      const sentAt = performance.now();
      const answer = await fetch(`${control.edges[edge]}/v1/vaults/vault_1`, {
        headers: { Authorization: `Bearer ${key.key}`, "CF-Connecting-IP": freshAddress() },
      });
      await answer.arrayBuffer();
      calls.push({ sentAt, status: answer.status });
    }
  };
  const running = Promise.all(Array.from({ length: CLIENTS * EDGES }, (_, i) => client(i % EDGES)));
  return {
    calls,
    stop: () => {
      state.stopped = true;
      return running;
    },
  };
}

interface Cut {
  readonly name: string;
  readonly act: (client: ScimClient, user: string, group: string) => ReturnType<ScimClient["call"]>;
  readonly refusal: number;
}

const CUTS: readonly Cut[] = [
  {
    name: "is taken out of the group",
    act: (client, user, group) =>
      client.patch(`/Groups/${group}`, { op: "remove", path: `members[value eq "${user}"]` }),
    refusal: 403,
  },
  {
    name: "is deactivated",
    act: (client, user) => client.patch(`/Users/${user}`, { op: "replace", value: { active: false } }),
    refusal: 401,
  },
  { name: "is deleted", act: (client, user) => client.call("DELETE", `/Users/${user}`), refusal: 401 },
];

describe.each(CUTS)(`an owner of ${KEYS} keys who $name`, ({ act, refusal }) => {
  test("has none let through that was sent after the answer, on any edge", async () => {
    const organization: Organization = await control.newOrganization();
    const client = await scimClient(control, organization);
    const owner = organization.member("bob", developerOn("vault_1"));
    const keys: CreatedKey[] = [];
    while (keys.length < KEYS) {
      keys.push(...(await Promise.all(Array.from({ length: 20 }, () => owner.createKey()))));
    }
    const user = await client.create("/Users", { userName: "bob" });
    const group = await client.create("/Groups", {
      displayName: "vault_1:developer",
      members: [{ value: user }],
    });

    const running = load(keys);
    await until(() => running.calls.length >= KEYS);
    const answer = await act(client, user, group);
    const answeredAt = performance.now();
    const seen = running.calls.length;
    await until(() => running.calls.length >= seen + 2 * KEYS);
    await running.stop();

    expect(answer.status).toBeLessThan(300);
    const before = running.calls.filter(({ sentAt }) => sentAt < answeredAt);
    const after = running.calls.filter(({ sentAt }) => sentAt >= answeredAt);
    expect(before.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(KEYS);
    expect(after.length).toBeGreaterThanOrEqual(KEYS);
    expect(after.filter(({ status }) => status !== refusal)).toEqual([]);
  });
});

async function until(reached: () => boolean): Promise<void> {
  while (!reached()) {
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
}
