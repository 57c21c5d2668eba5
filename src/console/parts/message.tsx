import type { FC } from "hono/jsx";
import { Icon, type IconName } from "./icons.tsx";

interface MessageProps {
  icon: IconName;
  title: string;
  text: string;
  /** Where to go on, and what that is called. */
  onward?: { label: string; href: string };
  /** Finds the request in the logs. */
  requestId?: string;
}

/** One thing to say, and where to go on. */
export const Message: FC<MessageProps> = ({ icon, title, text, onward, requestId }) => (
  <>
    <Icon name={icon} />
    <h1>{title}</h1>
    <p>{text}</p>
    {onward && (
      <a role="button" href={onward.href}>
        {onward.label}
      </a>
    )}
    {requestId && (
      <p class="soft">
        Request <code>{requestId}</code>
      </p>
    )}
  </>
);
