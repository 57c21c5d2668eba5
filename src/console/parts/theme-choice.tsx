import type { FC } from "hono/jsx";
import { CONSOLE } from "../paths.ts";
import { THEMES, type Theme } from "../theme.ts";
import { Icon } from "./icons.tsx";

const LOOKS = {
  system: { label: "Theme of the device", icon: "screen" },
  light: { label: "Light theme", icon: "sun" },
  dark: { label: "Dark theme", icon: "moon" },
} as const;

/** Light, dark, or as the device has it. */
export const ThemeChoice: FC<{ theme: Theme; path: string; labelled?: boolean }> = ({
  theme,
  path,
  labelled = false,
}) => (
  <form class="themes" method="post" action={`${CONSOLE}/theme`} data-theme-choice>
    <input type="hidden" name="return" value={path} />
    {THEMES.map((each) => (
      <button
        class="plain"
        name="theme"
        value={each}
        aria-label={labelled ? undefined : LOOKS[each].label}
        title={LOOKS[each].label}
        aria-pressed={each === theme ? "true" : "false"}
      >
        <Icon name={LOOKS[each].icon} />
        {labelled && LOOKS[each].label}
      </button>
    ))}
  </form>
);
