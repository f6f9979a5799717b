/** @odoo-module ignore **/
// The driver of the NMI family's window, Collect.js: its lightbox asks for the card and answers
// with a one-time token. A driver is a function(options) that returns {open()}.
(() => {
    "use strict";

    window.emailPayCardWindows = window.emailPayCardWindows || {};

    window.emailPayCardWindows.collectjs = ({ price, currency, onToken }) => {
        const { CollectJS } = window;
        CollectJS.configure({
            variant: "lightbox",
            price,
            currency,
            callback: (response) => onToken(response.token),
        });
        return { open: () => CollectJS.startPaymentRequest() };
    };
})();
