const settings = JSON.parse(document.getElementById("settings").textContent);
const language = navigator.language.slice(0, 2);
const words = WORDS[language] || WORDS.en;
const $ = (id) => document.getElementById(id);
const digits = (text) => text.replace(/\D/g, "");

/* --- cards ------------------------------------------------------------------------------------ */

const BRANDS = [
    { name: "Visa", starts: /^4/, groups: [4, 4, 4, 4, 3], cvv: 3 },
    { name: "Mastercard", starts: /^(5[1-5]|2[2-7])/, groups: [4, 4, 4, 4], cvv: 3 },
    { name: "American Express", starts: /^3[47]/, groups: [4, 6, 5], cvv: 4 },
    { name: "Discover", starts: /^6/, groups: [4, 4, 4, 4], cvv: 3 },
];
const NO_BRAND = { name: "", groups: [4, 4, 4, 4, 3], cvv: 3 };
const brandOf = (number) => BRANDS.find((brand) => brand.starts.test(number)) || NO_BRAND;

function luhnValid(number) {
    let sum = 0;
    [...number].reverse().forEach((digit, place) => {
        const value = Number(digit) * (place % 2 ? 2 : 1);
        sum += value > 9 ? value - 9 : value;
    });
    return /^\d{12,19}$/.test(number) && sum % 10 === 0;
}

function grouped(number) {
    const groups = [];
    for (const length of brandOf(number).groups) {
        groups.push(number.slice(0, length));
        number = number.slice(length);
    }
    return groups.filter(Boolean).join(" ");
}

function future(exp) {
    const month = Number(exp.slice(0, 2));
    const end = new Date(2000 + Number(exp.slice(2)), month, 1);
    return /^\d{4}$/.test(exp) && month >= 1 && month <= 12 && end > new Date();
}

const checks = {
    number: (value) => (luhnValid(digits(value)) ? "" : words.badNumber),
    exp: (value) => (future(digits(value)) ? "" : words.badExp),
    cvv: (value) => (/^\d{3,4}$/.test(value) ? "" : words.badCvv),
};

/* --- typing ----------------------------------------------------------------------------------- */

/* Reformat while typing, and leave the caret behind the same digit. */
function reformat(input, format) {
    const before = digits(input.value.slice(0, input.selectionStart)).length;
    input.value = format(digits(input.value));
    let caret = 0;
    for (let seen = 0; seen < before && caret < input.value.length; caret++) {
        seen += /\d/.test(input.value[caret]);
    }
    if (before === digits(input.value).length) {
        caret = input.value.length;
    }
    input.setSelectionRange(caret, caret);
}

function expiry(value) {
    if (/^[2-9]/.test(value)) {
        value = "0" + value;
    }
    return value.length > 2 ? value.slice(0, 2) + " / " + value.slice(2, 4) : value;
}

function typed(input) {
    if (input.id === "number") {
        reformat(input, grouped);
        showBrand(digits(input.value));
    } else if (input.id === "exp") {
        reformat(input, expiry);
    } else {
        reformat(input, (value) => value);
    }
    if (input.getAttribute("aria-invalid")) {
        validate(input);
    }
}

const MARKS = {
    Visa: [["path", { d: "M0 0h38v24H0z", fill: "#1a3a8f" }], ["text", { x: 19, y: 16, fill: "#fff" }, "VISA"]],
    Mastercard: [
        ["path", { d: "M0 0h38v24H0z", fill: "#f3f1ec" }],
        ["circle", { cx: 15.5, cy: 12, r: 7, fill: "#d8322f" }],
        ["circle", { cx: 22.5, cy: 12, r: 7, fill: "#f0a02c", "fill-opacity": 0.85 }],
    ],
    "American Express": [["path", { d: "M0 0h38v24H0z", fill: "#2671b9" }], ["text", { x: 19, y: 16, fill: "#fff" }, "AMEX"]],
    Discover: [["path", { d: "M0 0h38v24H0z", fill: "#f3f1ec" }], ["circle", { cx: 19, cy: 12, r: 7, fill: "#e8772e" }]],
    "": [
        ["path", { d: "M0 0h38v24H0z", fill: "#e3e6ec" }],
        ["path", { d: "M0 6h38v4H0z", fill: "#c3c9d4" }],
        ["path", { d: "M5 16h10v2H5z", fill: "#c3c9d4" }],
    ],
};

