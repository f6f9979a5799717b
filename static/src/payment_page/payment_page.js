/** @odoo-module ignore **/
// The payment form: the amount on the button, another amount within its limits, no double submit.
// Without this file the form works just the same; the server checks everything again.
(() => {
    "use strict";

    const form = document.getElementById("ep-pay");
    if (!form) {
        return;
    }
    const button = form.querySelector("button[type=submit]");
    const buttonText = form.querySelector("[data-pay-text]");
    const other = form.querySelector(".ep-other");
    const input = other?.querySelector("input");
    const error = other?.querySelector("#ep-amount-error > span");
    const decimalPoint = other?.dataset.decimalPoint || ".";
    const thousandsSeparator = other?.dataset.thousandsSep ?? (decimalPoint === "." ? "," : ".");
    const [decimal, grouping] = decimalPoint === "," ? [",", "."] : [".", ","];
    const decimals = Number(other?.dataset.decimals ?? 2);
    let byPointer = false;

    /** The number that was typed, or NaN when it is not clear which: as parse_amount of the server. */
    function parseAmount(text) {
        const typed = text.replace(other.dataset.symbol, "").replace(/[\s'’]/g, "");
        const whole = `\\d{1,3}(?:[${grouping}]\\d{3})+|\\d{1,12}`;
        const fraction = decimals > 0 ? `(?:[${decimal}](\\d{0,${decimals}})|[${grouping}](\\d{1,2}))?` : "";
        const match = typed.match(new RegExp(`^(${whole})${fraction}$`));
        return match
            ? Number(`${match[1].replaceAll(grouping, "")}.${match[2] || match[3] || 0}`)
            : NaN;
    }

    function formatAmount(number) {
        const [whole, fraction] = number.toFixed(decimals).split(".");
        const grouped = whole.replace(/\B(?=(\d{3})+$)/g, thousandsSeparator);
        const plain = fraction ? grouped + decimalPoint + fraction : grouped;
        const { symbol, symbolPosition } = other.dataset;
        return symbolPosition === "after" ? `${plain}\u00a0${symbol}` : `${symbol}\u00a0${plain}`;
    }

    function currentChoice() {
        return form.querySelector("input[name=choice]:checked, input[name=choice][type=hidden]");
    }

    const isOther = () => currentChoice()?.value === "other";

    /** The amount as a number when "another amount" is chosen and within its limits, else NaN. */
    function validOther() {
        const amount = parseAmount(input.value);
        const inside = amount >= Number(other.dataset.min) && amount <= Number(other.dataset.max);
        return inside ? amount : NaN;
    }

    function showError(shown) {
        error.hidden = !shown;
        input.setAttribute("aria-invalid", String(shown));
    }

    function refreshButton() {
        const choice = currentChoice();
        let label = choice?.dataset.amount;
        if (isOther()) {
            const amount = validOther();
            label = Number.isNaN(amount) ? null : formatAmount(amount);
        }
        buttonText.textContent = label
            ? form.dataset.payLabel.replace("%s", () => label)
            : buttonText.dataset.plain;
    }

    function unlock() {
        button.removeAttribute("aria-disabled");
        form.removeAttribute("aria-busy");
        refreshButton();
    }

    function onSubmit(event) {
        if (form.getAttribute("aria-busy")) {
            event.preventDefault();
            return;
        }
        if (isOther()) {
            const amount = validOther();
            showError(Number.isNaN(amount));
            if (Number.isNaN(amount)) {
                event.preventDefault();
                input.focus();
                return;
            }
            input.value = amount.toFixed(decimals).replace(".", decimal);
        }
        form.setAttribute("aria-busy", "true");
        button.setAttribute("aria-disabled", "true");
        buttonText.textContent = form.dataset.busyLabel;
    }

    buttonText.dataset.plain = buttonText.textContent.trim();
    form.addEventListener("submit", onSubmit);
    form.addEventListener("change", (event) => {
        refreshButton();
        if (byPointer && event.target.name === "choice" && isOther()) {
            input.focus();
        }
    });
    // The arrow keys walk through the choices and must not be taken into the field.
    form.addEventListener("pointerdown", () => (byPointer = true));
    form.addEventListener("keydown", () => (byPointer = false));
    input?.addEventListener("input", () => {
        if (!error.hidden) {
            showError(Number.isNaN(validOther()));
        }
        refreshButton();
    });
    input?.addEventListener("blur", () => {
        if (isOther() && input.value) {
            showError(Number.isNaN(validOther()));
        }
    });
    const refusal = form.querySelector("[role=alert]");
    if (refusal) {
        form.querySelector(".ep-card").scrollIntoView({ block: "center" });
        refusal.focus({ preventScroll: true });
    }
    // Also fires when the browser brings the page back from its history, with the fields as left.
    window.addEventListener("pageshow", unlock);
})();
