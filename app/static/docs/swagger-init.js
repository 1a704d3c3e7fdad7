"use strict";
// Relative to the page, so that the pages also work behind a path prefix.
window.ui = SwaggerUIBundle({
  url: new URL("openapi.json", window.location.href).href,
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null, // no outgoing call
  tryItOutEnabled: false,
  requestInterceptor: (request) => {
    if (request.url.includes("/admin/")) {
      request.headers["X-Requested-With"] = "docs"; // no form can send it
    }
    return request;
  },
});
