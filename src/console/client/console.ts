/** What makes pages nicer where there are scripts. Every page works without. */

import { showBusy } from "./busy.ts";
import { keepForms } from "./keep-forms.ts";
import { switchThemeAtOnce } from "./theme.ts";

switchThemeAtOnce();
keepForms();
showBusy();
