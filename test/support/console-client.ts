import { adminClaims, type TestIssuer } from "./issuer.ts";

/** The client id of the console. */
export const CLIENT = "portcullis-console";

/** A browser as far as the console's sessions need one: cookies, and what browsers say of where a request is from. */
export interface ConsoleClient {
  readonly cookies: Map<string, string>;
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Response>;
  post(
    path: string,
    form: Readonly<Record<string, string>>,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Response>;
}

export function consoleClient(origin: string): ConsoleClient {
  const cookies = new Map<string, string>();
  const send = async (path: string, init: RequestInit): Promise<Response> => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await fetch(origin + path, {
      ...init,
      redirect: "manual",
      headers: { ...(cookie !== "" && { Cookie: cookie }), ...(init.headers as Record<string, string>) },
    });
    for (const set of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
      if (/; Max-Age=0(;|$)/.test(set)) cookies.delete(name);
      else cookies.set(name, value);
    }
    return response;
  };
  return {
    cookies,
    get: (path, headers = {}) => send(path, { headers }),
    post: (path, form, headers = { "Sec-Fetch-Site": "same-origin" }) =>
      send(path, { method: "POST", body: new URLSearchParams(form), headers }),
  };
}

/** A sign-in under way: what the console has asked the provider for. */
interface Started {
  readonly request: URLSearchParams;
  readonly state: string;
  readonly nonce: string;
}

export async function startSignIn(client: ConsoleClient, query = ""): Promise<Started> {
  return startedBy(await client.get(`/-/console/sign-in/start${query}`));
}

/** A sign-in that an answer leads to. */
export function startedBy(answer: Response): Started {
  const request = new URL(answer.headers.get("Location") ?? "").searchParams;
  return { request, state: request.get("state") ?? "", nonce: request.get("nonce") ?? "" };
}

/** Leads back from the provider with a code. */
export function comeBack(client: ConsoleClient, { state }: Pick<Started, "state">): Promise<Response> {
  return client.get(`/-/console/callback?code=the-code&state=${state}`);
}

type Claims = Readonly<Record<string, unknown>>;

export interface Answers {
  readonly access?: Claims;
  readonly id?: Claims;
  /** What else the token endpoint answers, or something in place of it. */
  readonly body?: Claims;
}

/** Has the provider answer codes with good tokens but for these changes. */
export function giveTokens(issuer: TestIssuer, nonce: string, { access, id, body }: Answers = {}): void {
  issuer.answerWith(async () => ({
    status: 200,
    body: {
      access_token: await issuer.token(adminClaims(access)),
      id_token: await issuer.token({ aud: CLIENT, nonce, ...id }, { typ: "JWT" }),
      token_type: "Bearer",
      expires_in: 600,
      ...body,
    },
  }));
}

/** Signs in from start to end. */
export async function signIn(
  client: ConsoleClient,
  issuer: TestIssuer,
  answers: Answers = {},
): Promise<Response> {
  const started = await startSignIn(client);
  giveTokens(issuer, started.nonce, answers);
  return comeBack(client, started);
}

/** The token that the forms of a page carry. */
export async function csrfOf(page: Response): Promise<string> {
  return /name="csrf" value="([^"]+)"/.exec(await page.text())?.[1] ?? "";
}

/** The heading of a page. */
export async function headingOf(page: Response): Promise<string> {
  return /<h1>(.*?)<\/h1>/s.exec(await page.text())?.[1] ?? "";
}
