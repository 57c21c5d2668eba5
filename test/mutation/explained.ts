import type { Mutant } from "./mutants.ts";

/** Changes of a line that no test of the pure rules can notice, and why. */
interface Explanation {
  readonly file: string;
  /** The line where the change begins, as it stands in the file, without the spaces around it. */
  readonly line: string;
  /** Changes as they are printed; every one of the line without any. */
  readonly changes?: readonly string[];
  readonly why: string;
}

const ALLOWLIST = "src/core/key/ip-allowlist.ts";
const GUARD = "src/admission/rules/guard.ts";
const EFFECTIVE = "src/core/access/effective-access.ts";
const PACE = "src/admission/rules/pace.ts";
const LOAD = "src/admission/rules/load.ts";
const NAMED = "src/core/access/named-values.ts";
const IDENTITY_SETTINGS = "src/core/identity/settings.ts";
const DEACTIVATION = "src/core/scim/deactivation.ts";
const SCIM_FILTER = "src/core/scim/filter.ts";
const FILTER_PARSER = "src/core/scim/filter-parser.ts";
const BODY = "src/core/http/body.ts";
const ERROR_RESPONSE = "src/core/http/error-response.ts";
const FAILED_ATTEMPT = "src/core/http/failed-attempt.ts";
const HEADER_POLICY = "src/core/http/header-policy.ts";
const LIST_HEADERS = "src/core/http/list-headers.ts";
const NDJSON = "src/core/http/ndjson.ts";
const USAGE_TALLY = "src/core/usage/usage-tally.ts";
const WEBHOOK = "src/core/organization/webhook.ts";
const IMPACT = "src/core/access/impact.ts";
const ACCESS_TOKEN = "src/core/token/access-token.ts";
const DER = "src/core/token/ecdsa-signature.ts";
const SECRET = "src/core/key/key-secret.ts";
const PLAIN_NAME = "src/core/organization/plain-name.ts";
const URL_CREDENTIAL = "src/core/access/url-credential.ts";

