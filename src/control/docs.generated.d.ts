/** What `src/build-docs.ts` writes: the integrators' page as HTML. */
export declare const INTEGRATORS: string;
