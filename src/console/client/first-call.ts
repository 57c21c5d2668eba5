/** Longer answers are cut off. */
const SHOWN = 2000;

/** Calls the API with the new key and shows what it answers. */
export function offerFirstCall(secret: string): void {
  const button = document.querySelector<HTMLButtonElement>("button[data-try]");
  const place = document.querySelector("#try-answer");
  if (button === null || place === null) return;
  button.addEventListener("click", () => {
    button.setAttribute("aria-busy", "true");
    void call(button.dataset["try"] ?? "/", secret).then((answer) => {
      button.removeAttribute("aria-busy");
      place.replaceChildren(...answer);
      return answer;
    });
  });
}

async function call(path: string, secret: string): Promise<Element[]> {
  const startedAt = performance.now();
  try {
    const headers = { Authorization: `Bearer ${secret}` };
    const answer = await fetch(path, { headers, credentials: "omit", cache: "no-store" });
    const text = await answer.text();
    const ms = Math.round(performance.now() - startedAt);
    const kind = answer.ok ? "good" : "bad";
    return [line(kind, `${answer.status} after ${ms} ms`), body(pretty(text))];
  } catch {
    return [line("bad", "There was no answer: is there a connection?")];
  }
}

function line(kind: "good" | "bad", text: string): Element {
  const element = document.createElement("b");
  element.className = `answer ${kind}`;
  element.textContent = text;
  return element;
}

function body(text: string): Element {
  const element = document.createElement("pre");
  element.className = "snippet";
  element.tabIndex = 0;
  element.textContent = text.length > SHOWN ? `${text.slice(0, SHOWN)}\n…` : text;
  return element;
}

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
