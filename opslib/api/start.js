"use strict";
(async () => {
  const session = await fetch("/api/session", { credentials: "same-origin" });
  const token = session.ok ? (await session.json()).csrf_token : "";
  window.ui = SwaggerUIBundle({
    url: "/api/openapi.json",
    dom_id: "#ui",
    deepLinking: false,
    queryConfigEnabled: false,
    validatorUrl: null,
    tryItOutEnabled: true,
    requestInterceptor: (request) => {
      if (token && new URL(request.url, location.href).origin === location.origin) {
        request.headers["X-CSRF-Token"] = token;
      }
      return request;
    },
  });
})();
