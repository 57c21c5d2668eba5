/**
 * The header of a form that scripts have sent and whose answer they draw. It is answered 200 whatever became of it: browsers
 * report any other status as an error of the page.
 */
export const IN_PLACE = "X-Console-In-Place";
