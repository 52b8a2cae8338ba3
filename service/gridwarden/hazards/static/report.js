// A report that is refused stays as it was typed, with its photo: only the refusal is put above it. A
// browser does not let a page choose a file again. Without script the whole page comes anew.
(() => {
  const form = document.querySelector("form[data-stays]");
  if (!form || !window.fetch || !window.DOMParser) return;
  const button = form.querySelector("button[type=submit]");
  const said = (sentence) => {
    document.querySelector("main > .problem")?.remove();
    const shown = document.createElement("p");
    shown.className = "problem";
    shown.setAttribute("role", "alert");
    shown.textContent = sentence;
    form.before(shown);
    shown.scrollIntoView({ block: "center" });
  };
  const marked = (page) => {
    for (const field of form.elements) {
      const wrong = field.id && page.getElementById(field.id)?.getAttribute("aria-invalid");
      field.toggleAttribute("aria-invalid", false);
      if (wrong) field.setAttribute("aria-invalid", wrong);
    }
    form.querySelector("[aria-invalid]")?.focus({ preventScroll: true });
  };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    try {
      const answer = await fetch(form.action, { method: "POST", body: new FormData(form) });
      if (answer.redirected) return location.assign(answer.url);
      const text = await answer.text();
      const page = new DOMParser().parseFromString(text, "text/html");
      if (page.querySelector("form[data-stays]")) {
        said(page.querySelector("main > .problem")?.textContent ?? form.dataset.failed);
        marked(page);
      } else {
        document.open();
        document.write(text);
        document.close();
      }
    } catch {
      said(form.dataset.failed);
    }
    button.disabled = false;
  });
})();
