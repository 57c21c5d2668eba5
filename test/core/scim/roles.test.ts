import { expect, test } from "vitest";
import { foldName } from "../../../src/core/organization/folded-name.ts";
import { grantsOf, namesOf, type RoleReading } from "../../../src/core/scim/roles.ts";

const READING: RoleReading = {
  roleNames: new Map([
    [foldName("Custody  Admins"), ["admin"]],
    [foldName("Straße"), ["v1:developer", "V2:Developer"]],
  ]),
  hasVaults: true,
};
const WITHOUT_VAULTS: RoleReading = { roleNames: new Map(), hasVaults: false };

const named = (name: string, reading?: RoleReading) => namesOf(grantsOf([name], reading));

test.each<[what: string, name: string, roles: string[]]>([
  ["as written", "admin", ["admin"]],
  ["letter case", "aDMIN", ["admin"]],
  ["white space around it", "\u00a0admin\u2003", ["admin"]],
  ["full width", "ａｄｍｉｎ", ["admin"]],
  ["what cannot be seen", "ad\u200bmin\ufeff", ["admin"]],
  ["a letter of another script", "аdmin", []],
  ["more than the name", "admin s", []],
  ["a role on a vault", "v1:DEVELOPER", ["v1:developer"]],
  ["a role on a vault in full width", "v1：Ｄｅｖｅｌｏｐｅｒ", ["v1:developer"]],
  ["a vault, whose letter case counts", "Vault_1:developer", ["Vault_1:developer"]],
  ["every vault", " *:Developer ", ["*:developer"]],
  ["no vault", ":developer", []],
  ["a vault of two parts", "a:b:developer", []],
  ["a vault with a space", "v 1:developer", []],
  ["a role that there is not", "v1:owner", []],
  ["a role that names a vault alone", "developer", []],
])("a name of a role is read by its letters: %s", (_, name, roles) => {
  expect(named(name)).toEqual(roles);
});

test.each<[name: string, roles: string[]]>([
  ["custody admins", ["admin"]],
  [" CUSTODY\u00a0ADMINS", ["admin"]],
  ["Ｃｕｓｔｏｄｙ Admins", ["admin"]],
  ["STRASSE", ["V2:developer", "v1:developer"]],
  ["custodyadmins", []],
])("a name that stands for others is found however it is written: %s", (name, roles) => {
  expect(named(name, READING)).toEqual(roles);
});

test.each([" Developer", "ｄｅｖｅｌｏｐｅｒ"])("without vaults %s is enough", (name) => {
  expect(named(name, WITHOUT_VAULTS)).toEqual(["*:developer"]);
});
