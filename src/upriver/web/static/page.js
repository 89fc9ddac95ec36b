// @ts-check
/**
 * Small comforts of every page: "/" goes to the search field, Escape leaves it.
 *
 * Markup it expects: an `input#find`.
 */

const find = /** @type {HTMLInputElement | null} */ (document.getElementById("find"));

/** @param {EventTarget | null} target */
function takesText(target) {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !takesText(event.target)) {
    event.preventDefault();
    find?.focus();
    find?.select();
  }
  if (event.key === "Escape" && event.target === find) find?.blur();
});
