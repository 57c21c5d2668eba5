import { placeOf, percent, startOf, ticksOf } from "../chart-ticks.ts";
import { whenZoneChanges, zone } from "./times.ts";
import { required } from "../../core/required.ts";

const SVG = "http://www.w3.org/2000/svg";

/** Tells the numbers of a bar where one points, and by the arrow keys. */
export function tellChartValues(): void {
  for (const figure of document.querySelectorAll<HTMLElement>("[data-chart]")) new Chart(figure).start();
}

class Chart {
  readonly #plot: SVGElement;
  readonly #ticks: SVGElement;
  readonly #stepS: number;
  readonly #values: Element;
  readonly #bars: readonly SVGGElement[];
  #at: number;

  constructor(figure: HTMLElement) {
    this.#plot = required(figure.querySelector<SVGElement>("[data-plot]"), "plot");
    this.#ticks = required(figure.querySelector<SVGElement>("[data-step]"), "ticks");
    this.#stepS = Number(this.#ticks.dataset["step"]);
    this.#values = required(figure.querySelector(".values"), "place for values");
    this.#bars = [...figure.querySelectorAll<SVGGElement>("[data-values]")];
    this.#at = this.#bars.length - 1;
  }

  start(): void {
    const plot = this.#plot;
    // A slider says its value wherever it is moved to, which is what arrow keys do here.
    plot.setAttribute("role", "slider");
    plot.setAttribute("aria-valuemin", "1");
    plot.setAttribute("aria-valuemax", `${this.#bars.length}`);
    plot.setAttribute("tabindex", "0");
    this.#inZone();
    whenZoneChanges(() => this.#inZone());
    for (const title of plot.querySelectorAll("title")) title.remove();
    plot.addEventListener("pointermove", (event) => this.#point(event));
    plot.addEventListener("pointerdown", (event) => this.#point(event));
    plot.addEventListener("focus", () => this.#show(this.#at));
    plot.addEventListener("keydown", (event) => this.#step(event));
  }

  #point({ clientX }: PointerEvent): void {
    const { left, width } = this.#plot.getBoundingClientRect();
    this.#show(Math.floor(((clientX - left) / width) * this.#bars.length));
  }

  #step(event: KeyboardEvent): void {
    const last = this.#bars.length - 1;
    const to = { ArrowLeft: this.#at - 1, ArrowRight: this.#at + 1, Home: 0, End: last }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.#show(to);
  }

  #show(index: number): void {
    this.#at = Math.min(Math.max(index, 0), this.#bars.length - 1);
    this.#note();
    for (const [i, bar] of this.#bars.entries()) bar.classList.toggle("shown", i === this.#at);
    this.#values.textContent = this.#plot.getAttribute("aria-valuetext");
    this.#values.classList.remove("soft");
  }

  /** Days begin, and hours are called, as in the zone in which times are shown. */
  #inZone(): void {
    this.#note();
    const starts = this.#bars.map(({ dataset }) => dataset["start"] ?? "");
    const ticks = ticksOf(starts, this.#stepS, zone());
    this.#ticks.replaceChildren(
      ...ticks.flatMap((tick) => [
        drawn("rect", { x: percent(tick.left), width: "1", height: "5" }),
        drawn("text", placeOf(tick), tick.text),
      ]),
    );
  }

  #note(): void {
    const { start = "", values = "" } = this.#bars[this.#at]?.dataset ?? {};
    this.#plot.setAttribute("aria-valuenow", `${this.#at + 1}`);
    this.#plot.setAttribute("aria-valuetext", `${startOf(start, this.#stepS, zone())}: ${values}`);
  }
}

function drawn(name: "rect" | "text", attributes: Readonly<Record<string, string>>, text = ""): SVGElement {
  const element = document.createElementNS(SVG, name);
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
  element.textContent = text;
  return element;
}
