/** @odoo-module ignore **/
// Goes on to the gateway's page by itself, but not for a customer who just came back from it.
(() => {
    "use strict";

    const form = document.querySelector("#ep-handover form");
    const navigation = performance.getEntriesByType("navigation")[0];
    if (form && navigation?.type !== "back_forward") {
        // A field named "submit" would hide the method of the form itself.
        HTMLFormElement.prototype.submit.call(form);
    }
})();
