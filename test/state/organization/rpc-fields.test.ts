import { env } from "cloudflare:workers";
import { expect, test } from "vitest";

test.each(["parts", "authorize"])(
  "no call reaches the field %s of an organisation's object",
  async (field) => {
    const organization: object = env.ORGANIZATION.getByName("org_1");
    await expect(Promise.resolve(Reflect.get(organization, field))).rejects.toThrow(field);
  },
);
