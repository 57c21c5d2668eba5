import { adminClaims, type TestIssuer } from "../support/issuer.ts";

/** The control API of a gateway, as an admin of one organisation uses it, who is also an operator. */
export class Admin {
  readonly #gateway: string;
  readonly #authorization: string;

  private constructor(gateway: string, token: string) {
    this.#gateway = gateway;
    this.#authorization = `Bearer ${token}`;
  }

  /** Signs in once: the token and its second factor last for five minutes. */
  static async of(gateway: string, issuer: TestIssuer, orgId: string): Promise<Admin> {
    return new Admin(gateway, await issuer.token(adminClaims({ org_id: orgId, scope: "portcullis:ops" })));
  }

  bootstrap(): Promise<Response> {
    return this.call("POST", "/-/organization/bootstrap");
  }

  /** The answer, which is a good one. */
  async call(method: string, path: string, body?: object, accept = "application/json"): Promise<Response> {
    const response = await fetch(this.#gateway + path, {
      method,
      headers: {
        Authorization: this.#authorization,
        Accept: accept,
        ...(body !== undefined && { "Content-Type": "application/json" }),
      },
      body: body === undefined ? null : JSON.stringify(body),
    });
    if (response.ok) return response;
    throw new Error(`${method} ${path} answers ${response.status}: ${await response.text()}`);
  }
}
