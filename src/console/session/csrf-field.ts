/** The field that every form of a session carries. */
export const CSRF_FIELD = "csrf";
