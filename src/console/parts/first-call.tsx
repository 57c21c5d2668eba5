import type { FC } from "hono/jsx";
import type { FirstCall } from "../key-form/first-call.ts";
import { Icon } from "./icons.tsx";

interface Props {
  call: FirstCall;
  secret: string;
  /** The origin of the gateway, as far as the console knows it. */
  origin: string;
  /** Whether pages of this origin may call it. */
  isHere: boolean;
}

/** A first call with a new key: to be tried at once, to be copied, and in code. */
export const FirstCallCard: FC<Props> = ({ call, secret, origin, isHere }) => {
  const url = origin + call.path;
  const method = call.method === "GET" ? "" : `-X ${call.method} `;
  return (
    <section class="first-call" aria-labelledby="first-call">
      <h2 id="first-call">Use it</h2>
      <pre class="snippet">
        <code id="curl" data-holds-secret="" tabindex={0}>
          {`curl ${method}-H 'Authorization: Bearer ${secret}' '${url}'`}
        </code>
      </pre>
      <p class="secret-actions">
        <button type="button" class="secondary outline" data-copy="curl" hidden>
          <Icon name="copy" /> Copy the command
        </button>
        {isHere && call.isReady && (
          <button type="button" class="secondary outline" data-try={call.path} hidden>
            <Icon name="play" /> Try it now
          </button>
        )}
      </p>
      <div id="try-answer" role="status"></div>
      {SNIPPETS.map(({ name, code }) => (
        <details name="code">
          <summary>{name}</summary>
          <pre class="snippet">
            <code tabindex={0}>{code(call.method, url)}</code>
          </pre>
        </details>
      ))}
      <p class="soft">The code reads the key from the environment variable API_KEY.</p>
    </section>
  );
};

const SNIPPETS: readonly { name: string; code: (method: string, url: string) => string }[] = [
  {
    name: "JavaScript",
    code: (method, url) => `const answer = await fetch("${url}", {
  method: "${method}",
  headers: { Authorization: \`Bearer \${process.env.API_KEY}\` },
});
console.log(answer.status, await answer.json());`,
  },
  {
    name: "Python",
    code: (method, url) => `import os
import urllib.request

request = urllib.request.Request(
    "${url}",
    method="${method}",
    headers={"Authorization": f"Bearer {os.environ['API_KEY']}"},
)
with urllib.request.urlopen(request) as answer:
    print(answer.status, answer.read().decode())`,
  },
  {
    name: "Go",
    code: (method, url) => `package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
)

func main() {
	request, err := http.NewRequest("${method}", "${url}", nil)
	if err != nil {
		panic(err)
	}
	request.Header.Set("Authorization", "Bearer "+os.Getenv("API_KEY"))
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		panic(err)
	}
	defer answer.Body.Close()
	body, _ := io.ReadAll(answer.Body)
	fmt.Println(answer.StatusCode, string(body))
}`,
  },
];
