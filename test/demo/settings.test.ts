import { describe, expect, test } from "vitest";
import { configuredVars, textsOf } from "../../src/demo/runtime.ts";
import { readSettings } from "../../src/demo/settings.ts";
import { ConfigError } from "../../src/settings.ts";

const configured = configuredVars();

test("every variable of wrangler.toml can be replaced by the environment's", () => {
  expect(Object.keys(configured)).toContain("ORIGIN_URL");
  for (const name of Object.keys(configured)) {
    const value = /_URL$|_ISSUER$|_ORIGIN$|_RESOURCE$/.test(name)
      ? "https://other.example"
      : otherThan(name, configured[name]);
    expect(readSettings({ [name]: value }, configured).vars[name]).toBe(value);
  }
});

/** Another value that the same variable may have. */
function otherThan(name: string, value = ""): string {
  if (value === "on") return "off";
  if (value === "off") return "on";
  if (/_(PARAMS|REQUEST|NAMES)$|^ORIGINS$/.test(name)) return "{}";
  if (name === "IMPORTED_KEYS") return "off";
  if (name === "CORS_ORIGINS") return "*";
  if (name === "REQUEST_LOG") return "refused";
  if (name === "ORIGIN_IDENTITY") return "headers";
  if (name === "OIDC_MFA") return "amr:otp";
  if (name === "OIDC_ROLES_MAX_AGE") return "5m";
  const number = /^\d+/.exec(value)?.[0];
  return number === undefined ? `${value}x` : value.replace(number, `${Number(number) + 1}`);
}

test("what the environment does not name keeps its value, and no other variable gets in", () => {
  const { vars } = readSettings({ HOME: "/root", ADMISSION_LEASE_MS: "0" }, configured);
  expect(vars).toEqual({ ...configured, ADMISSION_LEASE_MS: "0" });
});

test("a setting of the environment gets in that wrangler.toml leaves out", () => {
  const { OIDC_AUDIENCE: _, ...others } = configured;
  const { config } = readSettings({ OIDC_AUDIENCE: "custody", ORIGIN_ASSERTION: "off" }, others);
  expect(config.identity.audience).toBe("custody");
  expect(config.originIdentity).toBe("headers");
});

test.each([5, true, { uploads: "https://uploads.example" }])(
  "a variable of wrangler.toml that is no text is named: %j",
  (value) => {
    const read = () => textsOf({ ...configured, ORIGINS: value });
    expect(read).toThrow(ConfigError);
    expect(read).toThrow(/^ORIGINS must be a text, in quotes \(is /);
  },
);

test("a secret of the environment, which wrangler.toml does not hold, gets in", () => {
  const secrets = { OIDC_CLIENT_SECRET: "a-secret", ORIGIN_AUTHORIZATION_UPLOADS: "Bearer another" };
  const origins = '{"uploads":"https://uploads.example"}';
  const { config } = readSettings({ ...secrets, ORIGINS: origins }, configured);
  expect(config.client.secret).toBe("a-secret");
  expect(config.origins.get("uploads")?.authorization).toBe("Bearer another");
});

test("the sample origin and provider follow DEMO_PORT", () => {
  const { vars, usesSampleOrigin, usesSampleProvider } = readSettings({ DEMO_PORT: "9999" }, configured);
  expect(vars).toMatchObject({
    ORIGIN_URL: "http://127.0.0.1:9999",
    OIDC_ISSUER: "http://127.0.0.1:9999/oidc",
  });
  expect([usesSampleOrigin, usesSampleProvider]).toEqual([true, true]);
});

describe.each([
  { name: "ORIGIN_URL", sample: "usesSampleOrigin" },
  { name: "OIDC_ISSUER", sample: "usesSampleProvider" },
] as const)("$name", ({ name, sample }) => {
  test("of the environment or of wrangler.toml takes the sample's place", () => {
    const other = "https://other.example";
    for (const settings of [
      readSettings({ [name]: other, DEMO_PORT: "9999" }, configured),
      readSettings({ DEMO_PORT: "9999" }, { ...configured, [name]: other }),
    ]) {
      expect(settings[sample]).toBe(false);
      expect(settings.vars[name]).toBe(other);
    }
  });

  test("that names the sample's address means a server of one's own there", () => {
    expect(readSettings({ [name]: configured[name] }, configured)[sample]).toBe(false);
  });
});

test.each([
  { problem: "an empty issuer", name: "OIDC_ISSUER", variables: { OIDC_ISSUER: "" } },
  { problem: "a bad number", name: "ADMISSION_LEASE_MS", variables: { ADMISSION_LEASE_MS: "soon" } },
  { problem: "a directory without a name", name: "STATE_DIR", variables: { STATE_DIR: "" } },
  { problem: "a bad port", name: "PORT", variables: { PORT: "http" } },
  { problem: "no port", name: "PORT", variables: { PORT: "0" } },
  { problem: "a port out of range", name: "DEMO_PORT", variables: { DEMO_PORT: "65536" } },
  { problem: "one port for two servers", name: "DEMO_PORT", variables: { PORT: "9000", DEMO_PORT: "9000" } },
])("$problem is refused, and $name is named", ({ name, variables }) => {
  const read = () => readSettings(variables, configured);
  expect(read).toThrow(ConfigError);
  expect(read).toThrow(new RegExp(`^${name} `));
});
