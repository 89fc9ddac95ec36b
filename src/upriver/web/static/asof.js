// @ts-check
/**
 * Show the day that the slider stands at while it moves, and the page of that day when it is let go.
 *
 * Markup it expects: a `form.asof` with an `input[type=range]` of days from today and an `input[type=date]`.
 */

for (const form of document.querySelectorAll("form.asof")) {
  const slider = form.querySelector("input[type=range]");
  const date = form.querySelector("input[type=date]");
  if (!(form instanceof HTMLFormElement) || !(slider instanceof HTMLInputElement) || !(date instanceof HTMLInputElement)) continue;
  slider.addEventListener("input", () => {
    const today = Date.parse(date.max);
    date.value = slider.value === "0" ? "" : new Date(today + Number(slider.value) * 86_400_000).toISOString().slice(0, 10);
    slider.setAttribute("aria-valuetext", date.value || "now");
  });
  slider.addEventListener("change", () => form.requestSubmit());
}
