import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readConfig } from "../../src/settings.ts";
import { DIALECTS } from "../support/providers/dialects.ts";

/** The recipes are the settings that are tested, in a form that the gateway takes. */

const PAGE = readFileSync(join(import.meta.dirname, "../../src/docs/identity-providers.md"), "utf8");

function recipes(): [heading: string, variables: Record<string, string>][] {
  return PAGE.split(/^## /m).flatMap((section): [string, Record<string, string>][] => {
    const [, block] = /^```toml\n([^]*?)^```/m.exec(section) ?? [];
    if (block === undefined) return [];
    const lines = [...block.matchAll(/^(\w+) = (?:"(.*)"|'(.*)')$/gm)];
    expect(lines.length).toBe(block.trimEnd().split("\n").length);
    return [
      [
        section.split("\n")[0] ?? "",
        Object.fromEntries(lines.map(([, name = "", a, b]) => [name, a ?? b ?? ""])),
      ],
    ];
  });
}

const RECIPES = new Map(recipes());
const SECTIONS: Readonly<Record<string, string>> = {
  "Entra ID": "Microsoft Entra ID",
  "Auth0 with Organizations": "Auth0",
  Cognito: "Amazon Cognito",
};

describe("the recipe for", () => {
  test.each([...RECIPES])("%s is taken by the gateway", (_, variables) => {
    const filled = Object.fromEntries(
      Object.entries(variables).map(([name, value]) => [name, value.replaceAll(/<[^>]*>/g, "x")]),
    );
    expect(readConfig({ ORIGIN_URL: "https://api.example", ...filled }).identity.issuer).toMatch(/^https:/);
  });

  test("each provider is of one that is tested", () => {
    const tested = DIALECTS.filter(({ expected }) => expected !== null).map(
      ({ name }) => SECTIONS[name] ?? name,
    );
    expect([...RECIPES.keys()].filter((heading) => !tested.includes(heading))).toEqual([]);
  });

  test.each(
    DIALECTS.filter(({ name, expected }) => expected !== null && name !== "Entra ID for every tenant").map(
      (dialect) => [dialect.name, dialect] as const,
    ),
  )("%s has the settings that are tested, word for word", (name, dialect) => {
    const recipe = RECIPES.get(SECTIONS[name] ?? name) ?? {};
    const tested = dialect.settings("https://id.example");
    const expected = Object.entries(recipe).map(([variable, value]) => [
      variable,
      expect.stringMatching(patternOf(variable, value)),
    ]);
    expect(tested).toEqual(Object.fromEntries(expected));
  });
});

/** What a value of the page is, with whatever stands for the reader's own names; an issuer by its path. */
function patternOf(variable: string, value: string): RegExp {
  const origin = variable === "OIDC_ISSUER" ? "https://[^/]+" : "";
  const rest = origin === "" ? value : value.replace(/^https:\/\/[^/]+/, "");
  const words = rest.split(/<[^>]*>|…/).map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${origin}${words.join('[^"]+')}$`);
}
