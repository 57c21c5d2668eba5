/** What makes pages nicer where there are scripts. Every page works without. */

import { showBusy } from "./busy.ts";
import { tellChartValues } from "./chart.ts";
import { sendWhenConnected } from "./connection.ts";
import { keepForms } from "./keep-forms.ts";
import { checkAsOneTypes } from "./live-form.ts";
import { offerPrinting } from "./print.ts";
import { hashPastedKeys, searchByKeyboard } from "./search.ts";
import { guardSecret } from "./secret.ts";
import { chooseRows } from "./select.ts";
import { switchThemeAtOnce } from "./theme.ts";
import { showTimesInZone } from "./times.ts";

switchThemeAtOnce();
showTimesInZone();
tellChartValues();
// Before what is done for forms that are on their way.
hashPastedKeys();
sendWhenConnected();
// Before forms are filled in again, which they take part in.
checkAsOneTypes();
keepForms();
showBusy();
guardSecret();
offerPrinting();
chooseRows();
searchByKeyboard();
