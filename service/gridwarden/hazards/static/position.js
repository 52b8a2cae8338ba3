// "Where I am" fills in the position. Browsers tell it by https (or on the machine itself) alone;
// elsewhere the button is not shown, and the position is typed, or the grid is picked.
(() => {
  const button = document.querySelector("button[data-position]");
  const field = document.querySelector("#position");
  if (!button || !field || !window.isSecureContext || !navigator.geolocation) return;
  const said = document.querySelector("[data-said]");
  const words = button.dataset;
  button.hidden = false;
  button.addEventListener("click", () => {
    said.textContent = words.waiting;
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        field.value = `${coords.longitude.toFixed(6)}, ${coords.latitude.toFixed(6)}`;
        said.textContent = words.done.replace("0", String(Math.round(coords.accuracy)));
      },
      () => { said.textContent = words.failed; field.focus(); },
      { enableHighAccuracy: true, timeout: 20000, maximumAge: 30000 },
    );
  });
})();
