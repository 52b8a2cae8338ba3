// A list by keyboard: arrows go from row to row, Space ticks, Enter opens; and one box ticks all.
(() => {
  for (const table of document.querySelectorAll("table[data-list]")) {
    const rows = [...table.querySelectorAll("tbody tr")];
    const target = (row) => row.querySelector("input[type=checkbox], a[href]");
    table.addEventListener("keydown", (event) => {
      const row = event.target.closest("tbody tr");
      const at = rows.indexOf(row);
      if (at < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
      if (event.target.matches("input:not([type=checkbox]), select, textarea")) return;
      const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
      if (to !== undefined && rows[to]) {
        target(rows[to])?.focus();
        event.preventDefault();
      } else if (event.key === "Enter" && event.target.matches("input[type=checkbox]")) {
        const link = row.querySelector("a[href]");
        if (link) { link.click(); event.preventDefault(); }
      }
    });
  }
  for (const said of document.querySelectorAll("input[data-columns]")) {
    const boxes = [...said.form.querySelectorAll("input[data-column]")];
    said.form.addEventListener("change", () => {
      said.value = boxes.filter((box) => box.checked).map((box) => box.dataset.column).join(",");
    });
  }
  for (const all of document.querySelectorAll("input[data-all]")) {
    const boxes = () => document.querySelectorAll(`input[name="${all.dataset.all}"]`);
    const count = () => {
      const said = document.querySelector("[data-count]");
      const n = [...boxes()].filter((box) => box.checked).length;
      if (said) said.textContent = said.dataset.count.replace("0", String(n));
    };
    all.addEventListener("change", () => {
      for (const box of boxes()) box.checked = all.checked;
      count();
    });
    document.addEventListener("change", count);
    count();
  }
})();
