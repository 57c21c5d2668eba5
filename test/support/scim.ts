import { afterAll, beforeAll, beforeEach } from "vitest";
import { startControl, type Control, type Organization, type Person } from "./control.ts";
import { freshAddress, type CreatedKey } from "./portcullis.ts";

interface ScimReply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: ScimBody;
}

/** What SCIM answers hold, as far as tests look at it by name. */
interface ScimBody extends Readonly<Record<string, unknown>> {
  readonly id: string;
  readonly Resources: readonly ScimBody[];
  readonly totalResults: number;
  readonly meta: Readonly<Record<string, string>>;
}

/** An identity provider's SCIM client. */
export interface ScimClient {
  readonly token: string;
  call(
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<ScimReply>;
  /** A PATCH of one operation. */
  patch(path: string, ...operations: readonly object[]): Promise<ScimReply>;
  /** Creates a user or a group and tells its id. */
  create(path: "/Users" | "/Groups", resource: object): Promise<string>;
}

export const PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

export async function newScimToken(organization: Organization): Promise<string> {
  const answer = await organization.admin.call("POST", "/-/organization/scim-token");
  return (await answer.json<{ token: string }>()).token;
}

/** A client with a token of the organisation, or with a given one. */
export async function scimClient(
  control: Control,
  organization: Organization,
  given?: string,
): Promise<ScimClient> {
  const token = given ?? (await newScimToken(organization));
  const call: ScimClient["call"] = async (method, path, body, headers = {}) => {
    const answer = await fetch(`${control.edges[0]}/-/scim/v2${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${token}`,
        ...(body !== undefined && { "Content-Type": "application/scim+json" }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    return {
      status: answer.status,
      headers: answer.headers,
      body: (text === "" ? {} : JSON.parse(text)) as ScimBody,
    };
  };
  return {
    token,
    call,
    patch: (path, ...operations) => call("PATCH", path, { schemas: [PATCH_OP], Operations: operations }),
    async create(path, resource) {
      const { status, body } = await call("POST", path, resource);
      if (status !== 201) throw new Error(`${status} ${JSON.stringify(body)}`);
      return body.id;
    },
  };
}

/** What a request with a key is answered with: the status, and the code of a refusal. */
export async function use(
  control: Control,
  key: CreatedKey,
  edge = 0,
  vault = "vault_1",
): Promise<[number, string?]> {
  const answer = await fetch(`${control.edges[edge]}/v1/vaults/${vault}`, {
    headers: { Authorization: `Bearer ${key.key}`, "CF-Connecting-IP": freshAddress() },
  });
  const { error } = await answer.json<{ error?: { code: string } }>();
  return error === undefined ? [answer.status] : [answer.status, error.code];
}

/** What the organisation says when somebody asks for a key. */
export async function tryToCreateKey(person: Person): Promise<[number, string?]> {
  const answer = await person.call("POST", "/-/api-keys", {
    name: "Test",
    scopes: ["vault:read"],
    vaults: "*",
  });
  const { error } = await answer.json<{ error?: { code: string } }>();
  return error === undefined ? [answer.status] : [answer.status, error.code];
}

/** A gateway for a test file; each test has an organisation of its own, and that one's SCIM client. */
export function scimPerTest(): {
  readonly control: Control;
  readonly organization: Organization;
  readonly client: ScimClient;
} {
  let control: Control;
  let organization: Organization;
  let client: ScimClient;
  beforeAll(async () => {
    control = await startControl();
  });
  beforeEach(async () => {
    organization = await control.newOrganization();
    client = await scimClient(control, organization);
  });
  afterAll(() => control.stop());
  return {
    get control() {
      return control;
    },
    get organization() {
      return organization;
    },
    get client() {
      return client;
    },
  };
}
