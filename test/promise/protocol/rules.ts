/** The product's rules that the models run; safeguards are taken out of a bundle of this file. */
export * from "../../../src/admission/rules/given.ts";
export * from "../../../src/admission/rules/guard.ts";
export * from "../../../src/admission/rules/held.ts";
export * from "../../../src/admission/rules/isolate.ts";
export * from "../../../src/admission/rules/load.ts";
export * from "../../../src/admission/rules/pace.ts";
export * from "../../../src/admission/rules/window.ts";
export { GuardStorage } from "../../../src/admission/guard/guard-storage.ts";
