import type { Child, FC } from "hono/jsx";
import { Icon } from "./icons.tsx";

interface Props {
  title: string;
  /** What it is, for screen readers. */
  label: string;
  secret: string;
  /** What it is called when it is downloaded. */
  file: string;
  /** Where one goes on once it is stored, and is led to when the page is loaded again. */
  onward: string;
  /** What is said with it. */
  text: Child;
  children?: Child;
}

/** A secret that is shown this once, with no way on but through the acknowledgement that it is stored. */
export const SecretOnce: FC<Props> = ({ title, label, secret, file, onward, text, children }) => (
  <div class="secret" data-once={onward}>
    <h1>
      <Icon name="key" /> {title}
    </h1>
    <p>{text}</p>
    <p class="secret-value">
      <code id="secret" tabindex={0} aria-label={label}>
        {secret}
      </code>
    </p>
    <p class="secret-actions">
      <button type="button" data-copy="secret" hidden>
        <Icon name="copy" /> Copy
      </button>
      <button type="button" class="secondary outline" data-download={file} hidden>
        <Icon name="download" /> Download
      </button>
      <span id="said" role="status"></span>
    </p>
    {children}
    <form method="get" action={onward} data-acknowledge="">
      <label>
        <input type="checkbox" required /> I have stored it in a safe place
      </label>
      <button>Done</button>
    </form>
  </div>
);
