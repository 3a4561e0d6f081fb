// Starts Swagger UI; a file of its own, because the page's policy allows no inline script.
window.addEventListener("load", () => {
  const base = document.body.dataset.base;
  window.SwaggerUIBundle({
    url: `${base}/openapi.json`,
    dom_id: "#swagger-ui",
    deepLinking: true,
    validatorUrl: null,
    tryItOutEnabled: true,
  });
});