function showBrand(number) {
    const { name, cvv } = brandOf(number);
    $("brand").replaceChildren(...MARKS[name].map(([tag, attributes, text]) => {
        const shape = document.createElementNS("http://www.w3.org/2000/svg", tag);
        Object.entries(attributes).forEach(([key, value]) => shape.setAttribute(key, value));
        shape.textContent = text || "";
        return shape;
    }));
    $("cvv").placeholder = cvv === 4 ? "1234" : "123";
}

function validate(input) {
    const problem = checks[input.id](input.value);
    const note = $(input.id + "-error");
    note.textContent = problem;
    note.hidden = !problem;
    if (problem) {
        input.setAttribute("aria-invalid", "true");
    } else {
        input.removeAttribute("aria-invalid");
    }
    return !problem;
}

/* --- paying ----------------------------------------------------------------------------------- */

const inputs = ["number", "exp", "cvv"].map($);
const answer = (message) => parent.postMessage(message, settings.origin || "*");
const cancel = () => answer({ canceled: true });

async function submit(event) {
    event.preventDefault();
    const wrong = inputs.filter((input) => !validate(input));
    if (wrong.length) {
        wrong[0].focus();
        return;
    }
    busy(true);
    try {
        answer(await createToken());
    } catch {
        fail(words.failed);
        busy(false);
    }
}

async function createToken() {
    const response = await fetch("/token/create", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({
            key: settings.key,
            number: digits($("number").value),
            exp: digits($("exp").value),
            cvv: $("cvv").value,
        }),
    });
    if (!response.ok) {
        throw new Error(response.status);
    }
    return response.json();
}

function busy(is) {
    $("pay").disabled = is;
    $("pay").classList.toggle("busy", is);
    $("pay-text").textContent = is ? words.wait : payText();
}

function fail(text) {
    $("failure").textContent = text;
    $("failure").hidden = false;
}

/* --- words and money -------------------------------------------------------------------------- */

function money() {
    if (!settings.price) {
        return "";
    }
    if (!/^[A-Z]{3}$/.test(settings.currency || "")) {
        return settings.price;
    }
    const format = { style: "currency", currency: settings.currency };
    return new Intl.NumberFormat(navigator.language, format).format(settings.price);
}

function payText() {
    return settings.price ? words.payAmount.replace("{amount}", money()) : words.pay;
}

function hint([name, number]) {
    const item = document.createElement("li");
    const button = document.createElement("button");
    const label = document.createElement("span");
    const shown = document.createElement("code");
    button.type = "button";
    label.textContent = words[name];
    shown.textContent = grouped(number);
    button.append(label, shown);
    button.addEventListener("click", () => fill(number));
    item.append(button);
    return item;
}

function fill(number) {
    const year = String((new Date().getFullYear() + 3) % 100).padStart(2, "0");
    const values = { number, exp: "12" + year, cvv: "999" };
    for (const input of inputs) {
        input.value = values[input.id];
        typed(input);
        validate(input);
    }
    $("pay").focus();
}

function show() {
    document.documentElement.lang = WORDS[language] ? language : "en";
    document.querySelectorAll("[data-word]").forEach((element) => {
        element.textContent = words[element.dataset.word];
    });
    $("close").setAttribute("aria-label", words.close);
    $("close").title = words.close;
    $("merchant").textContent = settings.merchant || "";
    $("mark").textContent = (settings.merchant || "?").slice(0, 1).toUpperCase();
    $("amount").textContent = money();
    $("amount").hidden = !settings.price;
    $("hints").append(...Object.entries(settings.hints).map(hint));
    showBrand("");
    busy(false);
    if (!settings.merchant) {
        fail(words.noMerchant);
        $("pay").disabled = true;
    }
}

show();
$("form").addEventListener("submit", submit);
$("close").addEventListener("click", cancel);
inputs.forEach((input) => input.addEventListener("input", () => typed(input)));
inputs.forEach((input) => input.addEventListener("change", () => validate(input)));
document.addEventListener("keydown", (event) => event.key === "Escape" && cancel());
// A frame may not take the focus by itself: the page around gives it, once it is loaded.
addEventListener("focus", () => document.activeElement === document.body && $("number").focus());
