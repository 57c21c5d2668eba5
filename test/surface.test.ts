import { describe, expect, test } from "vitest";
import { surfaceOf, type Surface } from "../src/surface.ts";

describe("without a control host", () => {
  test.each<[string, Surface]>([
    ["https://api.example/", "gateway"],
    ["https://api.example/v1/vaults", "gateway"],
    ["https://api.example/-", "gateway"],
    ["https://api.example/-x/", "gateway"],
    ["https://api.example//-/healthz", "gateway"],
    ["https://api.example/v1/-/healthz", "gateway"],
    ["https://api.example/?/-/healthz", "gateway"],
    ["https://api.example/%2D/healthz", "gateway"],
    ["https://api.example/.well-known", "gateway"],
    ["https://api.example/-/", "control"],
    ["https://api.example/-/healthz?a=b", "control"],
    ["https://api.example:8443/-/healthz", "control"],
    ["http://[::1]:8787/-/healthz", "control"],
    ["https://api.example/-/console", "console"],
    ["https://api.example/-/console/", "console"],
    ["https://api.example/-/console?a=b", "console"],
    ["https://api.example/-/console/keys/key_1", "console"],
    ["https://api.example/-/consoles", "control"],
    ["https://api.example/-/x/console/", "control"],
    ["https://api.example/v1/-/console/", "gateway"],
    ["https://api.example/?/-/console/", "gateway"],
    ["https://api.example/.well-known/oauth-protected-resource", "control"],
  ])("%s belongs to the %s", (url, surface) => {
    expect(surfaceOf(url, null)).toBe(surface);
  });
});

describe("with a control host", () => {
  test.each<[string, Surface]>([
    ["https://control.example/-/healthz", "control"],
    ["https://control.example:8443/-/healthz", "control"],
    ["https://control.example/-/console/", "console"],
    ["https://api.example/-/console/", "nowhere"],
    ["https://control.example/", "nowhere"],
    ["https://control.example/v1/vaults", "nowhere"],
    ["https://control.example/.well-known/oauth-protected-resource", "nowhere"],
    ["https://control.example/.well-known/oauth-authorization-server", "control"],
    ["https://control.example/.well-known/oauth-authorization-server/x", "nowhere"],
    ["https://api.example/-/healthz", "nowhere"],
    ["https://control.example.evil.example/-/healthz", "nowhere"],
    ["https://evil.example/https://control.example/-/healthz", "gateway"],
    ["https://xcontrol.example/-/healthz", "nowhere"],
    ["https://[::1]/-/healthz", "nowhere"],
    ["https://api.example/v1/vaults", "gateway"],
    ["https://api.example/.well-known/oauth-protected-resource", "control"],
  ])("%s belongs to %s", (url, surface) => {
    expect(surfaceOf(url, "control.example")).toBe(surface);
  });
});
