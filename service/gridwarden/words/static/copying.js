// A button "Copy" after everything marked data-copy. Plain http has no navigator.clipboard, so the
// text is selected in a field and copied as Ctrl+C would; where that is refused, too, it stays
// marked and the button says what to press.
(() => {
  const words = document.currentScript.dataset;

  function text(element) {
    return "value" in element ? element.value : element.innerText.trim();
  }

  function byCommand(value) {
    const field = document.createElement("textarea");
    field.value = value;
    field.readOnly = true;
    field.className = "copied";
    document.body.append(field);
    field.select();
    let done = false;
    try { done = document.execCommand("copy"); } catch { /* refused: told below */ }
    field.remove();
    return done;
  }

  function mark(element) {
    if ("select" in element) { element.focus(); element.select(); return; }
    const range = document.createRange();
    range.selectNodeContents(element);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
  }

  async function copy(element, button) {
    const value = text(element);
    let done = false;
    if (window.isSecureContext && navigator.clipboard) {
      done = await navigator.clipboard.writeText(value).then(() => true, () => false);
    }
    done ||= byCommand(value);
    if (!done) mark(element);
    button.textContent = done ? words.done : words.byHand;
    if (done) button.focus();
  }

  for (const element of document.querySelectorAll("[data-copy]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "link copy no-print";
    button.textContent = words.label;
    button.setAttribute("aria-live", "polite");
    button.addEventListener("click", () => copy(element, button));
    element.after(" ", button);
  }
})();
