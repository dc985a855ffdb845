// Draws the API's reference from its own description.
const place = document.getElementById("reference");
window.SwaggerUIBundle({ url: place.dataset.url, domNode: place, deepLinking: true, validatorUrl: null });
