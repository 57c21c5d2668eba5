/**
 * Versions of the Worker and of the objects may differ for a while. What one end has added since, the other does without;
 * what it cannot understand it refuses, so that a request is answered 503 and a change stays unconfirmed.
 */

/** Throws unless this is a question that a guard can answer. What later versions add to it is left alone. */
export function requireQuestion(value: unknown): void {
  const question = value as Fields;
  const isUnderstood =
    isObject(value) &&
    isCount(question["have"]) &&
    isCount(question["leaseWanted"]) &&
    typeof question["final"] === "boolean" &&
    Array.isArray(question["keys"]) &&
    question["keys"].every(isKeyQuestion);
  if (!isUnderstood) throw new Error("The guard does not understand the question: it is of another version");
}

function isKeyQuestion(value: unknown): boolean {
  const key = value as Fields;
  return (
    isObject(value) &&
    typeof key["id"] === "string" &&
    typeof key["record"] === "boolean" &&
    isCount(key["want"]) &&
    isCount(key["waiting"]) &&
    isCount(key["need"]) &&
    (key["returned"] === null || isObject(key["returned"])) &&
    (key["usage"] === null || isObject(key["usage"]))
  );
}

/** Throws unless this is an answer that an isolate can go by. */
export function requireAnswer(value: unknown): void {
  const answer = value as Fields;
  const isUnderstood =
    isObject(value) &&
    isCount(answer["revision"]) &&
    isCount(answer["leaseMs"]) &&
    isObject(answer["changed"]) &&
    Object.values(answer["changed"]).every(isGuardedKey) &&
    isObject(answer["keys"]) &&
    Object.values(answer["keys"]).every(isKeyAnswer);
  if (!isUnderstood) throw new Error("The answer is not understood: the guard is of another version");
}

function isKeyAnswer(value: unknown): boolean {
  const key = value as Fields;
  const { record, window } = key;
  return (
    isObject(value) &&
    isCount(key["units"]) &&
    (record === undefined || record === null || isGuardedKey(record)) &&
    (window === null || isWindow(window))
  );
}

/** Without these the units of a window would have no end, or no number of them would be too many. */
function isWindow(value: unknown): boolean {
  if (!isObject(value) || !isObject(value["limit"])) return false;
  const { number, limit, remaining, resetInMs } = value;
  return [number, remaining, resetInMs, limit["requests"], limit["windowSeconds"]].every(isCount);
}

/** A key's record with its denials, as far as decisions would go wrong without them. */
function isGuardedKey(value: unknown): boolean {
  return isObject(value) && isObject(value["denials"]) && isRecord(value["record"]);
}

/** The members that access rests on, and no others: an older form of the rest must not hold up a revocation. */
function isRecord(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { id, orgId, hash, version, disabled, scopes, allowedIps } = value;
  return (
    [id, orgId, hash].every((text) => typeof text === "string") &&
    isCount(version) &&
    typeof disabled === "boolean" &&
    [scopes, allowedIps].every(Array.isArray) &&
    [value["vaults"], value["ownerVaults"]].every((vaults) => vaults === "*" || Array.isArray(vaults)) &&
    [value["expiresAt"], value["revokedAt"]].every((at) => at === null || isCount(at))
  );
}

/** Throws unless these are records that a guard can keep. */
export function requireRecords(values: readonly unknown[]): void {
  if (!values.every(isRecord))
    throw new Error("The guard does not understand a record: it is of another version");
}

/** Throws unless a guard has answered each change with the record in force. */
export function requireConfirmations(value: unknown, changes: number): void {
  const isUnderstood =
    value === null || (Array.isArray(value) && value.length === changes && value.every(isConfirmation));
  if (!isUnderstood) throw new Error("The confirmation is not understood: the guard is of another version");
}

function isConfirmation(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { record, confirmed, effectiveAt, version } = value;
  return (
    (record === null || isRecord(record)) &&
    typeof confirmed === "boolean" &&
    isCount(effectiveAt) &&
    isCount(version)
  );
}

type Fields = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null;
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}
