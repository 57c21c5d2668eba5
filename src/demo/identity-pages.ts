import { SAMPLE_ORGANIZATION, SAMPLE_USERS } from "./sample-users.ts";

/** The pages of the sample identity provider. */

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; --line: #8884; --accent: #2456d6 }
* { box-sizing: border-box }
body { min-height: 100vh; margin: 0; display: grid; place-items: center; padding: 1.5rem; background: Canvas; color: CanvasText }
main { width: 100%; max-width: 24rem }
h1 { font-size: 1.4rem; margin: 0 0 .25rem }
p { margin: 0 0 1.25rem; opacity: .75 }
button { display: block; width: 100%; margin: 0 0 .6rem; padding: .75rem 1rem; text-align: left; font: inherit; color: inherit;
  background: transparent; border: 1px solid var(--line); border-radius: .6rem; cursor: pointer }
button:hover, button:focus-visible { border-color: var(--accent); outline: 2px solid var(--accent); outline-offset: -1px }
button small { display: block; opacity: .7 }
label { display: flex; gap: .6rem; align-items: center; margin: 1.1rem 0 }
input { width: 1.1rem; height: 1.1rem; accent-color: var(--accent) }
`;

/** Picks the user to sign in as; posts `user`, and `mfa` when ticked, to where the page came from. */
export function signInPage(secondFactor: boolean): string {
  const users = [...SAMPLE_USERS].map(
    ([id, user]) =>
      `<button name="user" value="${id}">${escapeHtml(user.name)}<small>${escapeHtml(user.summary)}</small></button>`,
  );
  return page(
    "Sign in",
    `<p>The sample users of <b>${SAMPLE_ORGANIZATION}</b>. No password is asked for: this provider is for trying things out.</p>
    <form method="post">
      <label><input type="checkbox" name="mfa" value="true"${secondFactor ? " checked" : ""}> With a second factor</label>
      ${users.join("\n      ")}
    </form>`,
  );
}

/** Signs out without asking: the button was pressed in the console. */
export function signOutPage(form: string): string {
  const confirmed = form.replace("</form>", '<input type="hidden" name="logout" value="yes"></form>');
  return page(
    "Signing out",
    `${confirmed}<noscript><button form="op.logoutForm">Sign out</button></noscript><script>document.forms[0].submit()</script>`,
  );
}

export function signedOutPage(): string {
  return page("Signed out", "<p>You can close this page.</p>");
}

export function errorPage(description: string): string {
  return page("This sign-in cannot go on", `<p>${escapeHtml(description)}</p>`);
}

function page(title: string, content: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title} · Portcullis sample identity provider</title>
<style>${STYLE}</style>
<main>
    <h1>${title}</h1>
    ${content}
</main>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
