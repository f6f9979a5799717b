/** @odoo-module ignore **/
// How the pages read and write amounts. First in the bundle: the other files use it.
// A `format` is the dataset of an element: decimals, symbol, symbolPosition, decimalPoint,
// thousandsSep.
window.epAmounts = {
    /** The number that was typed, or NaN when it is not clear which: as parse_amount of the server. */
    parse(text, format) {
        const decimals = Number(format.decimals);
        const [decimal, grouping] = format.decimalPoint === "," ? [",", "."] : [".", ","];
        const typed = text.replace(format.symbol, "").replace(/[\s'’]/g, "");
        const whole = `\\d{1,3}(?:[${grouping}]\\d{3})+|\\d{1,12}`;
        const fraction = decimals > 0 ? `(?:[${decimal}](\\d{0,${decimals}})|[${grouping}](\\d{1,2}))?` : "";
        const match = typed.match(new RegExp(`^(${whole})${fraction}$`));
        return match
            ? Number(`${match[1].replaceAll(grouping, "")}.${match[2] || match[3] || 0}`)
            : NaN;
    },

    write(number, format) {
        const point = format.decimalPoint || ".";
        const [whole, fraction] = number.toFixed(Number(format.decimals)).split(".");
        const grouped = whole.replace(/\B(?=(\d{3})+$)/g, format.thousandsSep ?? "");
        const plain = fraction ? grouped + point + fraction : grouped;
        return format.symbolPosition === "after"
            ? `${plain}\u00a0${format.symbol}`
            : `${format.symbol}\u00a0${plain}`;
    },
};
