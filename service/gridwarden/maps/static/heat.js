// The words of the heat page. Folium drew the cells from numbers; texts come from the JSON beside
// it and are only ever put in with textContent, so that a name is shown and never run.
(function () {
  "use strict";
  var data = JSON.parse(document.getElementById("heat-data").textContent);
  var map = window.map_heat, cells = window.geo_json_cells, words = data.words;

  function element(tag, text, parent, className) {
    var made = document.createElement(tag);
    if (text !== undefined && text !== null) made.textContent = String(text);
    if (className) made.className = className;
    if (parent) parent.appendChild(made);
    return made;
  }

  function table(rows, parent) {
    var made = element("table", null, parent);
    var head = element("tr", null, element("thead", null, made));
    ["family", "severity", "certainty", "n"].forEach(function (name) {
      element("th", words[name], head, name === "n" ? "number" : "");
    });
    var body = element("tbody", null, made);
    rows.forEach(function (row) {
      var line = element("tr", null, body);
      row.forEach(function (value, place) {
        element("td", value, line, place === 3 ? "number" : "");
      });
    });
  }

  function popup(cell) {
    var box = element("div", null, null, "cell-popup");
    element("h2", cell.title, box);
    element("p", words.measure + ": " + cell.value, box);
    if (cell.rows.length) table(cell.rows, box);
    else if (!cell.count && !cell.withheld) element("p", words.none, box);
    if (cell.worst.length) {
      element("p", words.worst, box, "quiet");
      var list = element("ol", null, box);
      cell.worst.forEach(function (one) {
        var item = element("li", one[0], list);
        element("span", " " + one[1], item, "quiet");
      });
    }
    if (cell.note) element("p", cell.note, box, "quiet");
    if (cell.href) {
      var link = element("a", words.list, element("p", null, box));
      link.href = cell.href;
    }
    return box;
  }

  if (!map || !cells) return;
  // on a phone a popup reaches the corner where the buttons stand, and controls lie over popups
  if (map.getSize().x < 600) map.zoomControl.setPosition("bottomright");
  L.control.scale({ imperial: false }).addTo(map);

  // North and mark lie over the cells and under the popups, and stay where they are: what lies in
  // the map's own stack moves with it, so each move is taken back.
  var furniture = document.querySelector(".furniture");
  function stay() {
    var size = map.getSize();
    furniture.style.width = size.x + "px";
    furniture.style.height = size.y + "px";
    L.DomUtil.setPosition(furniture, map.containerPointToLayerPoint([0, 0]));
  }
  map.createPane("furniture").appendChild(furniture);
  map.getPane("furniture").style.zIndex = 680;
  map.getPane("furniture").style.pointerEvents = "none";
  map.on("move viewreset resize zoomend", stay);
  stay();

  var byNumber = {}, found = L.featureGroup();
  cells.eachLayer(function (layer) {
    var cell = data.cells[layer.feature.id];
    byNumber[layer.feature.id] = layer;
    layer.bindPopup(function () { return popup(cell); }, { maxWidth: Math.min(400, map.getSize().x - 70) });
    layer.on("mouseover", function () { layer.setStyle({ weight: 2.4, color: "#1F2933" }); });
    layer.on("mouseout", function () { cells.resetStyle(layer); });
    // districts are few: one that is empty or withheld is shown, too
    if (cell.count || !data.side) found.addLayer(layer);
  });
  window.geo_json_cells.gridwarden = byNumber;

  function fit() {
    var some = found.getLayers().length ? found : cells;
    map.fitBounds(some.getBounds(), { padding: [14, 14], animate: false, maxZoom: 16 });
  }

  // A number stands in its cell from the zoom where numbers fit; districts carry their name, too.
  // The greatest has most digits: it goes first, and a smaller one that it would touch gives way.
  var labels = L.layerGroup().addTo(map), figure = {};
  Object.keys(byNumber).forEach(function (number) {
    figure[number] = parseFloat(data.cells[number].value.replace(/,/g, "")) || 0;
  });
  var greatestFirst = Object.keys(byNumber).sort(function (a, b) { return figure[b] - figure[a]; });
  function label() {
    labels.clearLayers();
    var view = map.getBounds(), taken = [];
    greatestFirst.forEach(function (number) {
      var layer = byNumber[number], cell = data.cells[number], box = layer.getBounds();
      if (!view.intersects(box) || (!cell.count && data.side)) return;
      var a = map.latLngToContainerPoint(box.getNorthWest());
      var b = map.latLngToContainerPoint(box.getSouthEast());
      var room = Math.min(b.x - a.x, (b.y - a.y) * 1.6);
      if (room < 24 || (!data.side && room < 8 + 7 * cell.value.length)) return;
      var middle = layer.getCenter ? layer.getCenter() : box.getCenter();
      var at = map.latLngToContainerPoint(middle), half = 1 + 3.5 * cell.value.length;
      if (data.side && taken.some(function (one) {
        return Math.abs(one.x - at.x) < one.half + half && Math.abs(one.y - at.y) < 13;
      })) return;
      taken.push({ x: at.x, y: at.y, half: half });
      var box2 = document.createElement("div");
      box2.className = "cell-number risk-" + cell.risk + (data.side ? "" : " named");
      box2.textContent = data.side ? cell.value : cell.title + " " + cell.value;
      var size = data.side ? [40, 16] : [110, 34];
      box2.style.width = size[0] + "px";
      box2.style.height = size[1] + "px";
      L.marker(middle, {
        interactive: false, keyboard: false,
        icon: L.divIcon({ html: box2, className: "", iconSize: size })
      }).addTo(labels);
    });
  }

  map.on("moveend", label);
  fit();
  label();

  document.querySelectorAll("[data-cell]").forEach(function (button) {
    button.addEventListener("click", function () {
      var layer = byNumber[button.getAttribute("data-cell")];
      if (!layer) return;
      map.fitBounds(layer.getBounds(), { maxZoom: data.side ? 15 : 13, animate: false });
      layer.openPopup();
      document.querySelector(".map-ground").scrollIntoView({ block: "nearest" });
    });
  });
  function refit() { map.closePopup(); map.invalidateSize({ pan: false }); fit(); label(); }
  window.addEventListener("beforeprint", refit);
  window.addEventListener("afterprint", refit);
  document.documentElement.setAttribute("data-map", "drawn");
})();
