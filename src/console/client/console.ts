/** What makes pages nicer where there are scripts. Every page works without. */

import { showBusy } from "./busy.ts";
import { tellChartValues } from "./chart.ts";
import { sendWhenConnected } from "./connection.ts";
import { keepForms, restoreForms } from "./keep-forms.ts";
import { checkAsOneTypes } from "./live-form.ts";
import { narrowLists } from "./narrow.ts";
import { offerPrinting } from "./print.ts";
import { hashPastedKeys, searchByKeyboard } from "./search.ts";
import { guardSecret } from "./secret.ts";
import { chooseRows } from "./select.ts";
import { sendForm, sendInPlace } from "./send-in-place.ts";
import { switchThemeAtOnce } from "./theme.ts";
import { showTimes, showTimesInZone } from "./times.ts";
import { askBeforeLosing, noteForms } from "./unsaved.ts";

switchThemeAtOnce();
showTimesInZone();
tellChartValues();
// Before what is done for forms that are on their way.
hashPastedKeys();
sendWhenConnected();
keepForms();
showBusy();
searchByKeyboard();
narrowLists();
askBeforeLosing();
sendInPlace(beginAnswer);

beginPage();
noteForms(false);
// After the forms are ready, which take part in it.
restoreForms((form, data) => sendForm(form, data, beginAnswer));

/** For what a page has, whether it was loaded or is the answer to a form. */
function beginPage(): void {
  checkAsOneTypes();
  guardSecret();
  offerPrinting();
  chooseRows();
}

function beginAnswer(): void {
  showTimes();
  beginPage();
  noteForms(true);
}
