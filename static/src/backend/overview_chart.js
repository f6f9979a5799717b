import { loadBundle } from "@web/core/assets";
import { cookie } from "@web/core/browser/cookie";
import { getColor, getCustomColor } from "@web/core/colors/colors";
import { deserializeDate } from "@web/core/l10n/dates";
import { humanNumber } from "@web/core/utils/numbers";
import { formatMonetary } from "@web/views/fields/formatters";
import { Component, onWillStart, useEffect, useRef } from "@odoo/owl";

const scheme = cookie.get("color_scheme");
const GRID_COLOR = getCustomColor(scheme, "#d8dadd", "#3C3E4B");
const LABEL_COLOR = getCustomColor(scheme, "#111827", "#E4E4E4");

/** The color of each method, in the chart and beside its name. */
export function methodColor(index, count) {
    return getColor(index, scheme, count);
}

/** What was collected on each day, or in each month, by method. */
export class OverviewChart extends Component {
    static template = "email_pay.OverviewChart";
    static props = { buckets: Array, methods: Array, currencyId: Number, onOpen: Function };

    setup() {
        this.canvas = useRef("canvas");
        onWillStart(() => loadBundle("web.chartjs_lib"));
        useEffect(
            () => {
                const chart = new Chart(this.canvas.el, this.config);
                return () => chart.destroy();
            },
            () => [this.props.buckets, this.props.methods]
        );
    }

    get config() {
        const { buckets, methods } = this.props;
        return {
            type: "bar",
            data: {
                labels: buckets.map(({ unit, first }) =>
                    deserializeDate(first).toFormat(unit === "day" ? "d MMM" : "MMM yyyy")
                ),
                datasets: methods.map(({ label, amounts }, index) => ({
                    label,
                    data: amounts,
                    backgroundColor: methodColor(index, methods.length),
                    maxBarThickness: 40,
                })),
            },
            options: {
                maintainAspectRatio: false,
                animation: false,
                interaction: { mode: "nearest", axis: "x", intersect: true },
                onClick: (_ev, [bar]) =>
                    bar && this.props.onOpen(methods[bar.datasetIndex], buckets[bar.index]),
                plugins: { legend: { display: false }, tooltip: { callbacks: { label: this.tooltip } } },
                scales: { x: this.axis(), y: this.axis({ callback: (value) => humanNumber(value) }) },
            },
        };
    }

    get tooltip() {
        const { currencyId } = this.props;
        return ({ dataset, raw }) => `${dataset.label}: ${formatMonetary(raw, { currencyId })}`;
    }

    axis(ticks = {}) {
        return {
            stacked: true,
            beginAtZero: true,
            grid: { color: GRID_COLOR, display: "callback" in ticks },
            border: { color: GRID_COLOR },
            ticks: { color: LABEL_COLOR, maxRotation: 0, autoSkipPadding: 16, ...ticks },
        };
    }
}
