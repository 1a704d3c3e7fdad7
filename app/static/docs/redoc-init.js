"use strict";
Redoc.init(
  new URL("openapi.json", window.location.href).href,
  { disableSearch: true }, // its index would be built in a worker from a blob
  document.getElementById("redoc"),
);
