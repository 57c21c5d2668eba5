/** What `src/build-console.ts` writes: scripts and styles by name, with the file name that their content decides. */
export declare const ASSETS: Readonly<
  Record<"console.js" | "console.css" | "icon.svg", { readonly file: string; readonly text: string }>
>;
