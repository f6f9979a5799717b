"use strict";

const REFRESH = 2000;

async function control(method, address, content) {
    const response = await fetch(address, {
        method,
        headers: { "Content-Type": "application/json" },
        body: method === "POST" ? JSON.stringify(content ?? {}) : undefined,
    });
    const answer = await response.json();
    if (!response.ok) {
        throw new Error(answer.error);
    }
}

/* Take the new contents of every [data-refresh], and keep what the reader unfolded. */
async function refresh() {
    const response = await fetch(location.href);
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    const parts = fresh.querySelectorAll("[data-refresh]");
    document.querySelectorAll("[data-refresh]").forEach((part, index) => {
        localTimes(parts[index]);
        const unfolded = [...part.querySelectorAll("details")].map((details) => details.open);
        parts[index].querySelectorAll("details").forEach((details, place) => {
            details.open = unfolded[place] ?? false;
        });
        if (part.innerHTML !== parts[index].innerHTML && !part.contains(document.activeElement)) {
            part.replaceChildren(...parts[index].childNodes);
        }
    });
}

function localTimes(root) {
    const today = new Date().toDateString();
    for (const element of root.querySelectorAll("time")) {
        const time = new Date(element.dateTime);
        const dateStyle = time.toDateString() === today ? undefined : "medium";
        element.textContent = time.toLocaleString(undefined, { dateStyle, timeStyle: "medium" });
    }
}

async function press(button) {
    button.disabled = true;
    try {
        await control(button.dataset.method, button.dataset.address);
    } catch (error) {
        alert(error.message);
    }
    button.disabled = false;
    button.blur();
    await refresh();
}

async function addFault(form) {
    const values = new FormData(form);
    const problem = form.querySelector(".problem");
    problem.hidden = true;
    try {
        await control("POST", form.dataset.address, {
            kind: values.get("kind"),
            operations: values.get("operations") ? [values.get("operations")] : [],
            times: Number(values.get("times")),
            seconds: Number(values.get("seconds")),
            copies: Number(values.get("copies")),
            charged: values.has("charged"),
        });
    } catch (error) {
        problem.textContent = error.message;
        problem.hidden = false;
    }
    await refresh();
}

/* A mail's frame is as high as the mail. */
function fit(frame) {
    const measure = () => {
        frame.style.height = "0";
        const height = frame.contentDocument?.documentElement.scrollHeight;
        frame.style.height = height ? `${height + 2}px` : "";
    };
    frame.addEventListener("load", measure);
    addEventListener("resize", measure);
    measure();
}

document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-address]");
    if (button) {
        press(button);
    }
});
document.addEventListener("submit", (event) => {
    event.preventDefault();
    addFault(event.target);
});
document.querySelectorAll("iframe.letter").forEach(fit);
localTimes(document);
if (document.querySelector("[data-refresh]")) {
    setInterval(() => document.hidden || refresh().catch(() => {}), REFRESH);
}
