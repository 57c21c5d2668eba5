import type { FC } from "hono/jsx";
import type { Key } from "../../api-types/keys.ts";
import { SOON_MS } from "../../core/key/hygiene.ts";
import { endOfKey } from "../../core/key/key-record.ts";
import { Ago, Moment } from "./time.tsx";

type Ending = Pick<Key, "status" | "expiresAt" | "retiresAt" | "revokedAt">;

/** Whether the key was rotated and works for a while yet. */
export function isRetiring({ retiresAt, revokedAt }: Pick<Key, "retiresAt" | "revokedAt">): boolean {
  return retiresAt !== null && revokedAt === null;
}

/** When a key ends by itself: when it expires or, once rotated, retires. A revoked one has ended. */
export function endOf({ status, expiresAt, retiresAt }: Omit<Ending, "revokedAt">): string | null {
  if (status === "revoked") return null;
  const end = endOfKey({ expiresAt: timeOf(expiresAt), retiresAt: timeOf(retiresAt) });
  return end === null ? null : new Date(end).toISOString();
}

/** Whether an active key ends within the next two weeks. */
export function endsSoon(key: Omit<Ending, "revokedAt">, now: number): boolean {
  const end = endOf(key);
  return end !== null && key.status === "active" && Date.parse(end) < now + SOON_MS;
}

/** When a key ends: the distance (`short`), or the moment as well with what ends it. */
export const End: FC<{ key_: Ending; short?: boolean }> = ({ key_: key, short = false }) => {
  const end = endOf(key);
  const otherwise = key.status === "revoked" ? "—" : "Never";
  const time = short ? <Ago time={end} otherwise={otherwise} /> : <Moment time={end} otherwise={otherwise} />;
  return (
    <>
      {endsSoon(key, Date.now()) ? <b class="warn">{time}</b> : time}
      {!short && isRetiring(key) && end === key.retiresAt && <span class="soft">, since it was rotated</span>}
    </>
  );
};

function timeOf(iso: string | null): number | null {
  return iso === null ? null : Date.parse(iso);
}