export const EXPLAINED: readonly Explanation[] = [
  {
    file: "src/core/access/access.ts",
    line: 'export const ANY_ITEM = "";',
    why: "Any text will do that no filter and no allowlist names.",
  },
  {
    file: EFFECTIVE,
    line: "held.some(({ scope, filter }) => permits(scope, action) && filtersOverlap(filter, segments));",
    changes: ["&& -> ||", "permits(scope, action) && filtersOverlap(filter, segments) -> true"],
    why: "It spares tries; what is tried is decided by the rules themselves.",
  },
  {
    file: EFFECTIVE,
    line: "if (operation.public || !operation.security.some((scopes) => scopes.every(isHeld))) return false;",
    changes: ["every -> some"],
    why: "It spares tries; what is tried is decided by the rules themselves.",
  },
  {
    file: EFFECTIVE,
    line: "if (isWithdrawn(grants)) return true;",
    changes: ["if (isWithdrawn(grants)) return true; -> ;"],
    why: "It spares tries: without a role every decision is a refusal.",
  },
  {
    file: EFFECTIVE,
    line: "isLet(names.map(() => ANY_ITEM)) ||",
    changes: ["ANY_ITEM -> null"],
    why: "What has no value is filled with ANY_ITEM.",
  },
  {
    file: EFFECTIVE,
    line: "const any = decide(names.map(() => ANY_ITEM));",
    changes: ["ANY_ITEM -> null"],
    why: "What has no value is filled with ANY_ITEM.",
  },
  {
    file: EFFECTIVE,
    line: "const combinations = namedValues(operation, filters, vaults, MAX_COMBINATIONS + 1);",
    changes: ["1 -> 2"],
    why: "One more than are looked at is enough to know that there are more, and so are two.",
  },
  {
    file: EFFECTIVE,
    line: 'const segments = scopes.flatMap(({ resource }) => resource.split("/").slice(1));',
    changes: ["1 -> 0"],
    why: "A type that is tried as an id is let through where any id is, and nowhere else.",
  },
  {
    file: EFFECTIVE,
    line: 'return [...new Set([...namedVaults(access), ...segments])].filter((id) => id !== "#" && id !== "*");',
    changes: ['id !== "#" && id !== "*" -> true', '"#" -> ""', '"*" -> ""', "&& -> ||"],
    why: "A wildcard that is tried as an id is let through where any id is, and nowhere else.",
  },
  {
    file: NAMED,
    line: 'if (type === undefined || !("literal" in type) || type.literal !== VAULT) return null;',
    changes: ["|| -> &&"],
    why: "Every resource has a type, and a parameter has no text.",
  },
  {
    file: NAMED,
    line: "for (const [i, segment] of template.entries()) {",
    why: "It spares work: what fits is found out below.",
  },
  {
    file: NAMED,
    line: 'if (wanted === undefined || ("parameter" in segment && segment.many)) return true;',
    changes: [
      'wanted === undefined || ("parameter" in segment && segment.many) -> !(wanted === undefined || ("parameter" in segment && segment.many))',
      "=== -> !==",
      "&& -> ||",
    ],
    why: "It spares work: what fits is found out below.",
  },
  {
    file: NAMED,
    line: 'if ("literal" in segment && wanted !== "#" && wanted !== segment.literal) return false;',
    changes: [
      'if ("literal" in segment && wanted !== "#" && wanted !== segment.literal) return false; -> ;',
      '"literal" -> ""',
      "false -> true",
    ],
    why: "It spares work: what fits is found out below.",
  },
  {
    file: NAMED,
    line: "if (found.size >= most) return [...found.values()];",
    changes: ["if (found.size >= most) return [...found.values()]; -> ;"],
    why: "It bounds the work; the result is cut to the same length below.",
  },
  {
    file: IMPACT,
    line: 'return isStillRefused ? "refused already" : "same";',
    changes: ['"same" -> ""'],
    why: "Nobody counts what stays the same.",
  },
  {
    file: IMPACT,
    line: 'if (!isRefusal(decision)) return seesLess(allowed, decision, named) ? "sees less" : "same";',
    changes: ['"same" -> ""'],
    why: "Nobody counts what stays the same.",
  },
  {
    file: IMPACT,
    line: 'return [...new Set([...(vaults === "*" ? [] : vaults), ...segments])];',
    changes: ['"*" -> ""'],
    why: "A star names no item.",
  },
  {
    file: URL_CREDENTIAL,
    line: "const MAX_HEADER_LENGTH = 1024;",
    changes: ["1024 -> 1025"],
    why: "A bound on the work for one text: no header of ours is nearly so long.",
  },
  {
    file: URL_CREDENTIAL,
    line: "const MAX_STARTS = 4;",
    changes: ["4 -> 5"],
    why: "A bound on the work for one text, and no promise.",
  },
  {
    file: URL_CREDENTIAL,
    line: "for (let tried = 0; start !== -1 && tried < MAX_STARTS; tried++) {",
    changes: ["0 -> 1", "1 -> 2", "< -> <=", "&& -> ||", "tried++ -> tried--"],
    why: "A bound on the work for one text, and no promise.",
  },
  {
    file: URL_CREDENTIAL,
    line: "let start = text.indexOf(JWT_START, Math.max(0, text.length - MAX_HEADER_LENGTH));",
    changes: ["max -> min"],
    why: "A bound on the work for one text, and no promise.",
  },
  {
    file: URL_CREDENTIAL,
    line: "start = text.indexOf(JWT_START, start + 1);",
    changes: ["1 -> 2"],
    why: "No beginning lies within another.",
  },
  {
    file: URL_CREDENTIAL,
    line: 'const JWT_START = "eyJ";',
    changes: ['"eyJ" -> ""'],
    why: "From one of four places in a row the header can be decoded, and more text before it does no harm.",
  },
  {
    file: URL_CREDENTIAL,
    line: "return false;",
    changes: ["return false; -> ;"],
    why: "Nothing is as false.",
  },
  {
    file: URL_CREDENTIAL,
    line: 'return url.includes("%") && holdsPlainly(decodeOnce(url), prefixes);',
    changes: ['"%" -> ""'],
    why: "It spares the decoding of what has no escapes.",
  },
  {
    file: URL_CREDENTIAL,
    line: 'return url.includes(text) || (url.includes("%") && decodeOnce(url).includes(text));',
    changes: ['"%" -> ""'],
    why: "It spares the decoding of what has no escapes.",
  },
  {
    file: URL_CREDENTIAL,
    line: 'return organizationOfKid(KEY_ID.exec(header)?.[1] ?? "") !== null;',
    changes: ['"" -> "mutant"'],
    why: "Neither is the id of a key.",
  },
  {
    file: ALLOWLIST,
    line: "for (const span of ordered.toSorted((a, b) => a.bits - b.bits || (a.first < b.first ? -1 : 1))) {",
    changes: ["1 -> 2", "1 -> 0", "< -> <="],
    why: "Sorting looks at whether the result is negative; ranges that begin alike are joined in any order.",
  },
  ...[
    "const network = address.map((octet, i) => octet & (mask[i] ?? 0));",
    "network.every((octet, i) => octet === ((address[i] ?? 0) & (mask[i] ?? 0))),",
    "outerBits <= bits && outer.address.every((octet, i) => octet === ((address[i] ?? 0) & (mask[i] ?? 0)))",
  ].map((line) => ({
    file: ALLOWLIST,
    line,
    changes: ["0 -> 1"],
    why: "An address and its mask are of one length, so that nothing is missing.",
  })),
  {
    file: ALLOWLIST,
    line: "return { network: address, mask: maskOf(prefix ?? address.length * 8, address.length) };",
    changes: ["8 -> 9"],
    why: "A mask has no more bits than its address.",
  },
  {
    file: ALLOWLIST,
    line: "const bits = inner.prefix ?? address.length * 8;",
    changes: ["8 -> 9"],
    why: "No outer range has more bits than an address.",
  },
  {
    file: ALLOWLIST,
    line: "spans[spans.length - 1] = { ...before, last: span.last > before.last ? span.last : before.last };",
    changes: ["- -> +", "1 -> 0", "> -> >="],
    why: "A piece that stays beside the whole is covered where the whole is; of two equal ends either will do.",
  },
  {
    file: "src/admission/rules/records.ts",
    line: "return JSON.stringify(Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1)));",
    why: "Any one order of the members will do, and sorting looks at the sign alone.",
    changes: ["a < b -> !(a < b)", "< -> <=", "< -> >=", "1 -> 2", "1 -> 0"],
  },
  ...["export const GUARD_CALLS_PER_S = 450;", "export const ISOLATE_CALLS_PER_S = 200;"].map((line) => ({
    file: LOAD,
    line,
    why: "Policy: speed rests on it and no promise does; the simulation measures it.",
  })),
  {
    file: LOAD,
    line: "const rate = elapsed > 0 ? (load.calls * 1000) / elapsed : 0;",
    changes: ["> -> >=", "0 -> 1"],
    why: "A period is never so short, and a rate of one is as few as none.",
  },
  {
    file: GUARD,
    line: "settled: 0,",
    changes: ["0 -> 1"],
    why: "Revisions follow the clock: none is so early.",
  },
  {
    file: GUARD,
    line: "if (revision > 0) promise(store, memory, leaseMs, now);",
    changes: ["0 -> 1"],
    why: "Revisions follow the clock: none is so early.",
  },
  {
    file: GUARD,
    line: "if (want === 0 && !isSpare) return null;",
    changes: ["if (want === 0 && !isSpare) return null; -> ;"],
    why: "For nothing nothing is handed out.",
  },
  {
    file: GUARD,
    line: "if (handed.units > 0) memory.windows.set(id, handed.window);",
    changes: ["> -> >="],
    why: "Only of a window that is open and used up no unit is handed out, and it stays as it is.",
  },
  {
    file: "src/admission/rules/window.ts",
    line: "if (need > 0 && need > remaining) return unitsOf(remaining, want - need, waiting - need, 0);",
    changes: ["0 -> 1"],
    why: "A need of one is more than there is where there is nothing, and then nobody gets any.",
  },
  {
    file: "src/admission/rules/window.ts",
    line: "const before = age >= 0 && age < 2 * WINDOW.SLOT_MS ? window.lately : 0;",
    changes: [">= -> >", "0 -> 1"],
    why: "An age of nothing is of the current slot, and was dealt with above.",
  },
  {
    file: "src/admission/rules/report.ts",
    line: "export const REPORT_EVERY_MS = 10_000;",
    why: "Policy: how much a lost isolate takes with it.",
  },
  {
    file: "src/admission/rules/held.ts",
    line: "export const NEVER = -1e15;",
    why: "Any time will do that is long past.",
  },
  {
    file: "src/admission/rules/window.ts",
    line: "const NEVER = -1e15;",
    why: "Any time will do that is long past.",
  },
  {
    file: "src/admission/rules/window.ts",
    line: "return { ...stored, recorded: stored.used, lately: 0, before: 0, handed: 0, slotAt: NEVER };",
    changes: ["0 -> 1"],
    why: "What counts is of the latest slots, and the slot of a start is long past.",
  },
  {
    file: "src/core/key/key-differences.ts",
    line: "if (areRevoked[0]) return [];",
    changes: ["0 -> 1"],
    why: "Both are the same here.",
  },
  {
    file: SECRET,
    line: "return false;",
    changes: ["return false; -> ;"],
    why: "Nothing is as false.",
  },
  {
    file: SECRET,
    line: 'const [header = "", payload = "", signature = ""] = parts.slice(i, i + 3);',
    changes: ["3 -> 4", '"" -> "mutant"'],
    why: "A fourth part is not looked at, a text always has a first part, and without a second there is no third.",
  },
  {
    file: SECRET,
    line: "const UNBIASED_BYTES = 248;",
    changes: ["248 -> 249"],
    why: "One letter would come by one byte of 249 more often, which takes millions of keys to see.",
  },
  {
    file: SECRET,
    line: "if (byte < UNBIASED_BYTES && letters.length < length) letters += ALPHABET.charAt(byte % 62);",
    changes: ["< -> <="],
    why: "One letter would come by one byte of 249 more often; and the loop around it ends at the length.",
  },
  {
    file: ACCESS_TOKEN,
    line: "export const MIN_TOKEN_LIFE_S = 60;",
    why: "`/-/oauth/token` alone asks for it, and its tests, of a running gateway.",
  },
  {
    file: ACCESS_TOKEN,
    line: "export const DEFAULT_TOKEN_LIFE_S = 3600;",
    why: "`/-/oauth/token` alone asks for it, and its tests, of a running gateway.",
  },
  {
    file: ACCESS_TOKEN,
    line: 'export const ASSERTION_TYPE = "portcullis-assertion+jwt";',
    why: "Tests of a running gateway read it.",
  },
  ...[
    "guard_unreachable",
    "group_taken",
    "unknown_key",
    "missing_at_guard",
    "differs_from_guard",
    "differs_from_kv",
  ].map((name) => ({
    file: "src/core/key/reconciliation.ts",
    line: `"${name}",`,
    why: "The compiler holds every use to these names.",
  })),
  {
    file: "src/core/key/narrowing.ts",
    line: "if (long === undefined || short === undefined || !filtersOverlap(long, short)) return null;",
    changes: ["|| -> &&"],
    why: "There are always two.",
  },
  {
    file: ACCESS_TOKEN,
    line: "kid: z.string().max(256),",
    changes: ["256 -> 257"],
    why: "An organisation's id has 128 letters at most, and its kids 37 more.",
  },
  {
    file: ACCESS_TOKEN,
    line: "return null;",
    changes: ["return null; -> ;"],
    why: "Nothing is as null.",
  },
  {
    file: ACCESS_TOKEN,
    line: 'const signature = Buffer.from(text.slice(text.lastIndexOf(".") + 1), "base64url");',
    changes: ["1 -> 0"],
    why: "The decoder passes a dot over.",
  },
  {
    file: DER,
    line: "const end = start + (der[at + 1] ?? 0);",
    changes: ["0 -> 1"],
    why: "Where there is no length there is nothing after it, either.",
  },
  {
    file: DER,
    line: "if (end === start || end > der.length) return null;",
    changes: ["if (end === start || end > der.length) return null; -> ;", "|| -> &&"],
    why: "An empty number counts as a needless zero below, and after one that is too long nothing can be read.",
  },
  {
    file: DER,
    line: "const [first = 0, second = 0] = der.subarray(start, end);",
    changes: ["0 -> 1"],
    why: "There is a first byte, and any second one that is missing is below 0x80.",
  },
  {
    file: "src/core/token/signing-key.ts",
    line: 'export function publicJwk({ kid, publicJwk: { x = "", y = "" } }: SigningKey): PublicJwk {',
    changes: ['"" -> "mutant"'],
    why: "The public half of every key has both.",
  },
  {
    file: "src/core/token/token-denials.ts",
    line: "export const NO_DENIALS: TokenDenials = { tokens: {}, issuedUntil: 0 };",
    changes: ["0 -> 1"],
    why: "No token was issued in the first millisecond of 1970.",
  },
  {
    file: "src/core/token/token-denials.ts",
    line: "export const MAX_DENIED_TOKENS = 500;",
    changes: ["500 -> 501"],
    why: "A bound on what is kept; any number near it will do.",
  },
  {
    file: "src/core/token/jwt-form.ts",
    line: 'const [header = "", ...others] = text.split(".");',
    changes: ['"" -> "mutant"'],
    why: "A text always has a first part.",
  },
  {
    file: SECRET,
    line: "for (let at = text.indexOf(start); at !== -1; at = text.indexOf(start, at + 1)) {",
    changes: ["1 -> 2"],
    why: "No prefix with its underscore begins again one letter on.",
  },
  ...[
    'const values = valuesOf(isObject(container) ? valueOf(container, path.name ?? "") : undefined);',
    'const exact = isCaseExact(path.name ?? "");',
  ].map((line) => ({
    file: SCIM_FILTER,
    line,
    changes: ['"" -> "mutant"'],
    why: "A filter always names an attribute.",
  })),
  {
    file: DEACTIVATION,
    line: 'if (read === null || !sameName(read.name ?? "", "active")) return false;',
    changes: ['"" -> "mutant"'],
    why: "A path of a schema alone names no attribute, and any text but one stands for that.",
  },
  {
    file: DEACTIVATION,
    line: 'if (typeof value !== "string" || !value.trimStart().startsWith("{")) return null;',
    changes: [
      'if (typeof value !== "string" || !value.trimStart().startsWith("{")) return null; -> ;',
      '"{" -> ""',
    ],
    why: "It spares a parse: what is no text of an object is none once it is parsed, either.",
  },
  ...[
    'const named = paths.filter(({ name }) => sameName(name ?? "", key));',
    'const isNamed = (part: string) => named.some(({ sub }) => sameName(sub ?? "", part));',
  ].map((line) => ({
    file: "src/core/scim/projection.ts",
    line,
    changes: ['"" -> "mutant"'],
    why: "Paths without a name, or without a part, are decided before.",
  })),
  ...[
    "if (key.spent + key.demand + key.surplus > 0) return false;",
    "if (!key.isInUse) return key.units === 0;",
    "return key.units > 0 && window !== null && now < window.end && now - key.usedAt <= KEEP_UNITS_MS;",
  ].map((line) => ({
    file: PACE,
    line,
    changes: [
      "> -> >=",
      "if (!key.isInUse) return key.units === 0; -> ;",
      "key.units === 0 -> false",
      `${line} -> ;`,
      `${line.slice("return ".length, -1)} -> false`,
      "0 -> 1",
      "- -> +",
      "<= -> <",
    ],
    why: "It spares work: a key at rest has nothing to say.",
  })),
  {
    file: PACE,
    line: "const weight = took > group.tookMs ? 0.5 : 0.25;",
    changes: ["> -> >="],
    why: "Where they are equal nothing moves.",
  },
  {
    file: PACE,
    line: "if (group.tookMs > 0.3 * group.leaseMs) return 0;",
    changes: ["0 -> null"],
    why: "A comparison takes null for 0.",
  },
  {
    file: SCIM_FILTER,
    line: "return ordered(operator, a === b ? 0 : a < b ? -1 : 1);",
    changes: ["< -> <=", "1 -> 2"],
    why: "Equal texts are dealt with before, and the sign alone counts.",
  },
  ...["ne", "co", "sw", "ew"].map((operator) => ({
    file: SCIM_FILTER,
    line: `case "${operator}":`,
    why: "Nothing is as false.",
  })),
  {
    file: FILTER_PARSER,
    line: 'const path = readPlainPath(this.#tokens[this.#next++] ?? "");',
    changes: ['"" -> "mutant"'],
    why: "What is read past the end is no filter, whatever it says.",
  },
  {
    file: FILTER_PARSER,
    line: 'const sub = /^\\.([a-z$][\\w$-]*)$/i.exec(this.#tokens[this.#next] ?? "")?.[1] ?? null;',
    changes: ['"" -> "mutant"'],
    why: "Neither begins with a dot.",
  },
  {
    file: FILTER_PARSER,
    line: `return JSON.parse(token.startsWith('"') ? token : token.toLowerCase());`,
    changes: ["startsWith -> endsWith"],
    why: "A token with one quote has two.",
  },
  {
    file: FILTER_PARSER,
    line: "return undefined;",
    changes: ["return undefined; -> ;"],
    why: "Nothing is as undefined.",
  },
  {
    file: BODY,
    line: "clearTimeout(timer);",
    why: "A timer that nobody waits for any more does nothing.",
  },
  ...[
    "#held = new Uint8Array(1024);",
    "if (end > this.#held.byteLength) this.#grow(end);",
    "const larger = new Uint8Array(Math.min(this.#limit, Math.max(needed, 2 * this.#held.byteLength)));",
  ].map((line) => ({
    file: BODY,
    line,
    changes: ["1024 -> 1025", "1024 -> 0", "> -> >=", "min -> max", "2 -> 3", "2 -> 0", "* -> /"],
    why: "How much room is made at a time.",
  })),
  {
    file: "src/core/http/json-depth.ts",
    line: "for (let i = 0; i < json.length; i++) {",
    changes: ["< -> <="],
    why: "Past the end there is no byte, which is no bracket.",
  },
  {
    file: ERROR_RESPONSE,
    line: "if (CANONICAL_ORIGIN.test(origin) && !DEFAULT_PORT.test(origin)) return origin;",
    changes: ["if (CANONICAL_ORIGIN.test(origin) && !DEFAULT_PORT.test(origin)) return origin; -> ;"],
    why: "It spares the reading of a URL.",
  },
  {
    file: ERROR_RESPONSE,
    line: 'const [before = "", after = ""] = JSON.stringify(',
    changes: ['"" -> "mutant"'],
    why: "The request's id stands in every body.",
  },
  {
    file: ERROR_RESPONSE,
    line: ").split(PLACE_IN_JSON, 2);",
    changes: ["2 -> 3"],
    why: "The request's id stands in a body once.",
  },
  {
    file: ERROR_RESPONSE,
    line: "latestTexts.set(refusal.code, known);",
    why: "It spares work: the same is made anew.",
  },
  {
    file: ERROR_RESPONSE,
    line: String.raw`const PLACE = "\0";`,
    changes: [String.raw`"\0" -> ""`],
    why: "No other text of a body is empty.",
  },
  {
    file: FAILED_ATTEMPT,
    line: 'if (!address.includes(":")) return address;',
    changes: ['if (!address.includes(":")) return address; -> ;', '":" -> ""'],
    why: "It spares the reading of an address that stays as it is.",
  },
  {
    file: FAILED_ATTEMPT,
    line: "if (octets.length <= SUBSCRIBER_OCTETS) return formatAddress(octets);",
    changes: ["<= -> <"],
    why: "Addresses have 4 octets or 16.",
  },
  {
    file: HEADER_POLICY,
    line: 'return new RegExp(`^(?:${alternatives.join("|")})$`, "s");',
    changes: ['"s" -> ""'],
    why: "No name of a header has a line's end.",
  },
  ...[
    "const MAX_REMEMBERED = 1000;",
    "if (known !== undefined) return known;",
    "if (decided.size < MAX_REMEMBERED) decided.set(name, decision);",
  ].map((line) => ({ file: HEADER_POLICY, line, why: "It spares work: the same is decided anew." })),
  {
    file: "src/core/http/host.ts",
    line: "return match !== null && Number(match[1] ?? 0) <= MAX_PORT;",
    changes: ["0 -> 1"],
    why: "Both are ports.",
  },
  ...[
    'for (const [, name = "", quoted, token] of link.slice(link.indexOf(">")).matchAll(LINK_PARAMETER)) {',
    'if (name.toLowerCase() === "rel") return (quoted ?? token ?? "").trim().toLowerCase().split(/\\s+/);',
    'return [""];',
  ].map((line) => ({
    file: LIST_HEADERS,
    line,
    changes: ['"" -> "mutant"'],
    why: "A parameter has a name, and neither is the relation of a page.",
  })),
  ...['rest = lines.pop() ?? "";', 'rest = "";'].map((line) => ({
    file: NDJSON,
    line,
    changes: ['"" -> "mutant"', 'rest = ""; -> ;'],
    why: "A text has a last line, and what was left of one that is too long is not told.",
  })),
  ...[
    'context.addIssue({ code: "custom", message: "must be a JSON object" });',
    'if (problem !== false) context.addIssue({ code: "custom", message: problem });',
    'context.addIssue({ code: "custom", message: "must not translate an empty name" });',
    'context.addIssue({ code: "custom", message: `must not set ${own}, which the console sets itself` });',
    'if (problem !== null) context.addIssue({ code: "custom", message: problem });',
    'context.addIssue({ code: "custom", message: "must be a list of amr:…, acr:… or acrs:…" });',
  ].map((line) => ({
    file: IDENTITY_SETTINGS,
    line,
    changes: ['"custom" -> ""'],
    why: "The message is told whatever the code is.",
  })),
  ...["return z.NEVER;", "return [];"].map((line) => ({
    file: IDENTITY_SETTINGS,
    line,
    why: "A value with a problem is not read.",
  })),
  {
    file: IDENTITY_SETTINGS,
    line: "if (name !== undefined && value !== undefined) return [{ claim: name, value }];",
    changes: ["&& -> ||"],
    why: "The expression finds both or neither.",
  },
  {
    file: "src/core/usage/calls.ts",
    line: 'let values = "";',
    changes: ['"" -> "mutant"'],
    why: "What stands before the first value is not read.",
  },
  {
    file: "src/core/usage/calls.ts",
    line: 'const [address = "", values = "", ...operationId] = name.split(SEPARATOR);',
    changes: ['"" -> "mutant"'],
    why: "A name of a call has all three parts.",
  },
  {
    file: "src/core/usage/key-metrics.ts",
    line: "return Math.floor((endOfKey(key) ?? 0) / 1000);",
    changes: ["0 -> 1"],
    why: "Both are of the first second.",
  },
  {
    file: "src/core/usage/key-metrics.ts",
    line: "if (dataset === undefined) return;",
    changes: ["if (dataset === undefined) return; -> ;"],
    why: "It spares work: what cannot be written is lost.",
  },
  {
    file: USAGE_TALLY,
    line: "if ((report.lastRefusedAt ?? 0) >= (tally.lastRefusedAt ?? 0) && report.lastRefusedAt !== null) {",
    changes: ["0 -> 1"],
    why: "A report without a refusal changes nothing.",
  },
  {
    file: USAGE_TALLY,
    line: "if (report.refusals.length === 0) return;",
    changes: ["if (report.refusals.length === 0) return; -> ;"],
    why: "It spares work: nothing is added.",
  },
  {
    file: USAGE_TALLY,
    line: "if (lastUsedAt !== null && at < lastUsedAt) return;",
    changes: ["< -> <="],
    why: "Of two uses at one moment either is the last.",
  },
  {
    file: USAGE_TALLY,
    line: "if (tally.lastUsedAt === null || hour === hourOf(tally.lastUsedAt)) return (tally.calls ??= new Map());",
    changes: [
      "if (tally.lastUsedAt === null || hour === hourOf(tally.lastUsedAt)) return (tally.calls ??= new Map()); -> ;",
      "|| -> &&",
    ],
    why: "Calls of the last hour are read in either place, and there is a last use.",
  },
  {
    file: PLAIN_NAME,
    line: "if (/^[\\t\\n\\r -~]*$/.test(text)) return text;",
    changes: ["if (/^[\\t\\n\\r -~]*$/.test(text)) return text; -> ;"],
    why: "It spares work: nothing of such a text is taken out.",
  },
  {
    file: IMPACT,
    line: 'return Object.fromEntries(accessParams.map((name, i) => [name, values[i] ?? ""]));',
    changes: ['"" -> "mutant"'],
    why: "There are as many values as names.",
  },
  {
    file: WEBHOOK,
    line: "const asked = Math.min(retryAfterMs ?? 0, MAX_RETRY_AFTER_MS);",
    changes: ["0 -> 1"],
    why: "Every delay is longer.",
  },
  {
    file: WEBHOOK,
    line: 'const host = URL.canParse(text) ? new URL(text).hostname : "";',
    changes: ['"" -> "mutant"'],
    why: "Neither is of this machine.",
  },
];

/** The explanation of a change in a file of this source. */
export function explanationOf(file: string, source: string, mutant: Mutant): Explanation | null {
  const line = source.split("\n")[mutant.line - 1]?.trim();
  const change = `${mutant.from} -> ${mutant.to}`;
  const found = EXPLAINED.find(
    (each) => each.file === file && each.line === line && (each.changes?.includes(change) ?? true),
  );
  return found ?? null;
}
