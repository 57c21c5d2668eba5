import { rmSync, writeFileSync } from "node:fs";
import type { Browser } from "../../support/browser.ts";

/** A picture of a page, and how large it is, in CSS pixels. */
export interface Picture {
  readonly name: string;
  readonly file: string;
  readonly width: number;
  readonly height: number;
}

const SHEET = { width: 1240, height: 980 };
/** Above each is its name. */
const CAPTION = 20;
const GAP = 8;

/**
 * Tiles pictures on as many sheets as it takes, to be looked at together: each as wide as `width`, one that is higher than
 * a sheet in slices side by side, but for what is beyond `slices`. `path` is what the sheets' names begin with.
 */
export async function makeSheets(
  browser: Browser,
  path: string,
  pictures: readonly Picture[],
  { width, slices }: { readonly width: number; readonly slices: number },
): Promise<void> {
  const columns = columnsOf(pictures.flatMap((picture) => slicesOf(picture, width).slice(0, slices)));
  const perSheet = Math.floor((SHEET.width + GAP) / (width + GAP));
  const page = await browser.newPage({ viewport: SHEET });
  for (let i = 0; i < columns.length; i += perSheet) {
    const html = `${path}.html`;
    const divs = columns.slice(i, i + perSheet).map((column) => `<div>${column.join("")}</div>`);
    writeFileSync(html, `<!doctype html><style>${STYLE}</style>${divs.join("")}`);
    await page.goto(`file://${html}`);
    await page.screenshot({ path: `${path}-${String(i / perSheet + 1).padStart(2, "0")}.png` });
    rmSync(html);
  }
  await page.close();
}

const STYLE = `
  body { display: flex; align-items: start; gap: ${GAP}px; margin: 0; background: #b58; }
  figure { margin: 0; font: 11px/${CAPTION}px sans-serif; color: #fff; }
  i { display: block; background-repeat: no-repeat; }
`;

interface Slice {
  readonly html: string;
  readonly height: number;
}

function slicesOf(picture: Picture, width: number): Slice[] {
  const whole = (picture.height * width) / picture.width;
  const room = SHEET.height - CAPTION;
  return Array.from({ length: Math.ceil(whole / room) }, (_, i) => {
    const height = Math.min(room, whole - i * room);
    const style = [
      `width:${width}px`,
      `height:${height}px`,
      `background-image:url('file://${picture.file}')`,
      `background-size:${width}px ${whole}px`,
      `background-position:0 ${-i * room}px`,
    ];
    const html = `<figure>${picture.name}<i style="${style.join(";")}"></i></figure>`;
    return { html, height: height + CAPTION };
  });
}

/** One below the other as long as there is room. */
function columnsOf(slices: readonly Slice[]): string[][] {
  const columns: string[][] = [];
  let left = 0;
  for (const { html, height } of slices) {
    if (height <= left) columns.at(-1)?.push(html);
    else columns.push([html]);
    left = (height <= left ? left : SHEET.height) - height;
  }
  return columns;
}
