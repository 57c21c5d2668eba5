import { adminClaims } from "./issuer.ts";
import { compileOpenApi, type OpenApiDocument } from "./openapi-check.ts";
import { startPortcullis, type CreatedKey, type Portcullis, type PortcullisOptions } from "./portcullis.ts";

type Claims = Readonly<Record<string, unknown>>;
type Headers = Readonly<Record<string, string>>;

/** Somebody who is signed in. Every answer they get is held against the control API's own OpenAPI document. */
export interface Person {
  readonly id: string;
  readonly orgId: string;
  call(method: string, path: string, body?: unknown, headers?: Headers): Promise<Response>;
  createKey(changes?: object): Promise<CreatedKey>;
}

/** The product for tests of its control API. */
export interface Control extends Portcullis {
  /** An organisation that nobody else uses, set up by its admin. */
  newOrganization(): Promise<Organization>;
  /** Somebody with a fresh token of these claims for every call. */
  person(claims: Claims): Person;
}

export interface Organization {
  readonly id: string;
  /** An admin who is a developer on every vault. */
  readonly admin: Person;
  /** Somebody with a fresh second factor and no role but those named by the claims. */
  member(name: string, claims?: Claims): Person;
}

/** What the OpenAPI document is about: pages and the APIs of other standards are described elsewhere. */
const DESCRIBED = /^\/-\/(?!errors\/|openapi\.json$|scim\/)/;

let organizations = 0;

export async function startControl(options: PortcullisOptions = {}): Promise<Control> {
  const portcullis = await startPortcullis(options);
  const document = await (await portcullis.call("GET", "/-/openapi.json")).json<OpenApiDocument>();
  const check = compileOpenApi(document);

  const call: Portcullis["call"] = async (method, path, callOptions) => {
    const answer = await portcullis.call(method, path, callOptions);
    if (DESCRIBED.test(path)) await check(method, path, answer.clone());
    return answer;
  };

  const person = (claims: Claims): Person => {
    const own: Person["call"] = async (method, path, body, headers = {}) =>
      call(method, path, { as: await portcullis.issuer.token(claims), body, headers });
    return {
      id: String(claims["sub"]),
      orgId: String(claims["org_id"]),
      call: own,
      async createKey(changes = {}) {
        const answer = await own("POST", "/-/api-keys", { ...NEW_KEY, ...changes });
        if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`);
        return await answer.json<CreatedKey>();
      },
    };
  };

  const newOrganization = async (): Promise<Organization> => {
    const id = `org_${++organizations}`;
    const admin = person(adminClaims({ sub: "alice", org_id: id }));
    await admin.call("POST", "/-/organization/bootstrap");
    return {
      id,
      admin,
      member: (name, claims) => person(memberClaims({ sub: name, org_id: id, ...claims })),
    };
  };

  return { ...portcullis, call, person, newOrganization };
}

/** The least that a new key takes. */
export const NEW_KEY = { name: "Test", scopes: ["vault:read"], vaults: "*" };

/** Claims of somebody without a role, with a fresh second factor. */
export function memberClaims(changes: Claims = {}): Record<string, unknown> {
  return adminClaims({ name: "Bob", roles: [], vault_roles: {}, ...changes });
}

/** The roles of a developer on some vaults. */
export function developerOn(...vaults: readonly string[]): { vault_roles: Record<string, string[]> } {
  return { vault_roles: Object.fromEntries(vaults.map((vault) => [vault, ["developer"]])) };
}

export interface ErrorBody {
  readonly error: {
    readonly type: string;
    readonly code: string;
    readonly message: string;
    readonly details?: { readonly field?: string; readonly problem?: string };
    readonly correlationId: string;
    readonly docUrl: string;
  };
}

/** What a refusal says, in the form that tables expect it. */
export async function refusalOf(answer: Response): Promise<[status: number, code: string, field?: string]> {
  const { error } = await answer.json<ErrorBody>();
  const field = error.details?.field;
  return field === undefined ? [answer.status, error.code] : [answer.status, error.code, field];
}
